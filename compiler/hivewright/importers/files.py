"""The files of a site that hold what was found; each is new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from hivewright.allocation.lock import Lock
from hivewright.importers.forms import Bridge, Found, Guest, KeyPath, Old, Target
from hivewright.importers.names import site_name
from hivewright.importers.text import table_text

_OWN = ("description", "inherit", "uuid", "host", "disk", "cd", "nic", "passthrough", "share", "channel", "extra_args",
        "autostart", "order", "hooks", "cpus", "memory", "topology", "smbios", "pin", "numa", "debug")  # fmt: skip
"""Keys that are of one guest alone, even where two have the same."""
_LEAST = 2
"""How many keys make a template worth its name."""


class Known(NamedTuple):
    """What the site has already: names of its tables by kind, the keys of networks, and its files."""

    names: Mapping[str, Mapping[str, Any]]
    files: frozenset[str]
    is_new: bool

    def has(self, kind: str) -> Mapping[str, Any]:
        """The tables of a kind by name."""
        return self.names.get(kind, {})


def name_networks(guests: Sequence[Guest], known: Known, others: Sequence[Bridge] = ()) -> dict[str, Bridge]:
    """Networks of the site that are new, by name; NICs get the names of theirs. One that is there already is used."""
    new: dict[str, Bridge] = {}
    for other in others:
        _name_network(other, known, new)
    for guest in guests:
        for key, nic in guest.keys.get("nic", {}).items():
            bridge = guest.old.networks.get(guest.slots[f"nic.{key}"])
            if bridge is not None:
                nic["network"] = _name_network(bridge, known, new)
    return new


def name_storages(guests: Sequence[Guest], known: Known, others: Sequence[Bridge] = ()) -> dict[str, Bridge]:
    """Storages of the site that are new, by name; disks get the names of theirs."""
    new: dict[str, Bridge] = {}
    for other in others:
        if all(keys.get("dataset") != other.keys["dataset"] for keys in known.has("storage").values()):
            new[site_name(other.name, {**known.has("storage"), **new}, "storage")] = other
    for guest in guests:
        for disk, storage in guest.old.storages.items():
            there = {**known.has("storage"), **{name: each.keys for name, each in new.items()}}
            name = next((name for name, keys in there.items() if _same(keys, storage.keys)), None)
            if name is None:
                name = site_name(storage.name, there, "storage")
                new[name] = storage
            guest.keys["disk"][disk] = {"storage": name, **guest.keys["disk"][disk]}
    return new


def _name_network(bridge: Bridge, known: Known, new: dict[str, Bridge]) -> str:
    if bridge.same_name and bridge.name in known.has("network"):
        return bridge.name
    for name, keys in known.has("network").items():
        if _same(keys, bridge.keys):
            return name
    for name, other in new.items():
        if other.keys == bridge.keys:
            return name
    name = site_name(bridge.name, {**known.has("network"), **new}, "net")
    new[name] = bridge
    return name


def _same(keys: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a network of the site is the wanted one, whatever else it says."""
    return all(keys.get(key) == value for key, value in wanted.items())


def take_common(guests: Sequence[Guest], name: str) -> dict[str, Any]:
    """What all guests say alike, taken out of them into a template; nothing where that is not worth it."""
    if len(guests) < 2:
        return {}
    common = dict(_leaves(guests[0].keys))
    for guest in guests[1:]:
        own = dict(_leaves(guest.keys))
        common = {path: value for path, value in common.items() if path in own and own[path] == value}
    if len(common) < _LEAST:
        return {}
    template: dict[str, Any] = {}
    for path, value in common.items():
        table = template
        for part in path[:-1]:
            table = table.setdefault(part, {})
        table[path[-1]] = value
        for guest in guests:
            _take(guest.keys, path)
    for guest in guests:
        head: dict[str, Any] = {key: guest.keys.pop(key) for key in ("description", "host") if key in guest.keys}
        guest.keys = {**head, "inherit": [name], **guest.keys}
    return template


def _leaves(keys: Mapping[str, Any], path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    for key, value in keys.items():
        if not path and key in _OWN:
            continue
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*path, key))
        elif not isinstance(value, Mapping):
            yield (*path, key), value


def _take(keys: dict[str, Any], path: KeyPath) -> None:
    """Takes a key out; a table that is empty then goes too, but for those that switch a device on."""
    first, *rest = path
    if not rest:
        del keys[first]
        return
    _take(keys[first], tuple(rest))
    if not keys[first]:
        del keys[first]


def site_texts(
    found: Found, guests: Sequence[Guest], target: Target, known: Known, address: str | None = None
) -> dict[str, str]:
    """The files by their names below the site."""
    texts: dict[str, str] = {}
    tag = site_name(found.tool.split()[-1], otherwise="imported")
    networks = name_networks(guests, known, found.networks)
    storages = name_storages(guests, known, found.storages)
    template_name = site_name(f"from-{tag}", known.has("template"))
    template = take_common(guests, template_name)
    if known.is_new:
        texts["site.toml"] = '[site]\nname = "site"\n'
    if target.host not in known.has("host"):
        text = _host(target, address, guests, known)
        texts[_free(known, texts, f"hosts/{target.host}.toml")] = text
    elif devices := _devices(guests, known, target.host):
        texts[_free(known, texts, f"hosts/{target.host}-devices.toml")] = "\n".join(
            table_text(("host", target.host, "device", name), {"pci": pci}, {}) for name, pci in devices.items()
        )
    if networks:
        tables = [table_text(("network", name), bridge.keys, {(): bridge.comment}) for name, bridge in networks.items()]
        texts[_free(known, texts, "networks.toml" if known.is_new else f"networks-{tag}.toml")] = "\n".join(tables)
    if storages:
        tables = [
            table_text(("storage", name), storage.keys, {(): storage.comment}) for name, storage in storages.items()
        ]
        texts[_free(known, texts, "storages.toml" if known.is_new else f"storages-{tag}.toml")] = "\n".join(tables)
    if template:
        comment: dict[KeyPath, str] = {(): f"What all guests had that came from {found.tool}."}
        file = "templates.toml" if known.is_new else f"templates-{tag}.toml"
        texts[_free(known, texts, file)] = table_text(("template", template_name), template, comment)
    for guest in guests:
        texts[_free(known, texts, f"vms/{guest.name}.toml")] = _guest(found, guest)
        texts |= guest.old.files
    return texts


def _guest(found: Found, guest: Guest) -> str:
    comments = {**guest.comments, (): f"From {found.tool}: {guest.old.place}"}
    return table_text(("vm", guest.name), guest.keys, comments)


def _host(target: Target, address: str | None, guests: Sequence[Guest], known: Known) -> str:
    keys: dict[str, Any] = {"freebsd": f"{target.release[0]}.{target.release[1]}"}
    if target.arch != "amd64":
        keys["arch"] = target.arch
    if address is not None and address.rpartition("@")[2] != target.host:
        keys["address"] = address.rpartition("@")[2]
    (program, *others) = {guest.old.program for guest in guests}
    if program and not others:
        keys["bhyve"] = program
    devices = _devices(guests, known, target.host)
    text = table_text(("host", target.host), keys, {})
    for name, pci in devices.items():
        text += "\n" + table_text(("host", target.host, "device", name), {"pci": pci}, {})
    return text


def _devices(guests: Sequence[Guest], known: Known, host: str) -> dict[str, str]:
    there = known.has("host").get(host, {}).get("device", {})
    return {name: pci for guest in guests for name, pci in guest.devices.items() if name not in there}


def _free(known: Known, texts: Mapping[str, str], name: str) -> str:
    """A name of a file that is not there yet."""
    stem, _, ending = name.rpartition(".")
    found, number = name, 2
    while found in known.files or found in texts:
        found, number = f"{stem}-{number}.{ending}", number + 1
    return found


def lock_of(guest: Guest, uuid: str) -> Lock:
    """The numbers that the guest has already; a build adds the others."""
    return Lock(str(guest.keys.get("uuid", uuid)), slots=dict(sorted(guest.slots.items())), ports=dict(guest.ports))


def clashing_ports(guests: Sequence[Guest]) -> None:
    """A port of VNC that two guests had, so that they never ran side by side: the second gets one of its own."""
    ports: dict[object, Old] = {}
    for guest in guests:
        vnc = guest.keys.get("vnc")
        if not isinstance(vnc, dict) or "port" not in vnc:
            continue
        first = ports.setdefault(vnc["port"], guest.old)
        if first is not guest.old:
            guest.note(f"port {vnc['port']} of VNC", f"{first.called} has it too; the lock has another one")
            del vnc["port"]
