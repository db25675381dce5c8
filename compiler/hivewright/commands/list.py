"""``hivewright list``: what a site has, one object a line."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics.printer import visible
from hivewright.pipeline.session import load_project

if TYPE_CHECKING:
    from hivewright.model.storage import AnyStorage
    from hivewright.site import Site

Row = dict[str, object]
"""What is told of an object, by the names of the columns."""


def add_arguments(parser: ArgumentParser) -> None:
    """Of what, and which."""
    parser.description = "Lists what the site has. Keys of VMs are those of a build: with templates, profile, defaults."
    parser.add_argument("kind", nargs="?", choices=KINDS, default="vms", help="of what (default: vms)")
    text = "a name, a pattern such as 'web*', or of VMs @TAG (default: all)"
    parser.add_argument("name", nargs="*", metavar="NAME", help=text)
    parser.add_argument("--columns", metavar="NAME,…", help="only these columns, in this order")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: Namespace) -> int:
    """0, 1 when the site has errors, 2 for a name that nothing has."""
    from hivewright.site.selection import SelectionError, select_vms

    with load_project(arguments) as session:
        if session.site is None:
            return 1
        rows = {str(row["name"]): row for row in KINDS[arguments.kind](session.site)}
        tags = session.site.tags if arguments.kind == "vms" else None
    try:
        names = select_vms(rows, arguments.name, tags, _ONE[arguments.kind]) if arguments.name else list(rows)
    except SelectionError as error:
        sys.stderr.write(f"hivewright: {error}\n")
        return 2
    found = [rows[name] for name in names]
    if arguments.columns is not None and found:
        wanted = arguments.columns.split(",")
        unknown = next((column for column in wanted if column not in found[0]), None)
        if unknown is not None:
            from hivewright.diagnostics.wording import suggestion

            hint = suggestion(unknown, list(found[0]), "column")
            sys.stderr.write(f"hivewright: {arguments.kind} have no column {unknown!r}; {hint}\n")
            return 2
        found = [{column: row[column] for column in wanted} for row in found]
    if arguments.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        print_rows(found)
    return 0


def _vms(site: Site) -> Iterator[Row]:
    from hivewright.values import format_size

    for name, vm in site.vms.items():
        addresses = [address for nic in vm.nic.values() for address in (*nic.ipv4, *nic.ipv6)]
        yield {
            "name": name,
            "hosts": list(site.hosts_of(vm)),
            "cpus": vm.cpus,
            "memory": format_size(vm.memory),
            "profile": vm.profile,
            "autostart": vm.autostart,
            "addresses": addresses,
            "tags": list(vm.tags),
            "alias": vm.alias or "",
            "description": vm.description,
        }


def _hosts(site: Site) -> Iterator[Row]:
    for name, host in site.hosts.items():
        yield {
            "name": name,
            "freebsd": host.freebsd,
            "arch": host.arch,
            "address": host.address or name,
            "vms": len(site.guests[name]),
            "description": host.description,
        }


def _networks(site: Site) -> Iterator[Row]:
    from hivewright.model.network_kinds import interface_of, named_uplinks

    for name, network in site.networks.items():
        nics = [nic for vm in site.vms.values() for nic in vm.nic.values() if nic.network == name]
        yield {
            "name": name,
            "kind": network.kind,
            "interface": interface_of(name, network),
            "uplink": list(uplinks) if len(uplinks := named_uplinks(network)) > 1 else uplinks[0],
            "mtu": network.mtu,
            "hosts": list(network.hosts) or list(site.hosts),
            "nics": len(nics),
        }


def _storages(site: Site) -> Iterator[Row]:
    for name, storage in site.storages.items():
        disks = [disk for vm in site.vms.values() for disk in vm.disk.values() if disk.storage == name]
        hosts = list(storage.hosts) or list(site.hosts)
        yield {"name": name, "kind": storage.kind, "place": _place(storage), "hosts": hosts, "disks": len(disks)}


def _place(storage: AnyStorage) -> str:
    """A dataset, a directory, or a target and where it is reached."""
    if storage.kind == "zfs":
        return storage.dataset
    return storage.path if storage.kind == "directory" else f"{storage.target} at {storage.portal}"


def _images(site: Site) -> Iterator[Row]:
    from hivewright.model.image_uses import image_uses

    users = [use.image for vm in site.vms.values() for use in image_uses(vm)]
    for name, image in site.images.items():
        source = image.url or image.path or ""
        yield {"name": name, "source": source, "format": image.format, "used": users.count(name)}


def _users(site: Site) -> Iterator[Row]:
    for name, user in site.users.items():
        has = [vm for vm, found in site.vms.items() if found.cloud_init is not None and name in found.cloud_init.users]
        yield {"name": name, "keys": len(user.ssh_keys), "sudo": bool(user.sudo), "vms": len(has), "gecos": user.gecos}


def _profiles(site: Site) -> Iterator[Row]:
    for name, profile in sorted(site.profiles.items()):
        vms = sum(vm.profile == name for vm in site.vms.values())
        yield {"name": name, "os": profile.os, "vms": vms, "description": profile.description}


KINDS: dict[str, Callable[[Site], Iterator[Row]]] = {
    "vms": _vms,
    "hosts": _hosts,
    "networks": _networks,
    "storage": _storages,
    "images": _images,
    "users": _users,
    "profiles": _profiles,
}
"""What can be listed; of profiles those that some VM has."""

_ONE = {kind: "VM" if kind == "vms" else kind.removesuffix("s") for kind in KINDS}


def print_rows(rows: list[Row]) -> None:
    """Columns as wide as what is in them, with their names above."""
    if not rows:
        return
    lines = [[column.upper() for column in rows[0]], *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print(visible("  ".join(cells).rstrip()))


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(map(str, value)) or "-"
    return str(value) or "-"
