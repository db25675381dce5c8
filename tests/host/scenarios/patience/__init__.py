"""Guests whose start waits for what may come: a pool, a key, a route, an interface, an image, a directory."""
