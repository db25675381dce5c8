"""Guests of which a program of the site's own says whether they are ready."""
