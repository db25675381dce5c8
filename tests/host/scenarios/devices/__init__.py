"""Guests with devices that need more than a path."""
