"""From bytes to the output folder.

Entrances: ``compare`` (what a build would change), ``write`` (changing it), ``files`` (single files).
"""
