"""Guests that are debugged, and consoles that are windows of tmux."""
