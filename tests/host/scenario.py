"""The decorator by which a scenario of the stand-in host is found; docs/internals says how to write one."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .campaign import EVERYDAY
from .sandbox import SHELLS

SCENARIOS = Path(__file__).parent / "scenarios"
SHARES = (*("bash", "busybox") * 3, "bash", "lksh")
"""In which shell a scenario runs besides: lksh takes three times as long as any other to define our functions anew."""


@dataclass(frozen=True)
class Scenario:
    """What the decorator says."""

    host: str
    everyday: bool
    transcript: bool
    settings: dict[str, Any]

    def shells(self, name: str, *, every: bool) -> list[Any]:
        """The shells it runs in, as parameters: the everyday one and another one, by its name; or every."""
        others = [shell for shell in SHELLS if shell != EVERYDAY]
        if not every:
            others = [SHARES[zlib.crc32(name.encode()) % len(SHARES)]]
        marks = [pytest.mark.everyday] if self.everyday else []
        return [pytest.param(EVERYDAY, marks=marks), *others]


def scenario(
    *, host: str = "alpha", everyday: bool = False, transcript: bool = False, **settings: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A scenario on a host of the site beside its module, with settings of the stand-in host (``world.World``).

    everyday: it is part of ``make quick``, in one shell. transcript: every command matters, and golden/ has them.
    """
    marker = pytest.mark.scenario(Scenario(host, everyday, transcript, settings))

    def mark(function: Callable[..., None]) -> Callable[..., None]:
        function.__test__ = True  # type: ignore[attr-defined]
        marked: Callable[..., None] = marker(function)
        return marked

    return mark


def scenario_of(item: Any) -> Scenario | None:
    """What the decorator of a test says; None for any other test."""
    marker = item.get_closest_marker("scenario")
    return marker.args[0] if marker else None
