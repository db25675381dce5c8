"""Rules about devices of guests."""
