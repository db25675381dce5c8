"""The guest agent: what relies on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic, Place
from hivewright.rules.site_index import SiteIndex, diagnose

if TYPE_CHECKING:
    from hivewright.model.vm import Vm
    from hivewright.site import Site


READINESS = ("tcp", "agent", "file", "socket", "hook")
"""Keys of ready that say what it means."""


def agent_is_there(index: SiteIndex) -> Iterator[Diagnostic]:
    for name, vm in index.using("stop", "ready"):
        if vm.agent is not None:
            continue
        for what, place in _reliances(index.site, name, vm):
            yield diagnose(
                "VM096", f"{what} its guest agent, and has no channel for one", place, f"write agent = true at {name}"
            )


def _reliances(site: Site, name: str, vm: Vm) -> Iterator[tuple[str, Place]]:
    if vm.stop.method == "agent":
        yield f"{name} is stopped by", site.place("vm", name, "stop", "method")
    if vm.ready is not None and vm.ready.agent:
        yield f"{name} is ready when it hears from", site.place("vm", name, "ready", "agent")


def one_readiness(index: SiteIndex) -> Iterator[Diagnostic]:
    """What ready means is one thing."""
    for name, vm in index.using("ready"):
        said = [] if vm.ready is None else [key for key in READINESS if getattr(vm.ready, key)]
        if vm.ready is None or len(said) == 1:
            continue
        place = index.site.place("vm", name, "ready", *said[-1:])
        if said:
            words = f"ready of {name} says {', '.join(said[:-1])} and {said[-1]}"
            yield diagnose("VM097", words, place, f"delete all but one of {', '.join(said)}")
        else:
            remedy = 'write tcp = "192.0.2.10:443" with the address of a service, or agent = true'
            yield diagnose("VM097", f"ready of {name} does not say what ready means", place, remedy)
