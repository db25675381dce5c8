"""Rules about the machine of a guest: firmware, CPUs and memory, further arguments, first-boot data."""
