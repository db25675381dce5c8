"""A bridge with several uplinks and several addresses."""
