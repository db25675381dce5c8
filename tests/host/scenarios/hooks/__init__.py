"""Hooks: every moment, their terms, what they are told."""
