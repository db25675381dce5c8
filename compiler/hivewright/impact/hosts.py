"""What a change does to a host itself: the files that its boot, its services and the runtime read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from hivewright.impact.calls import Call, difference, read_calls
from hivewright.impact.consequence import INSTALL, Consequence, Finding, Needs
from hivewright.impact.networks import Outage, compare_networks, read_networks
from hivewright.impact.seeds import Pair

ETC = "root/usr/local/etc/"
HOST_CONF = f"{ETC}hivewright/host.conf"
LOADER = "root/boot/loader.conf.d/"
IOVCTL = f"{ETC}hivewright/iovctl/"
_RC = f"{ETC}rc.conf.d/"

RELOADS = {
    f"{ETC}devd/hivewright.conf": "service devd restart",
    f"{ETC}hivewright/pf.conf": "pfctl -a hivewright -f /usr/local/etc/hivewright/pf.conf",
    f"{ETC}hivewright/ipfw.rules": "service ipfw restart",
    f"{ETC}hivewright/dnsmasq.conf": "service dnsmasq restart",
}
"""Files that a service reads when it starts, and what makes it read them again; what each file says at its top."""

_IDLE = "interface=lo0"
"""What the file for dnsmasq(8) says when no guest is served: as much as a file that is not there."""

_IN_ORDER = ("pf.conf", "ipfw.rules")
"""Files of which the order of lines counts."""


def compare_host(files: Mapping[str, Pair]) -> Iterator[Finding | Outage]:
    """All that a change means for a host, of which these files differ, by path below its folder."""
    for path, pair in sorted(files.items()):
        if path == HOST_CONF:
            yield from compare_conf(*map(read_calls, pair))
        elif path.startswith(LOADER):
            yield from _loader(*pair)
        elif path.startswith(IOVCTL):
            continue  # who has its functions matters too
        elif _said(path, pair[0]) != _said(path, pair[1]):
            yield _service(path, pair)


def _said(path: str, content: bytes | None) -> object:
    """What a file says without comments; without the order of its statements too, where that has no meaning."""
    lines = [line for line in statements(content) if line != _IDLE]
    return lines if path.endswith(_IN_ORDER) else Counter(lines)


def statements(content: bytes | None) -> list[str]:
    """The statements of a file without comments: lines, and blocks in braces as one."""
    found: list[str] = []
    block: list[str] = []
    for line in (content or b"").decode("utf-8", "replace").splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.endswith("{"):
            block = [text]
        elif block and text.startswith("}"):
            found.append(" ".join([block[0], *sorted(block[1:]), text]))
            block = []
        elif block:
            block.append(text)
        else:
            found.append(text)
    return found + block


def _service(path: str, pair: Pair) -> Finding:
    keys = tuple(_sections(*pair)) or (path.removeprefix(ETC).removeprefix("hivewright/"),)
    if path.startswith(_RC):
        service = path.removeprefix(_RC).partition("/")[0]
        needs = _reload(f"service {service} restart")
        return Finding(Consequence.RELOAD, (f"rc.conf.d/{service}",), f"{service} has other settings", needs)
    command = RELOADS.get(path)
    reason = f"{path.removeprefix('root')} differs"
    return Finding(Consequence.RELOAD, keys, reason, _reload(command) if command is not None else INSTALL)


def _reload(command: str) -> Needs:
    return Needs(reload=(command,))


def _sections(old: bytes | None, new: bytes | None) -> Iterator[str]:
    """The networks of which a fragment says something else: its sections bear their names."""
    before, after = _by_section(old), _by_section(new)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name) and name.isalnum():
            yield f"network.{name}"


def _by_section(content: bytes | None) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    title = ""
    for line in (content or b"").decode("utf-8", "replace").splitlines():
        if line.startswith("# "):
            title = line[2:]
        elif line:
            sections.setdefault(title, []).append(line)
    return sections


def _loader(old: bytes | None, new: bytes | None) -> Iterator[Finding]:
    before, after = (dict(line.partition("=")[::2] for line in statements(each)) for each in (old, new))
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    idle = tuple(name for name in changed if name.endswith("_load") and name not in after)
    if idle:
        yield Finding(Consequence.NOTHING, idle, "modules that nothing needs any more stay until a reboot", INSTALL)
    names = tuple(name for name in changed if name not in idle)
    if names:
        reason = f"loader.conf has another value for {', '.join(names)}"
        yield Finding(Consequence.HOST_REBOOT, names, reason, Needs(reboot=True))


def compare_conf(old: list[Call], new: list[Call]) -> Iterator[Finding | Outage]:
    """Modules, settings and networks of host.conf; what it says of guests is of ``compare_order``."""
    yield from compare_networks(read_networks(old), read_networks(new))
    found = difference(_of(old, "modules", "setting"), _of(new, "modules", "setting"))
    for call in found.new:
        yield from _setting(call, old)


def _setting(call: Call, old: Iterable[Call]) -> Iterator[Finding]:
    if call.verb == "modules":
        known = {word for other in old if other.verb == "modules" for word in other.words}
        added = [word for word in call.words if word not in known]
        if added:
            reason = f"the modules {', '.join(added)} are loaded"
            yield Finding(Consequence.RELOAD, tuple(added), reason, Needs(networks_up=True))
    elif call.words[:1] == ("expect",):
        text = f"set {call.words[1]} to {call.words[2]} (INVENTORY.md says where)"
        yield Finding(Consequence.RELOAD, call.words[1:2], f"{call.words[1]} has to be set", Needs(by_hand=(text,)))
    else:
        reason = f"{call.words[1]} is raised to {call.words[2]}"
        yield Finding(Consequence.RELOAD, call.words[1:2], reason, Needs(networks_up=True))


def _of(calls: Iterable[Call], *verbs: str) -> list[Call]:
    return [call for call in calls if call.verb in verbs]


def compare_order(old: list[Call], new: list[Call]) -> Iterator[tuple[str, Finding]]:
    """Guests of which host.conf says otherwise when they start; nothing follows before the host boots."""
    before, after = _guests(old), _guests(new)
    for vm in sorted(before.keys() & after.keys()):
        keys = [key for key in after[vm].keys() | before[vm].keys() if before[vm].get(key) != after[vm].get(key)]
        if keys:
            names = dict.fromkeys(_KEYS.get(key, key) for key in sorted(keys))
            reason = "the next start of all guests follows it" if keys != ["tags"] else "hivectl follows it"
            yield vm, Finding(Consequence.NOTHING, tuple(names), reason, INSTALL)


_KEYS = {"ready_timeout": "ready", "home": "hosts", "wave": "order"}


def _guests(calls: Iterable[Call]) -> dict[str, dict[str, str]]:
    wave, guests = "", {}
    for call in calls:
        if call.verb == "wave":
            wave = call.words[0].partition(".")[0] if call.words else ""
        elif call.verb == "vm" and call.words:
            guests[call.words[0]] = {"wave": wave, **dict(word.partition("=")[::2] for word in call.words[1:])}
    return guests


def compare_functions(files: Mapping[str, Pair]) -> Iterator[tuple[str, Finding]]:
    """Devices that make other virtual functions, which they can only when no guest has one: (device, finding)."""
    for path, pair in sorted(files.items()):
        if path.startswith(IOVCTL) and Counter(statements(pair[0])) != Counter(statements(pair[1])):
            device = path.removeprefix(IOVCTL).removesuffix(".conf")
            reason = f"{device} makes other virtual functions"
            needs = _reload("service iovctl restart")
            yield device, Finding(Consequence.INTERRUPTION, (f"sriov.{device}",), reason, needs)
