"""Scenarios of guests that left the site, and of what a host has of them."""
