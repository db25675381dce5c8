"""Values below keys that are written with dots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def value(keys: Mapping[str, Any], path: str) -> object:
    """What a table has at ``nic.lan.network``; None where it has nothing there."""
    for part in path.split("."):
        if part not in keys:
            return None
        keys = keys[part]
    return keys
