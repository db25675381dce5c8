"""Disks that left the site, and hivectl disk."""
