"""``python -m hivewright``."""

from hivewright.cli import entry

entry()
