"""The programs of the site's own that a VM names: its hooks, what says that it is ready, and what events run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from hivewright.model.guest import MOMENTS, READINESS_TIMEOUT, Hook

if TYPE_CHECKING:
    from hivewright.model.vm import Vm

READINESS = "readiness"
EVENT = "event-"


class Program(NamedTuple):
    """A program of a VM: the folder that it has on a host, the key below the VM that names it, and its terms."""

    moment: str
    path: tuple[str | int, ...]
    hook: Hook

    @property
    def key(self) -> str:
        """The key for people, without the number of one in a list."""
        return ".".join(word for word in self.path if isinstance(word, str))


def programs(vm: Vm) -> Iterator[Program]:
    """All of them; those of one moment stand together, in their order."""
    for moment in MOMENTS if vm.hooks.model_fields_set else ():
        for number, hook in enumerate(getattr(vm.hooks, moment)):
            yield Program(moment, ("hooks", moment, number), hook)
    if vm.ready is not None and vm.ready.hook is not None:
        yield Program(
            READINESS, ("ready", "hook"), Hook.model_validate({"file": vm.ready.hook, "timeout": READINESS_TIMEOUT})
        )
    for name, event in sorted(vm.event.items()):
        if event.hook is not None:
            yield Program(f"{EVENT}{name}", ("event", name, "hook"), event.hook)
