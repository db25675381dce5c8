"""What a change does to one guest that a host had and has: its command, its disks, its first-boot data, its hooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hivewright.impact.calls import Call, Difference, difference, read_calls
from hivewright.impact.consequence import INSTALL, RESTART, Consequence, Finding, Needs
from hivewright.impact.disks import Disk, compare_disks, read_disks
from hivewright.impact.seeds import Pair, compare_seed
from hivewright.plan import HOOKS_OF_A_START

_OF_NO_START = frozenset(
    ("nic", "hook", "hook_terms", "debugger", "vm", "home", "called", "login_by", "replicate", ".", "{", "}", "begin")
)
"""Calls of a start script on which no start depends. Those of ``home`` are about the hosts of a guest."""


_ASKED = (("prepare", "provisioned"), ("prepare", "owner"), ("prepare", "replica"), ("prepare", "rival"))
"""Steps of a start that ask for something of which other findings tell."""

_PAST = ("renamed_from", "moved_from", "protected", "dataset")
"""Calls of a provision script that make nothing, or what is there already."""

_DEVICES = {
    "seed": "cloud_init",
    "fbuf": "vnc",
    "lpc": "machine",
    "hostbridge": "machine.hostbridge",
    "amd_hostbridge": "machine.hostbridge",
    "xhci": "vnc",
    "vf": "nic",
    "channels": "channel",
    "boot_index": "disk",
    "hooks.prestart": "hooks.prestart",
    "acpi": "machine",
    "halt": "machine",
    "pause": "machine",
}
"""Devices and rules that no key is called like, and the keys of a guest that they follow from."""


class Scripts:
    """The scripts of a guest, each read once, when it is asked for."""

    def __init__(self, files: Mapping[str, Pair]) -> None:
        self._files = files
        self._calls: dict[tuple[str, int], list[Call]] = {}

    def calls(self, name: str, side: int) -> list[Call]:
        """The calls of a script before (0) or after (1)."""
        if (name, side) not in self._calls:
            self._calls[name, side] = read_calls(self._files.get(name, (None, None))[side])
        return self._calls[name, side]

    def disks(self, side: int) -> dict[str, Disk]:
        return read_disks(self.calls("start", side), self.calls("provision", side))


def compare_guest(vm: str, files: Mapping[str, Pair], changed: Iterable[str]) -> list[Finding]:
    """All that a change means for a guest. ``files`` has its scripts whole, ``changed`` names what differs at all."""
    scripts = Scripts(files)
    found = list(_findings(vm, files, scripts, set(changed)))
    if found:
        return found
    made = difference(_of_making(scripts.calls("provision", 0)), _of_making(scripts.calls("provision", 1)))
    if made.old or made.new:
        reason = "what would be made anew would be made otherwise; what is there stays what it is"
        return [Finding(Consequence.NOTHING, made.keys, reason, INSTALL)]
    return [Finding(Consequence.NOTHING, (), "only comments or the order of words differ", INSTALL)]


def _of_making(calls: list[Call]) -> list[Call]:
    """The calls of a provision script without its digest."""
    return [call for call in calls if call.verb != "vm"]


def _findings(vm: str, files: Mapping[str, Pair], scripts: Scripts, names: set[str]) -> Iterator[Finding]:
    if "start" in names or "provision" in names:
        yield from compare_disks(scripts.disks(0), scripts.disks(1), vm)
    if "provision" in names:
        yield from _compare_identity(scripts.calls("provision", 0), scripts.calls("provision", 1), vm)
        yield from _compare_past(scripts.calls("provision", 0), scripts.calls("provision", 1))
    if "start" in names:
        yield from _compare_owner(scripts.calls("start", 0), scripts.calls("start", 1))
        yield from _compare_start(scripts.calls("start", 0), scripts.calls("start", 1))
    if "stop" in names:
        found = difference(scripts.calls("stop", 0), scripts.calls("stop", 1))
        if found.old or found.new:
            yield Finding(Consequence.NOTHING, found.keys, "the next stop follows it", INSTALL)
    yield from compare_seed({name.removeprefix("seed/"): files[name] for name in names if name.startswith("seed/")})
    yield from _compare_hooks(sorted(name for name in names if name.startswith("hooks/")))


def outdated(start: bytes | None, running: str | None) -> Iterator[Finding]:
    """A guest that runs with another definition than the one that its host has."""
    if running is None:
        return
    installed = next((call.words[1] for call in read_calls(start) if call.verb == "vm" and len(call.words) > 1), "")
    if running != installed:
        reason = "it runs with an earlier definition than the one that is installed"
        yield Finding(Consequence.NEXT_BOOT, (), reason, RESTART._replace(install=False))


def _compare_identity(old: list[Call], new: list[Call], vm: str) -> Iterator[Finding]:
    """Disks and state say by its UUID whose they are; older releases did not say it."""
    before, after = (next((call.words[2:] for call in calls if call.verb == "vm"), ()) for calls in (old, new))
    if before and after and before != after:
        adopt = f"once the files are installed, and before {vm} starts: hivectl provision --adopt {vm}"
        reason = f"its disks and state are those of {before[0]}; they are refused to {after[0]} until they are adopted"
        yield Finding(Consequence.NEXT_BOOT, ("uuid",), reason, Needs(off=True, restart=True, by_hand=(adopt,)))


def _compare_past(old: list[Call], new: list[Call]) -> Iterator[Finding]:
    """What a guest was before, whether it is protected, and what its datasets get, only the next provisioning asks."""
    found = difference(*([call for call in calls if call.verb in _PAST] for calls in (old, new)))
    if found.old or found.new:
        yield Finding(Consequence.NOTHING, found.keys, "the next provisioning follows it", INSTALL)


def _compare_owner(old: list[Call], new: list[Call]) -> Iterator[Finding]:
    """A guest of several hosts of which nobody looks any more whose it is could be started by two of them."""
    before, after = (
        any(call.words[:1] == ("owner",) for call in calls if call.verb == "prepare") for calls in (old, new)
    )
    several = any(len(call.words) > 1 for call in new if call.verb == "home")
    if before and not after and several:
        reason = "no start looks any more who owns it, so two hosts could run it at once"
        look = "see by hivectl list on all of its hosts that it runs on one alone"
        yield Finding(Consequence.DATA, ("owner_check",), reason, Needs(by_hand=(look,)))
    elif after and not before and any(call.verb == "home" for call in old):
        yield Finding(Consequence.NOTHING, ("owner_check",), "each start looks who owns it", INSTALL)


def _compare_hooks(names: list[str]) -> Iterator[Finding]:
    for name in names:
        moment = name.split("/")[1]
        if name.removeprefix("hooks/").startswith(HOOKS_OF_A_START):
            yield Finding(Consequence.NEXT_BOOT, (f"hooks.{moment}",), f"{name} is another", RESTART)
        else:
            yield Finding(Consequence.NOTHING, (f"hooks.{moment}",), f"{name} runs from its file", INSTALL)


def _compare_start(old: list[Call], new: list[Call]) -> Iterator[Finding]:
    found = difference(_of_start(old), _of_start(new))
    loaders = [[call for call in calls if call.verb.startswith("loader")] for calls in (old, new)]
    if [call.meaning for call in loaders[0]] != [call.meaning for call in loaders[1]] and not found.keys:
        found = Difference((*found.old, *loaders[0]), (*found.new, *loaders[1]))
    if found.old or found.new:
        yield Finding(Consequence.NEXT_BOOT, tuple(_keys(found)), _reason(found), RESTART)
    told = difference(_told(old), _told(new))
    if told.old or told.new:
        yield Finding(Consequence.NOTHING, told.keys, "hivectl follows it", INSTALL)


def _of_start(calls: list[Call]) -> list[Call]:
    """What a start depends on, disks and what provisioning makes apart, which have findings of their own."""
    return [call for call in calls if call.verb not in _OF_NO_START and (call.verb, *call.words[:1]) not in _ASKED]


def _told(calls: list[Call]) -> list[Call]:
    return [call for call in calls if call.verb in ("nic", "debugger", "called", "login_by", "home")]


def _keys(found: Difference) -> Iterator[str]:
    keys = dict.fromkeys(_DEVICES.get(key, key) for key in found.keys)
    match [call for call in (*found.old, *found.new) if call.verb == "on" and len(call.words) > 2]:
        case [old, new] if old.words[2:] == new.words[2:]:
            keys.pop("restart_limit", None)
        case [old, new] if old.words[1] == new.words[1]:
            keys.pop("on_crash", None)
    yield from keys
    if len({call.words[0] for call in (*found.old, *found.new) if call.verb == "run"}) > 1:
        yield "bhyve"


_SHOWN = 60
"""Characters of a call that are worth showing."""


def _reason(found: Difference) -> str:
    """What differs, where that is one call; else how many."""
    if len(found.old) <= 1 and len(found.new) <= 1:
        before, after = (_short(calls) for calls in (found.old, found.new))
        return f"{before} becomes {after}"
    return f"the start differs in {max(len(found.old), len(found.new))} lines"


def _short(calls: tuple[Call, ...]) -> str:
    if not calls:
        return "nothing"
    text = calls[0].text
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
