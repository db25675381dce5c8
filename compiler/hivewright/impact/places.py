"""Where guests are: new ones, those that leave, and those that move, of which two hosts could have one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from hivewright.impact.calls import read_calls
from hivewright.impact.consequence import Consequence, Finding, Needs
from hivewright.impact.disks import read_disks
from hivewright.plan import GUESTS

Makes = Callable[[str, str, int], bytes | None]
"""The provision script of a guest of a host: (host, guest, 0 before or 1 after)."""


class Places(NamedTuple):
    """The guests of each host before and after, and the former names of those that were renamed."""

    old: Mapping[str, set[str]]
    new: Mapping[str, set[str]]
    renamed: Mapping[str, str]

    def before(self, vm: str) -> list[str]:
        return sorted(host for host, guests in self.old.items() if vm in guests)

    def after(self, vm: str) -> list[str]:
        return sorted(host for host, guests in self.new.items() if vm in guests)


def guests_of(paths: Iterable[str]) -> set[str]:
    """The guests that have a start script among files of a host."""
    scripts = (path.removeprefix(GUESTS) for path in paths if path.startswith(GUESTS) and path.endswith("/start"))
    return {script.removesuffix("/start") for script in scripts if script.count("/") == 1}


def home_of(start: bytes | None, host: str) -> tuple[str, ...]:
    """The hosts of a guest, its home first, as its start script on a host says."""
    for call in read_calls(start):
        if call.verb == "home":
            return call.words
        if call.verb == "prepare":
            break
    return (host,) if start is not None else ()


def home_moves(host: str, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Finding]:
    """A guest that a host has before and after, and that may be at home elsewhere or may run on others now."""
    if old[:1] != new[:1]:
        reason = f"its home was {old[0]} and is {new[0]}; until both have the new files, both start it with the host"
        order = f"install the files of {old[0]} before those of {new[0]}"
        yield Finding(Consequence.DATA, ("hosts",), reason, Needs(off=True, restart=new[0] == host, by_hand=(order,)))
    elif set(old) != set(new):
        yield Finding(Consequence.NOTHING, ("hosts",), f"it may run on {', '.join(new)}", Needs())


def arrival(places: Places, host: str, vm: str, makes: Makes) -> Iterator[Finding]:
    """A guest that is new on a host."""
    before, after = places.before(vm), places.after(vm)
    former = places.renamed.get(vm)
    if before:
        asks = any(call.verb == "moved_from" for call in read_calls(makes(host, vm, 1)))
        yield _moved_here(host, vm, before, stays=bool(set(before) & set(after)), asks=asks)
    elif former is not None and former in places.old.get(host, ()):
        reason = f"it was called {former}, whose disks and state it gets"
        yield Finding(Consequence.NEXT_BOOT, ("renamed_from",), reason, Needs(start=True))
    else:
        yield _new(host, vm, _namesake(places, host, vm, makes), has_disks=bool(makes(host, vm, 1)))


def _moved_here(host: str, vm: str, before: list[str], stays: bool, asks: bool) -> Finding:
    """``asks``: its script says that it does not begin anew in silence."""
    others = ", ".join(before)
    if stays:
        reason = f"{host} could have it as well as {others}; disks that hosts do not share start empty here"
        check = f"see that {host} reaches the disks of {vm}, and start it on one host only"
        return Finding(Consequence.DATA, ("hosts",), reason, Needs(by_hand=(check,)))
    reason = f"it moves here from {others}; its disks stay there, and start empty here"
    if asks:
        reason = f"it moves here from {others}, and starts when its disks are here"
    copy = f"stop {vm} on {others}, install the files there, and copy its disks to {host} before it starts here"
    return Finding(Consequence.DATA, ("host",), reason, Needs(start=True, by_hand=(copy,)))


def _new(host: str, vm: str, former: str, has_disks: bool) -> Finding:
    if not former:
        return Finding(
            Consequence.NEXT_BOOT, (f"vm.{vm}",), f"it is new on {host}", Needs(start=True, provision=has_disks)
        )
    reason = f"it is new and {former} is gone: if it is {former} renamed, it starts with empty disks"
    keep = f"take the name {former} back, or see that {vm} shall begin anew"
    return Finding(Consequence.DATA, (f"vm.{vm}",), reason, Needs(start=True, by_hand=(keep,)))


def _namesake(places: Places, host: str, vm: str, makes: Makes) -> str:
    """A guest that left the site from this host with disks of the same names as this one has."""
    wanted = _disks(makes(host, vm, 1))
    claimed = set(places.renamed.values())
    gone = (name for name in sorted(places.old.get(host, ())) if name not in claimed and not places.after(name))
    return next((name for name in gone if wanted and _disks(makes(host, name, 0)) == wanted), "")


def _disks(provision: bytes | None) -> set[str]:
    return set(read_disks((), read_calls(provision)))


def departure(places: Places, host: str, vm: str, homes: tuple[str, ...]) -> Iterator[Finding]:
    """A guest that a host does not have any more."""
    after = places.after(vm)
    heir = next((name for name, former in places.renamed.items() if former == vm), None)
    if heir is not None and places.after(heir):
        reason = f"it is called {heir} from now on, which gets its disks and its state when it starts"
        yield Finding(Consequence.NEXT_BOOT, ("renamed_from",), reason, Needs(off=True))
    elif not after:
        reason = f"it leaves the site; its disks stay, and hivectl disk list {vm} has them"
        yield Finding(Consequence.INTERRUPTION, (f"vm.{vm}",), reason, Needs(off=True))
    elif homes[:1] == (host,):
        reason = f"it moves to {', '.join(after)}; its disks stay here"
        yield Finding(Consequence.DATA, ("host",), reason, Needs(off=True))
    else:
        reason = f"it may not run here any more, only on {', '.join(after)}"
        yield Finding(Consequence.INTERRUPTION, ("hosts",), reason, Needs(off=True))
