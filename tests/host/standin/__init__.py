"""What lies inside the sandbox: one server that plays the kernel and the commands, and the clients that call it."""
