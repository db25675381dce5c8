"""Scenarios of guests that want one disk."""
