"""What devd(8) tells: pools, devices, limits."""
