"""The way of the data from a project to its files.

Entrances: ``session`` (a project as it was read, and reporting), ``check_site`` (rules and numbers), ``compile_site``,
``compile_host``, ``fingerprints`` (what a build with nothing to do looks at; loads no other), ``digests``,
``changed_part`` (what of a large site is read when little changed), ``site_memory`` (by which that is known),
``survey`` and ``compile_parts`` (a very large site, part by part).
"""
