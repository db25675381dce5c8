"""Files of a host that are not as they were shipped last."""
