"""Starts of many guests that are spread over time."""
