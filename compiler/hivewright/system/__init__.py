"""Processes, the cache, and the files that ship with hivewright.

Entrances: ``parallel``, ``cache``, ``data``.
"""
