"""Several actors: the service, two starts at once, orphans, and what status and list say."""
