"""From a plan to the bytes of its files.

Entrances: ``render`` (a plan to artifacts), ``verify`` (the artifacts read again), ``quote``.
"""
