"""Disks on iSCSI."""
