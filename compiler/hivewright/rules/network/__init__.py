"""Rules about networks and addresses."""
