"""Networks of each kind, taps that stay, and variables of sysctl(8)."""
