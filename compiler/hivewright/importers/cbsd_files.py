"""Where CBSD keeps what: its working directory on a host, here or as a copy, and files of single guests."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import NamedTuple

from hivewright.importers.assignments import read_assignments
from hivewright.importers.cbsd_command import Definition
from hivewright.importers.cbsd_database import Database, Row, is_database, is_set
from hivewright.importers.forms import UnreadableError
from hivewright.importers.request import Request, RequestError
from hivewright.importers.settings import rc_settings
from hivewright.importers.sources import read_text

_WORKDIR = "/usr/jails"
"""Where it is if nobody says otherwise: what CBSD itself proposes."""
_NEEDED = ("vm_cpus", "vm_ram", "vm_efi", "vm_os_type")
_TABLES = ("bhyvedsk", "bhyvenic", "bhyve_nvme", "bhyve_dskcontroller", "p9shares", "pcibus", "bhyve_soundhw")
_DEFAULTS = {
    "astart": "1", "virtio_type": "virtio-blk", "vm_efi": "uefi", "vm_console": "tmux", "vnc_password": "cbsd",
    "vm_os_type": "freebsd", "b_order": "10",
}  # fmt: skip
"""What a jconf may leave out (bhyve-default-default.conf, vnc.conf)."""


class Workdir(NamedTuple):
    """A working directory: where it lies on the host, and on this machine."""

    path: str
    here: Path
    request: Request

    def file(self, *names: str) -> Path:
        return self.here.joinpath(*names)

    def shown(self, *names: str) -> str:
        """A path below it for people."""
        return self.request.shown("/".join((self.path, *names)))

    def has(self, *names: str) -> bool:
        """Whether the host has a file, which may be too large to be fetched."""
        if self.request.address is None:
            return self.file(*names).is_file()
        path = "/".join((self.path, *names))
        return "'" not in path and self.request.ask(f"test -f '{path}' && echo yes").strip() == "yes"

    def programs(self, guest: str, folder: str) -> list[Path]:
        """What CBSD runs of a folder of a guest: executables, but for one of no meaning."""
        for below in ("jails-system", "vm"):
            self.request.fetch([f"{self.path}/{below}/{guest}/{folder}"], ["*"])
            here = self.file(below, guest, folder)
            if here.is_dir():
                return sorted(each for each in here.iterdir() if each.is_file() and each.name != "placeholder")
        return []

    def link(self, path: str) -> str:
        """Where a link of the host leads; empty for anything else."""
        if self.request.address is not None:
            return self.request.ask(f"readlink '{path}'").strip() if "'" not in path else ""
        here = self.here / os.path.relpath(path, self.path)
        return os.readlink(here) if here.is_symlink() else ""


def read_definitions(request: Request) -> tuple[Workdir, list[Definition]]:
    """All guests of bhyve in what was named."""
    if request.root is None and request.paths and Path(request.paths[0]).is_file():
        found = [_of_file(request, path) for path in request.paths]
        return Workdir(request.at or _WORKDIR, Path(request.paths[0]).parent, request), found
    workdir = _workdir(request)
    jails, others = _node(workdir)
    names = sorted(name for name, row in jails.items() if row.get("emulator") == "bhyve") or _alone(workdir)
    if not names:
        raise UnreadableError(workdir.shown(), "no guest of bhyve is in it: jails-system/NAME/local.sqlite")
    read = (
        request.guest(name, partial(_definition, workdir, name, jails.get(name, {}), others), alone=len(names) == 1)
        for name in names
    )
    return workdir, [definition for definition in read if definition is not None]


def _workdir(request: Request) -> Workdir:
    """A working directory, or a folder laid out like the root of its host, or over ssh none."""
    if len(request.paths) > 1 or (not request.paths and request.address is None):
        raise RequestError("name CBSD's working directory, one with a copy of its host's root, or files of guests")
    given = request.paths[0] if request.paths else "/"
    request.fetch(["/etc/rc.conf"], ["rc.conf"])
    here = request.local(given)
    root = request.root if request.root is not None else here
    told = ""
    if (root / "etc" / "rc.conf").is_file():
        told = rc_settings(read_text(root / "etc" / "rc.conf", request.shown("/etc/rc.conf"))).get("cbsd_workdir", "")
    if request.root is not None or (told and (root / told.lstrip("/")).is_dir()):
        path = given if request.paths and request.root is not None else told
        if not path:
            raise RequestError("rc.conf has no cbsd_workdir; name CBSD's working directory")
        folders = [f"{path}/{name}" for name in ("var/db", "jails-system", "vm", "jails-rcconf", "etc")]
        request.fetch(folders, ["*.sqlite", "*.sqlite-wal", "*.sqlite-journal", "*.conf", "rc.conf*"])
        request.fetch([path], ["nodename"])
        here = root / path.lstrip("/")
    else:
        path = request.at or told
    if not (here / "jails-system").is_dir() and not (here / "var" / "db").is_dir():
        if (here / "local.sqlite").is_file():
            raise RequestError(f"{given} is the folder of one guest; name its local.sqlite")
        raise UnreadableError(request.shown(given), "this is no working directory of CBSD: it has no jails-system")
    return Workdir(path or _told_path(here) or str(here.resolve()), here, request)


def _told_path(here: Path) -> str:
    """Where the guests say that it lies, of a copy."""
    for file in sorted((here / "var" / "db").glob("*.sqlite")) if (here / "var" / "db").is_dir() else ():
        if not is_database(file):
            continue
        database = Database(file, str(file))
        try:
            database.read("jails", ("jname", "data"))
        except UnreadableError:
            continue
        for row in database.tables["jails"]:
            for part in ("/jails-data/", "/vm/"):
                if part in row["data"]:
                    return row["data"].partition(part)[0]
    return ""


def _node(workdir: Workdir) -> tuple[dict[str, Row], dict[str, list[Row]]]:
    """Guests and jails by name, and the other tables of the host; nothing where its database is not there."""
    file = workdir.file("var", "db", "local.sqlite")
    if not file.is_file() and workdir.file("nodename").is_file():
        name = read_text(workdir.file("nodename"), workdir.shown("nodename")).strip()
        file = workdir.file("var", "db", f"{name}.sqlite")
    media = workdir.file("var", "db", "storage_media.sqlite")
    if not file.is_file():
        return {}, {}
    database = Database(file, workdir.shown("var", "db", file.name))
    database.read("jails", ("jname", "emulator", "data"), ("bhyve", "bhyveppt", "vm_cpu_topology", "vale"))
    tables = dict(database.tables)
    if media.is_file():
        isos = Database(media, workdir.shown("var", "db", media.name))
        isos.read("media", ("path", "type", "jname"))
        tables["media"] = isos.tables["media"]
    return {row["jname"]: row for row in tables["jails"]}, tables


def _alone(workdir: Workdir) -> list[str]:
    """Guests without the database of the host."""
    folder = workdir.file("jails-system")
    return sorted(each.parent.name for each in folder.glob("*/local.sqlite"))


def _definition(workdir: Workdir, name: str, jail: Row, node: dict[str, list[Row]]) -> Definition:
    """With ZFS its folder is a link to one below ``vm``, which in a copy may lead nowhere."""
    below = ("jails-system", name)
    if not workdir.file(*below, "local.sqlite").is_file() and workdir.file("vm", name, "local.sqlite").is_file():
        below = ("vm", name)
    place = workdir.shown(*below, "local.sqlite")
    database = Database(workdir.file(*below, "local.sqlite"), place)
    database.read("settings", _NEEDED, _TABLES)
    rows = database.tables.pop("settings")
    if not rows:
        raise UnreadableError(place, "its table settings is empty, and CBSD does not start it either")
    settings = {**jail, **_unregistered(workdir, name, jail), **rows[-1]}
    settings["protected"] = jail.get("protected", settings.get("protected", "0"))
    data = settings.get("data", "")
    definition = Definition(name, place, settings, f"{workdir.path}/jails-system/{name}",
                            data if is_set(data) else f"{workdir.path}/jails-data/{name}-data",
                            database.tables)  # fmt: skip
    _of_node(definition, node)
    own = workdir.file(*below, "etc", "rc.conf")
    if own.is_file():
        definition.settings |= read_assignments(
            workdir.shown(*below, "etc", "rc.conf"), read_text(own, workdir.shown(*below, "etc", "rc.conf"))
        )
    last = workdir.file(*below, "bhyve.conf")
    if last.is_file():
        definition.last = read_assignments(workdir.shown(*below, "bhyve.conf"), read_text(last))
    definition.has_variables = workdir.has(*below, "BHYVE_UEFI_VARS.fd")
    definition.has_seed = workdir.has(*below, "seed.iso")
    return definition


def _unregistered(workdir: Workdir, name: str, jail: Row) -> Row:
    """rc.conf_NAME has what the database of the host has not: of a guest that was taken out of it."""
    file = workdir.file("jails-rcconf", f"rc.conf_{name}")
    if jail or not file.is_file():
        return {}
    place = workdir.shown("jails-rcconf", file.name)
    return read_assignments(place, read_text(file, place))


def _of_node(definition: Definition, node: dict[str, list[Row]]) -> None:
    own = [row for row in node.get("media", []) if row["jname"] == definition.name]
    definition.isos = [row for row in own if row["type"] == "iso"]
    definition.shared = [row["path"] for row in own if row["type"] == "shared"]
    definition.devices = [row for row in node.get("bhyveppt", []) if row.get("jname") == definition.name]
    definition.topologies = {row["name"]: row for row in node.get("vm_cpu_topology", [])}
    definition.switches = {row["name"]: row["idx"] for row in node.get("vale", [])}


def _of_file(request: Request, path: str) -> Definition:
    """One guest: its local.sqlite, or a jconf, or the rc.conf_NAME of one that is in no database."""
    if is_database(Path(path)):
        folder = Path(path).resolve().parent
        workdir = Workdir(request.at or str(folder.parent.parent), folder.parent.parent, request)
        if folder.parent.name not in ("jails-system", "vm"):
            raise UnreadableError(path, "its folder says which guest it is of: jails-system/NAME/local.sqlite")
        return _definition(workdir, folder.name, {}, {})
    settings = {**_DEFAULTS, **read_assignments(path, read_text(Path(path)))}
    for key in ("jname", "vm_ram", "vm_cpus"):
        if not is_set(settings.get(key, "")):
            raise UnreadableError(path, f"{key} is missing; CBSD takes it from a profile or a package: write it")
    name, at = settings["jname"], request.at or _WORKDIR
    data = settings.get("data", "")
    data = data if is_set(data) else f"{at}/jails-data/{name}-data"
    disk = {"dsk_path": "dsk1.vhd", "dsk_controller": settings["virtio_type"], "dsk_type": "vhd",
            "dsk_sectorsize": settings.get("default_sectorsize", "512/4096")}  # fmt: skip
    nic = {"id": "1", "nic_driver": settings.get("nic_driver", "vtnet"),
           "nic_parent": settings.get("interface", "auto"),
           "nic_hwaddr": settings.get("nic_hwaddr", "0"), "nic_flags": settings.get("nic_flags", "0")}  # fmt: skip
    tables = {"bhyvedsk": [disk], "bhyvenic": [nic]}
    return Definition(name, path, settings, f"{at}/jails-system/{name}", data, tables)
