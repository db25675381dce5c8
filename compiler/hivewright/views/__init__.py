"""A site as people look at it, outside of its files.

Entrance: ``report`` (one page of HTML).
"""
