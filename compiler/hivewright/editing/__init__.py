"""Edits of the site's TOML that keep comments, order and layout.

Entrances: ``assignment`` (``key=value`` as it is typed), ``document`` (one file that is edited), ``attempt`` (what the
site would be with an edit).
"""
