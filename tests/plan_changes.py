"""A built site of which single words are changed, and what its plan says then."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hivewright.impact.consequence import CODES
from projects import Project


@dataclass(frozen=True, slots=True)
class Plan:
    """A built site, and what its plan says after changes."""

    project: Project

    def change(self, *changes: tuple[str, str], file: str = "site.toml") -> list[dict[str, Any]]:
        """Each text is replaced at its only place; then the plan as JSON."""
        for old, new in changes:
            self.project.edit(file, old, new)
        done = self.project.run("--format", "json", "plan", "--against", str(self.project.root))
        assert done.status in (0, 3), done.err
        found: list[dict[str, Any]] = json.loads(done.out)
        heaviest = max((CODES[each["consequence"]] for each in found), default=0)
        assert done.status == (3 if heaviest else 0)
        return found


def of(found: list[dict[str, Any]], guest: str | None, host: str = "alpha") -> dict[str, Any]:
    """What is said of a guest, or of a host itself."""
    matching = [each for each in found if (each["host"], each["guest"]) == (host, guest)]
    assert len(matching) == 1, found
    return matching[0]


def codes(found: list[dict[str, Any]]) -> dict[str, str]:
    """Guests of alpha, and - for alpha itself, with what follows for them, if anything does."""
    return {
        each["guest"] or "-": each["consequence"]
        for each in found
        if each["host"] == "alpha" and each["consequence"] != "nothing"
    }
