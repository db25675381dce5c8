"""Bridges and their uplinks."""
