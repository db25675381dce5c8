"""Locks: the numbers that were allocated to a VM, kept in ``locks/VM.toml`` and committed with the site.

A lock is TOML, but one that people seldom touch: one that is as ``write_lock`` makes it is read by a pattern, three
times as fast as by the TOML parser.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from sys import intern
from typing import NamedTuple, cast

from hivewright.diagnostics import Diagnostic, Spot
from hivewright.model.base import NAME_PATTERN
from hivewright.model.device_kinds import DEVICES, with_key
from hivewright.source import LOCKS

_CONFLICT = re.compile(r"^(?:<<<<<<<|=======|>>>>>>>|\|\|\|\|\|\|\|)(?: |$)", re.MULTILINE)
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NAMED = "|".join(kind.lock for kind in DEVICES if kind.lock and kind.is_many)
_DEVICE = rf"(?:{_NAMED})\.{NAME_PATTERN}|{'|'.join(kind.lock for kind in DEVICES if kind.lock and not kind.is_many)}"
_MEMBER = rf"(?:{'|'.join(kind.lock for kind in with_key('controller'))})\.{NAME_PATTERN}"
_AHCI_PORT = rf"{NAME_PATTERN}:(?:[0-9]|[12][0-9]|3[01])"
_MAC = r"(?!00:00:00:00:00:00)[0-9a-f][02468ace](?::[0-9a-f]{2}){5}"
_SLOT = r"(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]):(?:[0-9]|[12][0-9]|3[01]):[0-7]"
_PIPE = r"[1-6][0-9]{3}[02468]"
_INTERFACE = r"[A-Za-z][A-Za-z0-9_.-]{0,14}"
_CONSOLE = r"nmdm[A-Za-z0-9_.-]{1,60}"

_TABLES: dict[str, tuple[str, str, str, str]] = {
    "consoles": (r"com[1-4]", _CONSOLE, "com1 to com4", 'a name such as "nmdm-web1.1"'),
    "macs": (
        NAME_PATTERN,
        _MAC,
        "the name of a NIC",
        'a unicast MAC address in lower case such as "58:9c:fc:0a:1b:2c"',
    ),
    "pipes": (NAME_PATTERN, _PIPE, "the name of a NIC", 'an even number such as "10000"'),
    "ports": (_MEMBER, _AHCI_PORT, 'a disk or drive such as "disk.root"', 'a port such as "main:0"'),
    "slots": (_DEVICE, _SLOT, 'a device such as "disk.root"', 'a PCI address such as "0:4:0"'),
    "taps": (NAME_PATTERN, _INTERFACE, "the name of a NIC", "an interface name of at most 15 characters"),
}
"""Table -> patterns of its keys and values, and what both are, for messages; in the order in which they are written."""


def _block(table: str) -> str:
    """A table as it is written: a key with a dot stands in quotes."""
    key, value, _, _ = _TABLES[table]
    return rf'(?:\n\[{table}\]\n((?:(?:"(?:{key})"|(?![^ ]*\.)(?:{key})) = "(?:{value})"\n)+))?'


_WHOLE = re.compile(
    rf'#[^\n]*\nuuid = "({_UUID})"\n(?:name = "({NAME_PATTERN})"\n)?'
    rf'(?:home = "({NAME_PATTERN})"\nmoves = ([1-9][0-9]{{0,5}})\n)?(?:vnc = ([1-9][0-9]{{0,4}})\n)?'
    + "".join(map(_block, _TABLES))
)
_ENTRY = re.compile(r'"?([^" ]+)"? = "([^"]*)"\n')

_RESTORE = "restore the file from version control; if it was never committed, delete it and build again"


class Lock(NamedTuple):
    """What was allocated to one VM. Entries of devices that are gone stay, so that their numbers are not reused."""

    uuid: str
    vnc: int | None = None
    slots: Mapping[str, str] = {}
    """Device (``disk.root``, ``nic.lan``, ``rng``, ``seed``, ``fbuf``) -> ``bus:slot:function``."""
    macs: Mapping[str, str] = {}
    """NIC -> MAC address, lower case."""
    taps: Mapping[str, str] = {}
    """NIC -> interface on the host."""
    consoles: Mapping[str, str] = {}
    """``com1`` -> ``nmdm-web1.1``: nmdm(4) device below /dev without its A or B end."""
    ports: Mapping[str, str] = {}
    """Disk or drive -> ``CONTROLLER:PORT`` of an AHCI controller with several."""
    pipes: Mapping[str, str] = {}
    """NIC with a rate limit -> number of the dummynet(4) pipe towards the guest; the next number is the other way."""
    name: str | None = None
    """The name that the VM had first, if it was renamed: what the guest reads, and remembers, follows from it."""
    home: str | None = None
    """The host that it lives on, if it ever moved."""
    moves: int = 0
    """How often it has moved, so that no arrival is taken for an earlier one at the same host; 0 with no ``home``."""


def lock_file(vm: str) -> str:
    """The lock of a VM, relative to the site."""
    return f"{LOCKS}/{vm}.toml"


def write_lock(vm: str, lock: Lock) -> str:
    """The text of a lock: a comment, then sorted keys; the same lock gives the same bytes."""
    lines = [
        f"# Numbers allocated to {vm}. Written by hivewright build; commit this file with the site.",
        f'uuid = "{lock.uuid}"',
    ]
    if lock.name is not None:
        lines.append(f'name = "{lock.name}"')
    if lock.home is not None:
        lines += [f'home = "{lock.home}"', f"moves = {lock.moves}"]
    if lock.vnc is not None:
        lines.append(f"vnc = {lock.vnc}")
    for table in _TABLES:
        entries: Mapping[str, str] = getattr(lock, table)
        if entries:
            lines.append(f"\n[{table}]")
            lines += [
                f'"{key}" = "{entries[key]}"' if "." in key else f'{key} = "{entries[key]}"' for key in sorted(entries)
            ]
    return "\n".join(lines) + "\n"


def read_lock(text: str, file: str) -> Lock | Diagnostic:
    """The lock in a text; a diagnostic with the line in question when it is not one. ``file`` is for messages."""
    lock = _read_whole(text)
    if lock is not None:
        return lock
    conflict = _CONFLICT.search(text)
    if conflict is not None:
        return Diagnostic(
            "LOCK002",
            "this lock holds the markers of an unfinished merge",
            Spot(file, text.count("\n", 0, conflict.start()) + 1, 1, 7),
            "keep the numbers of both sides and remove the marker lines; where both sides gave the same key "
            "another number, keep the number that is in use",
        )
    import tomli

    try:
        values = tomli.loads(text)
    except (tomli.TOMLDecodeError, RecursionError, ValueError) as error:
        return _syntax(error, text, file)
    return _validated(values, text, file)


def _read_whole(text: str) -> Lock | None:
    """A lock as ``write_lock`` writes it; None for any other text, and for one that holds something twice."""
    match = _WHOLE.fullmatch(text)
    if match is None:
        return None
    uuid, name, home, moves, vnc, *blocks = match.groups()
    tables: dict[str, Mapping[str, str]] = {}
    for table, block in zip(_TABLES, blocks, strict=True):
        if block:
            found = _usual_entries(block) if table == "slots" else _entries(block)
            if found is None:
                return None
            tables[table] = found
    port = int(vnc) if vnc is not None else None
    if port is not None and not _is_port(port):
        return None
    return Lock(uuid, port, name=name, home=home, moves=int(moves or 0), **tables)


def _entries(block: str) -> Mapping[str, str] | None:
    """The keys and values of a table as it is written; None when one of them is there twice."""
    entries = _ENTRY.findall(block)
    found = {intern(key): value for key, value in entries}
    return found if len(entries) == len(found) == len(set(found.values())) else None


_usual_entries = lru_cache(maxsize=1024)(_entries)
"""For addresses, which are the same in many locks: one mapping serves them all."""


def _syntax(error: Exception, text: str, file: str) -> Diagnostic:
    """What tomli found; its attributes are there since tomli 2.2."""
    spot = Spot(file, getattr(error, "lineno", text.count("\n") + 1), getattr(error, "colno", 1))
    return Diagnostic("LOCK001", f"this lock is not TOML: {getattr(error, 'msg', error)}", spot, _RESTORE)


def _spot(text: str, file: str, table: str, key: str) -> Spot:
    """The line of a key, or of its table when the key is not written in the usual way."""
    current, found, width = "", 1, 1
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            current = stripped.strip("[] \t\"'")
            if current == (table or key):
                found, width = number, len(line)
        elif current == table and stripped.partition("=")[0].strip().strip("\"'") == key:
            return Spot(file, number, line.index(stripped) + 1, max(1, len(stripped)))
    return Spot(file, found, 1, width)


def _is_uuid(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(_UUID, value) is not None


def _is_port(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535


def _tells_moves(values: Mapping[str, object]) -> bool:
    home, moves = values.get("home"), values.get("moves")
    is_host = isinstance(home, str) and re.fullmatch(NAME_PATTERN, home) is not None
    return is_host and isinstance(moves, int) and not isinstance(moves, bool) and 1 <= moves <= 999999


def _validated(values: Mapping[str, object], text: str, file: str) -> Lock | Diagnostic:
    def fault(message: str, table: str, key: str, code: str = "LOCK003") -> Diagnostic:
        return Diagnostic(code, message, _spot(text, file, table, key), _RESTORE)

    for key, value in values.items():
        if key not in ("uuid", "name", "home", "moves", "vnc") and key not in _TABLES:
            return fault(f'a lock has no key "{key}"', "", key)
        if key in ("home", "moves") and not _tells_moves(values):
            return fault("home, the name of a host, and moves, a number from 1 to 999999, stand together", "", key)
        if key == "name" and not (isinstance(value, str) and re.fullmatch(NAME_PATTERN, value)):
            return fault("name must be the name of a VM", "", key)
        if key == "vnc" and not _is_port(value):
            return fault("vnc must be a port, 1 to 65535", "", key)
    if "uuid" not in values:
        return fault("this lock has no uuid", "", "uuid")
    if not _is_uuid(values["uuid"]):
        return fault("uuid must be a UUID in lower case", "", "uuid")
    tables: dict[str, dict[str, str]] = {}
    for table, (key_pattern, value_pattern, key_form, value_form) in _TABLES.items():
        entries = values.get(table, {})
        if not isinstance(entries, dict):
            return fault(f"{table} must be a table", "", table)
        seen: dict[str, str] = {}
        for key, value in entries.items():
            if re.fullmatch(key_pattern, key) is None:
                return fault(f'"{key}" in [{table}] must be {key_form}', table, key)
            if not isinstance(value, str) or re.fullmatch(value_pattern, value) is None:
                return fault(f"{key} in [{table}] must be {value_form}", table, key)
            if seen.setdefault(value, key) != key:
                return fault(f"{key} and {seen[value]} in [{table}] are both {value}", table, key, "LOCK004")
        tables[table] = entries
    vnc = cast("int | None", values.get("vnc"))
    name, home = cast("str | None", values.get("name")), cast("str | None", values.get("home"))
    return Lock(str(values["uuid"]), vnc, name=name, home=home, moves=cast("int", values.get("moves", 0)), **tables)
