"""The stand-in commands behave as those of FreeBSD were seen to behave."""
