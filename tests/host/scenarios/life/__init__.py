"""One guest's life: start, reboot, power-off, crash, stop."""
