"""Disks that are full copies of those of other guests."""
