"""The numbers that are given by name, and the locks that keep them.

Entrances: ``lock_files`` (all locks of a project), ``allocate`` (numbers for a site), ``lock`` (one lock), ``slots``.
"""
