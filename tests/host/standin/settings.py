"""The settings of a world, which know whether anybody has asked for them."""

from __future__ import annotations

from typing import Any


class Settings(dict[str, Any]):
    """Settings by name; one that nobody reads is a mistake of the scenario."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.read: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a setting."""
        self.read.add(name)
        return super().get(name, default)

    def unread(self) -> list[str]:
        """Settings that there are not."""
        return sorted(set(self) - self.read)
