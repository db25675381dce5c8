"""``import guest``: what hivectl(8) export wrote of a guest of hivewright.

The archive has the scripts of the guest and not its TOML: that names profiles, templates, users and images which
another site need not have, while the words of the scripts say all that the guest is, whichever release wrote them. So
they are read back, as those of any other command line.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import tarfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from hivewright.importers.forms import Bridge, Found, Old, Remark, UnreadableError
from hivewright.importers.request import Request, RequestError
from hivewright.model.base import NAME_PATTERN
from hivewright.values import format_pci_address, format_size, parse_pci_address

_FIRST = "hivewright export 1"
_STATE = "/var/db/hivewright/"
_SHAPES = {"file": "file [0-7]{3,4} [0-9]+ ([0-9a-f]{64}) (.+)", "outside": "outside [^ ]+ .+"}
"""Lines of a manifest that are read -> what they look like."""
_ENDINGS = {"poweroff": "destroy", "reboot": "restart", "crash": "restart"}
_LEFT_OUT = {
    "limit": ("limits", "write them into the site again"),
    "owner": ("hosts", "it was a guest of several hosts; here it has one"),
    "replica": ("replicate", "no copies of it are kept here before the site says where"),
    "rival": ("hosts", "it was a guest of several hosts; here it has one"),
    "secret": ("secrets", "the host needs their files; see hivewright secrets"),
    "share": ("shares", "the directory is of the host that it came from"),
    "passthrough": ("passthrough", "the device is one of the host that it came from"),
    "bind": ("passthrough", "the device is one of the host that it came from"),
}
"""Steps of a start that are not carried over as they were -> what they are about, and why."""


def read_guest(request: Request) -> Found:
    """The guest of one archive. Raises ``UnreadableError`` where that is damaged, as far as it is read here."""
    if len(request.paths) != 1 or request.root is not None:
        raise RequestError("name one archive of hivectl export, which lies here")
    place = request.paths[0]
    manifest, files = _read(Path(place), place)
    try:
        return _found(place, manifest, files)
    except UnreadableError:
        raise
    except (IndexError, ValueError) as error:
        raise UnreadableError(place, "its scripts have calls that no release of hivewright writes") from error


def _found(place: str, manifest: list[str], files: dict[str, bytes]) -> Found:
    """The guest, from scripts that are whole. Raises ``IndexError`` and ``ValueError`` where calls have other words."""
    start, provision = (files.get(f"guest/{name}", b"").decode() for name in ("start", "provision"))
    facts = dict(line.partition(" ")[::2] for line in manifest)
    name = facts["guest"]
    own, paths = _own_files(name, files)
    old = Old(name, f"{place}, as it was on {facts['host']} at {facts['made']}", _words(start))
    if not old.words:
        raise UnreadableError(place, "its start script has no command of bhyve")
    _read_start(old, start)
    _read_stop(old, files.get("guest/stop", b"").decode())
    _read_disks(old, provision)
    _read_conf(old, facts.get("conf", "").split())
    _read_own(old, paths)
    _take_seed(old, "seed" in provision.split(), f"{own}/user-data" if f"{own}/user-data" in paths else None)
    outside = [line.split(" ", 2) for line in manifest if line.startswith("outside ")]
    old.notes += [Remark(f"disk {each[1]}", f"it is not in the archive: {each[2]}") for each in outside]
    old.leave = (f"hivectl stop {name}  # on {facts['host']}, if it shall not run there any more",)
    return Found(
        "hivectl export",
        [old],
        files=paths,
        after=(f"# ship the site, then on the host: hivectl import {Path(place).name}",),
    )


def rename_guest(found: Found, name: str) -> None:
    """It becomes another guest beside the old one, with numbers of its own."""
    if found.tool != "hivectl export":
        raise RequestError("--as is for hivewright import guest")
    (old,) = found.guests
    if re.fullmatch(r"[a-z][a-z0-9_-]{0,30}", name) is None:
        raise RequestError(f"{name!r} cannot be the name of a guest")
    for disk in old.storages:
        old.keys.pop(("disk", disk, "serial"), None)
    old.called, old.keys["uuid",] = name, None
    for where in (each for each in old.names if each in old.networks or each in old.nics):
        old.keys["nic", old.names[where], "mac"] = None
        _take_interface(old, where, name)
        addresses = [key for key in old.nics.get(where, {}) if key in ("ipv4", "ipv6")]
        for key in addresses:
            del old.nics[where][key]
        if addresses:
            old.notes.append(Remark(f"addresses of NIC {old.names[where]}", "they are those of the old one"))
    old.leave = ()


def _take_interface(old: Old, where: str, name: str) -> None:
    """An interface of the administrator's is one guest's: this one has a tap, or another that is to be made."""
    keys, nic = old.nics.get(where, {}), old.names[where]
    if "existing" in keys and where in old.networks:
        del keys["existing"]
    elif "existing" in keys:
        keys["existing"] = f"tap-{name}-{nic}"[:15]
        old.notes.append(Remark(f"{keys['existing']} of NIC {nic}", "the old guest has the other interface; make it"))


def _read(path: Path, place: str) -> tuple[list[str], dict[str, bytes]]:
    """The lines of the manifest, and the files; of disks nothing is read."""
    try:
        with tarfile.open(path, "r:") as archive:
            members = archive.getmembers()
            manifest = _content(archive, members[0]) if members and members[0].name == "manifest" else b""
            lines = manifest.decode("utf-8", "replace").splitlines()
            if lines[:1] != [_FIRST] or lines[-1] != "whole":
                raise UnreadableError(place, "this is no archive of hivectl export, or one of another version")
            digest = hashlib.sha256(manifest).hexdigest()
            if members[-1].name != "end" or _content(archive, members[-1]).decode() != f"{digest} whole\n":
                raise UnreadableError(place, "it is damaged, or was cut off; see hivectl import -n")
            wanted = _wanted(lines, place)
            files = {member.name: _content(archive, member) for member in members if member.name in wanted}
    except UnreadableError:
        raise
    except (OSError, tarfile.TarError, KeyError, ValueError) as error:
        raise UnreadableError(place, getattr(error, "strerror", None) or "this is no archive of tar(5)") from None
    for name, digest in wanted.items():
        if hashlib.sha256(files.get(name, b"")).hexdigest() != digest:
            raise UnreadableError(place, f"{name} is damaged")
    return lines, files


def _wanted(lines: list[str], place: str) -> dict[str, str]:
    """The files of a manifest and their digests. Names become those of files of the site, so they stay below it."""
    facts = dict(line.partition(" ")[::2] for line in lines)
    missing = [key for key in ("guest", "host", "made") if not facts.get(key)]
    if missing:
        raise UnreadableError(place, f"its manifest has no line {missing[0]}")
    if re.fullmatch(NAME_PATTERN, facts["guest"], re.ASCII) is None:
        raise UnreadableError(place, f"{facts['guest'][:100]!r} cannot be the name of a guest")
    wanted = {}
    for line in lines:
        word = line.partition(" ")[0]
        match = re.fullmatch(_SHAPES.get(word, ".*()()"), line)
        if match is None or (word == "file" and {".", "..", ""} & {*match[2].split("/")}):
            raise UnreadableError(place, f"its manifest has the line {line[:100]!r}, which none of hivectl export has")
        if word == "file":
            wanted[match[2]] = match[1]
    return wanted


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member) if member.isreg() and member.size < 1 << 26 else None
    return stream.read() if stream is not None else b""


def _calls(script: str) -> Iterator[list[str]]:
    """The literal calls of a script, without their comments."""
    for line in script.splitlines():
        if re.match(r"[a-z_]", line):
            try:
                words = shlex.split(line, comments=True)
            except ValueError:
                continue
            if words:
                yield words


def _words(start: str) -> tuple[str, ...]:
    """What follows ``bhyve``: each ``set -- "$@" …`` adds some."""
    return tuple(word for call in _calls(start) if call[:3] == ["set", "--", "$@"] for word in call[3:])


def _read_start(old: Old, start: str) -> None:
    lines = start.splitlines()
    if len(lines) > 2 and not lines[2].startswith("# Generated"):
        old.keys["description",] = lines[2].removeprefix("# ")
    told: set[str] = set()
    calls = [*_calls(start)]
    paths = {call[3]: call[2] for call in calls if call[:2] == ["prepare", "disk"]}
    for address, path in _places(old.words):
        if path in paths:
            old.names[address] = paths[path]
    ports = {call[3]: call for call in calls if call[:2] in (["prepare", "tap"], ["prepare", "existing"])}
    for call in calls:
        if call[0] == "on" and call[2] != _ENDINGS.get(call[1]):
            old.keys[f"on_{call[1]}",] = call[2]
        if call[:2] == ["on", "crash"] and call[3:] not in ([], ["5", "600"]):
            old.keys["restart_limit",] = {"count": int(call[3]), "within": f"{call[4]}s"}
        if call[0] == "nic":
            _read_nic(old, call[1], dict(word.partition("=")[::2] for word in call[2:]), call[2:], ports)
        if call[0] == "prepare" and call[1] in _LEFT_OUT and call[1] not in told:
            told.add(call[1])
            old.notes.append(Remark(*_LEFT_OUT[call[1]]))
    if any(word.endswith(f"{_STATE}{old.called}/vars.fd") for word in old.words):
        old.keys["firmware", "variables_template"] = None
        old.keys["firmware", "variables"] = True


def _places(words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The addresses of devices, with ``/PORT`` on a controller, and the path or tap of each."""
    for flag, value in pairwise(words):
        if flag != "-s":
            continue
        address, _, rest = value.partition(",")
        kind, *parts = rest.split(",")
        where = format_pci_address(parse_pci_address(address))
        if kind == "ahci":
            ports = [part[3:] for part in parts if part[:3] in ("hd:", "cd:")]
            yield from ((f"{where}/{number}", path) for number, path in enumerate(ports))
        elif parts:
            yield where, parts[0]


def _read_nic(old: Old, name: str, said: dict[str, str], words: list[str], ports: dict[str, list[str]]) -> None:
    port = said.get("port", "")
    where = next((address for address, first in _places(old.words) if first == port), None)
    if where is None:
        old.notes.append(Remark(f"NIC {name}", f"its network {said.get('network', '')} has no tap; write it again"))
        return
    network = said.get("network", "")
    old.names[where] = name
    step = ports.get(port, [])
    own: dict[str, object] = {key: True for key in ("span", "private") if key in step[5:]}
    if step[1:2] == ["existing"]:
        own["existing"] = port
        old.notes.append(Remark(f"interface {port} of NIC {name}", "it is one of the host that it came from"))
    if network:
        keys = {"kind": "manual", "bridge": step[4] if len(step) > 4 else network}
        old.networks[where] = Bridge(network, keys, "The bridge is one of the host.", same_name=True)
    addressed = False
    for family in ("ipv4", "ipv6"):
        addresses = [word.partition("=")[2] for word in words if word.startswith(f"{family}=")]
        if addresses:
            own[family] = addresses[0] if len(addresses) == 1 else addresses
            addressed = True
    old.nics[where] = own
    if addressed:
        old.notes.append(Remark(f"gateways of NIC {name}", "they are in its first-boot data alone; write them again"))


def _read_stop(old: Old, stop: str) -> None:
    for call in _calls(stop):
        if call[0] == "stop_within":
            old.keys["stop_timeout",] = f"{call[1]}s"


def _read_disks(old: Old, provision: str) -> None:
    """Disks that the host made lie below a storage of the site."""
    for call in _calls(provision):
        if call[0] not in ("volume", "sparse_file", "clone"):
            continue
        name, place, size = call[1:4]
        kind, ending = ("directory", ".img") if place.startswith("/") else ("zfs", "")
        parent = place.removesuffix(f"/{old.called}/{name}{ending}")
        if parent == place:
            old.notes.append(Remark(f"disk {name}", f"it lies at {place}, which no storage of a site would give it"))
            continue
        storage: dict[str, object] = {"kind": kind, ("path" if kind == "directory" else "dataset"): parent}
        if "sparse" in call[4:]:
            storage["sparse"] = True
        old.storages[name] = Bridge(parent.rpartition("/")[2], storage)
        old.keys["disk", name, "path"] = None
        old.keys["disk", name, "size"] = format_size(int(size))
        old.comments["disk", name] = f"It comes with hivectl import; it was at {place}."
        if f"ser={old.called}-{name}" in ",".join(old.words).split(","):
            old.keys["disk", name, "serial"] = None


def _read_conf(old: Old, words: list[str]) -> None:
    """The line of host.conf: order, name, autostart, home, after, ready, …, tags."""
    if len(words) < 10:
        return
    if words[2] == "no":
        old.keys["autostart",] = False
    order = words[0].partition(".")[0]
    if order.isdecimal() and order != "50":
        old.keys["order",] = int(order)
    if words[9] != "-":
        old.keys["tags",] = words[9].split(",")
    for word, key in ((words[4], "after"), (words[5], "ready")):
        if word != "-":
            old.notes.append(Remark(f"{key} {word}", "it depends on the host; write it again"))


def _own_files(name: str, files: dict[str, bytes]) -> tuple[str, dict[str, bytes]]:
    """Files of the site: the folder of the guest's own, and what is in it."""
    own = f"guests/{name}"
    found = {f"{own}/{path.removeprefix('guest/')}": data for path, data in files.items() if "/hooks/" in path}
    if "guest/seed/user-data" in files:
        found[f"{own}/user-data"] = files["guest/seed/user-data"]
    return own, found


def _read_own(old: Old, paths: dict[str, bytes]) -> None:
    for path in paths:
        match = re.fullmatch(r"guests/[^/]+/hooks/([a-z]+)/.+", path)
        if match:
            old.keys["hooks", match[1]] = [*old.keys.get(("hooks", match[1]), []), path]


def _take_seed(old: Old, has_seed: bool, user_data: str | None) -> None:
    """The medium of first-boot data is one that the host makes, at the address that it had."""
    words = [*old.words]
    for place in range(len(words) - 1, 0, -1):
        value = words[place]
        if words[place - 1] == "-s" and f",{_STATE}{old.called}/seed.iso" in value:
            old.slots["seed"] = format_pci_address(parse_pci_address(value.partition(",")[0]))
            del words[place - 1 : place + 1]
    old.words = tuple(words)
    if has_seed or old.slots:
        old.keys["cloud_init",] = {"user_data": user_data} if user_data else {}
        old.notes.append(Remark("first-boot data", "what is secret in it lies in the site now: look at user-data"))
