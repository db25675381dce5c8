"""Guests with PCI devices of the host."""
