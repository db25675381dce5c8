"""Guests that are ready when their first boot is over, as docs/first-boot.md shows it."""
