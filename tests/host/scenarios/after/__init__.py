"""Guests that start after others which do not get ready in time."""
