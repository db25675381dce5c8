"""Puts templates/, profiles/ and docs/man/ into the standard wheel as package data.

An editable install finds them in the checkout (``hivewright.system.data``), so it gets none.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class DataHook(BuildHookInterface):  # type: ignore[type-arg]
    """A hatchling build hook (hatch, build hooks: custom)."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            for name, place in (("templates", "templates"), ("profiles", "profiles"), ("man", "docs/man")):
                build_data["force_include"][place] = f"hivewright/data/{name}"
