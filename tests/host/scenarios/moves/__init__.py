"""Scenarios of guests that were renamed, or moved here from another host."""
