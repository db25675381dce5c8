"""Guests of other tools, read into one neutral form and written as TOML of a site.

A reader finds out which command another tool gives bhyve, and what it knows beside it (``Old``). ``command`` makes keys
of the command by one table, whoever it is from. ``files`` writes them, and ``report`` sets the old command beside the
new one.

Entrances: ``forms`` (what readers make), ``sources`` (which files they read), a module for each tool, ``files``,
``report``.
"""
