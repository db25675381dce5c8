"""Where hivewright lies, and the data that ships with it: ``templates``, ``profiles`` and ``man``."""

from __future__ import annotations

from pathlib import Path


def package_directory() -> Path:
    """The folder of the package ``hivewright``."""
    return Path(__file__).resolve().parent.parent


DATA = {"templates": "templates", "profiles": "profiles", "man": "docs/man"}
"""Folders of data, and where they lie in a checkout; build_data.py puts the same into wheels."""


def data_directory(name: str) -> Path:
    """A folder of ``DATA``: below the package in an installed wheel, in the checkout otherwise."""
    package = package_directory()
    packaged = package / "data" / name
    return packaged if packaged.is_dir() else package.parent.parent / DATA[name]
