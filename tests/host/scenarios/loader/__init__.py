"""Guests without a boot ROM."""
