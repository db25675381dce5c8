"""Verbs of daily operation: those that look, and those that act on a running guest."""
