"""Where the data lies that ships with hivewright: ``templates`` and ``profiles``."""

from __future__ import annotations

from pathlib import Path


def data_directory(name: str) -> Path:
    """The folder ``name``: below the package in an installed wheel, at the top of the checkout otherwise."""
    package = Path(__file__).resolve().parent
    packaged = package / "data" / name
    return packaged if packaged.is_dir() else package.parent.parent / name
