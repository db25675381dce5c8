"""Where hivewright lies, and the data that ships with it: ``templates`` and ``profiles``."""

from __future__ import annotations

from pathlib import Path


def package_directory() -> Path:
    """The folder of the package ``hivewright``."""
    return Path(__file__).resolve().parent.parent


def data_directory(name: str) -> Path:
    """The folder ``name``: below the package in an installed wheel, at the top of the checkout otherwise."""
    package = package_directory()
    packaged = package / "data" / name
    return packaged if packaged.is_dir() else package.parent.parent / name
