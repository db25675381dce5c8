"""A host that is not as it should be, and hooks."""
