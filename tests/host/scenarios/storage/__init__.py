"""Every kind of disk."""
