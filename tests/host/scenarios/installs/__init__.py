"""Disks that are made from images."""
