"""One host: its guests, networks and settings. Entrance: ``host_plan``."""
