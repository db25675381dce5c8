"""Hooks: what can be refused."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.diagnostics import Diagnostic
from hivewright.model.guest import MAY_REFUSE, MOMENTS
from hivewright.rules.site_index import SiteIndex, diagnose, listed


def refusals(index: SiteIndex) -> Iterator[Diagnostic]:
    """A hook can refuse what comes after it; of what has happened there is nothing to refuse."""
    for name, vm in index.using("hooks"):
        for moment in MOMENTS:
            for number, hook in enumerate(getattr(vm.hooks, moment)):
                if hook.on_failure == "refuse" and moment not in MAY_REFUSE:
                    yield diagnose(
                        "VM111",
                        f"a {moment} hook of {name} cannot refuse anything",
                        index.site.place("vm", name, "hooks", moment, number, "on_failure"),
                        f'write on_failure = "warn", or delete it; hooks that may refuse are those of '
                        f"{listed(each for each in MOMENTS if each in MAY_REFUSE)}",
                    )
