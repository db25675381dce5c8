"""Consequences of a change: two compiled trees, compared by what they mean for guests, hosts and data.

Entrances: ``trees`` and ``revision`` (what is compared with), ``compare`` (all consequences), ``report`` (how they are
written).
"""
