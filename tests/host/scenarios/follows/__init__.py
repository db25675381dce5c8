"""Guests that follow an address of CARP, and events of the site's own."""
