"""Events of the site's own, and addresses that VMs follow: what devd(8) can tell apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.model.events import OF_THE_SYSTEM, TAKEN, Condition, condition, meet, within
from hivewright.rules.site_index import SiteIndex, diagnose, listed

if TYPE_CHECKING:
    from hivewright.model.events import Event

_SOURCES = ("system", "attach", "detach")
_NAMED = ("system", "subsystem", "type", "device-name")


def one_event(index: SiteIndex) -> Iterator[Diagnostic]:
    """An event is told by one source, and one thing follows."""
    for name, vm in index.using("event"):
        for key, event in vm.event.items():
            fault = _fault(event)
            if fault:
                place = index.site.place("vm", name, "event", key, part="table")
                yield diagnose("VM130", f"the event {key} of {name} {fault[0]}", place, fault[1])


def _fault(event: Event) -> tuple[str, str] | None:
    sources = [key for key in _SOURCES if getattr(event, key)]
    if not sources:
        return "does not say what happens", 'write system = "ACPI", or attach = "da*" for a device that comes'
    if len(sources) > 1:
        return f"says {listed(sources)}, of which one event has one", f"keep one of {listed(sources, 'or')}"
    if sources != ["system"] and (event.subsystem or event.type):
        return f"has {sources[0]} with subsystem or type, which events of devices do not have", "write match instead"
    twice = [variable for variable in event.match if variable in _NAMED]
    if twice:
        return f"says {twice[0]} in match", "write it as a key of its own"
    if (event.action is None) == (event.hook is None):
        said = "says two things that follow" if event.action else "does not say what follows"
        return said, "write action or hook; a hook may call hivectl(8)"
    return None


def events_apart(index: SiteIndex) -> Iterator[Diagnostic]:
    """Of all statements that match an event devd(8) runs one: what can happen at once must stand in one statement. What
    guests of several hosts have in common is told once."""
    yield from dict.fromkeys(_apart(index))


def _apart(index: SiteIndex) -> Iterator[Diagnostic]:
    for vms in index.guests.values():
        found: dict[Condition, tuple[str, str]] = {}
        for name, vm in vms.items():
            for key, event in vm.event.items():
                if _fault(event) is None:
                    found.setdefault(condition(event), (name, key))
        for when, (name, key) in found.items():
            yield from _beside_others(index, when, name, key)
        for first, second in _meetings(list(found)):
            (one, one_key), (other, key) = found[first], found[second]
            yield diagnose(
                "VM131",
                f"the events {one_key} of {one} and {key} of {other} can be one and the same, and devd(8) would "
                "run what follows one of them only",
                index.site.place("vm", other, "event", key, part="table"),
                "write the same values in both, or values that exclude each other",
                [index.site.place("vm", one, "event", one_key, part="table")],
            )


def _meetings(events: Sequence[Condition]) -> Iterator[tuple[Condition, Condition]]:
    """Each event that can be one before it, behind the first such. Two with the same variable exclude each other where
    both of its values are other ones without a star, so events are compared within groups whose values are the same."""
    plain = [{"": each.kind, **{name: value for name, value in each.values if "*" not in value}} for each in events]
    alike: dict[frozenset[str], list[int]] = defaultdict(list)
    for number, values in enumerate(plain):
        alike[frozenset(values)].append(number)
    first: dict[int, int] = {}
    for names, numbers in alike.items():
        for other_names, others in alike.items():
            common = sorted(names & other_names)
            beside: dict[tuple[str, ...], list[int]] = defaultdict(list)
            for other in others:
                beside[tuple(plain[other][name] for name in common)].append(other)
            for number in numbers:
                for other in beside[tuple(plain[number][name] for name in common)]:
                    if other >= first.get(number, number):
                        break
                    if meet(events[other], events[number]):
                        first[number] = other
    for number, other in sorted(first.items()):
        yield events[other], events[number]


def _beside_others(index: SiteIndex, when: Condition, name: str, key: str) -> Iterator[Diagnostic]:
    """Events that statements of FreeBSD or of hivewright act on."""
    place = index.site.place("vm", name, "event", key, part="table")
    taken = next((each for each in TAKEN if meet(when, each)), None)
    if taken is not None:
        yield diagnose(
            "VM131",
            f"the event {key} of {name} can be one on which FreeBSD or hivewright itself acts ({_text(taken)}), which "
            "would not be done any more",
            place,
            "write values that exclude it; what hivewright does then says docs/hooks-and-events.md",
        )
        return
    partly = next((each for each, _ in OF_THE_SYSTEM if meet(when, each) and not within(when, each)), None)
    if partly is not None:
        yield diagnose(
            "VM131",
            f"the event {key} of {name} takes in more than that on which FreeBSD itself acts ({_text(partly)})",
            place,
            f"write the values of {_text(partly)} as well, or values that exclude them",
        )


def _text(when: Condition) -> str:
    return ", ".join(f"{name} {value}" for name, value in when.values)


def carp_and_owner(index: SiteIndex) -> Iterator[Diagnostic]:
    """The address goes from host to host by itself, and the owner of a VM does not."""
    for name, vm in index.using("carp"):
        if vm.carp is not None and len(index.hosts_of[name]) > 1 and vm.owner_check is not False:
            yield diagnose(
                "VM132",
                f"{name} follows the address {vm.carp.place}, which goes from host to host by itself, and may run only "
                "on the host that owns it",
                index.site.place("vm", name, "carp", part="table"),
                "define one VM for each host, or write owner_check = false if all of them reach its disks",
                [index.site.place("vm", name, "hosts")],
            )
