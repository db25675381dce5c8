"""One guest: its machine, and the bhyve command as a whole. Entrance: ``vm_plan``."""
