"""One guest: its machine, and the bhyve command as a whole. Entrance: ``guest``."""
