"""Images whose names do not say what they hold."""
