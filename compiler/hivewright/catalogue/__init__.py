"""The catalogue: profiles of guest systems, what is in them, whether they are sound; and images with their checksums.

Others import ``profiles``, ``trial``, ``checksums`` and ``images``.
"""
