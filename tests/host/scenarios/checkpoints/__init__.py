"""Guests that are saved, suspended, and go on from there."""
