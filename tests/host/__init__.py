"""The stand-in host: unchanged built trees run in a sandbox against stand-ins for FreeBSD's commands."""
