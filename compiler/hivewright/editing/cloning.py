"""A guest like another one: what it has of that one, and what only one guest can have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hivewright.editing.change import ChangeError, Guests
from hivewright.editing.document import set_key
from hivewright.editing.guests import Edit
from hivewright.editing.tables import part_tables, rename_tables

if TYPE_CHECKING:
    from hivewright.editing.assignment import Assignment, KeyPath

_OF_ONE = ("uuid", "alias", "renamed_from", "moved_from", "protected", "ready", "debug", "pin")
"""Keys that are about one guest: another one has its own, or none."""
_OF_ONE_NIC = ("mac", "tap", "existing", "vf", "ipv4", "ipv6", "gateway4", "gateway6", "on_link", "routes", "forward")
_OF_ONE_DISK = ("serial", "image", "clone_image", "clone", "full_copy")


def clone_guest(
    guests: Guests, old: str, new: str, snapshot: str, assignments: Sequence[Assignment], *, full: bool = False
) -> tuple[Edit, list[str]]:
    """The site with the new guest in a file of its own, and what is left to do.

    Raises ``UneditableError``, and ``ChangeError`` for a guest of which there can be no other.
    """
    file = f"{guests.homes[old].rpartition('/')[0]}/{new}.toml".lstrip("/")
    if file in guests.sources.texts:
        raise ChangeError(f"there is a file {file} already")
    _needs_addresses(guests, old, new, assignments)
    text = rename_tables(part_tables(guests.sources.texts[guests.homes[old]], "vm", old).tables, "vm", old, new)
    own = guests.vms[old]
    disks = dict(_managed(guests, old))
    _stays(guests, old, new, disks, assignments)
    for path in _dropped(own):
        text = set_key(text, ("vm", new, *path), None)
    for disk, is_volume in disks.items():
        origin = f"{old}/{disk}@{snapshot}" if is_volume else f"{old}/{disk}"
        text = set_key(text, ("vm", new, "disk", disk, "clone"), origin)
        if full and is_volume:
            text = set_key(text, ("vm", new, "disk", disk, "full_copy"), True)
    for each in assignments:
        text = set_key(text, ("vm", new, *each.path), each.value)
    return Edit({file: text}, {}, guests.locks), list(_left_to_do(guests, old, new, disks, assignments))


def _stays(guests: Guests, old: str, new: str, disks: Mapping[str, bool], assignments: Sequence[Assignment]) -> None:
    """Disks are made of those of the old guest, so the new one begins where these lie."""
    there = guests.site.hosts_of(guests.site.vms[old]) if guests.site is not None else ()
    for each in assignments:
        wanted = each.value if isinstance(each.value, list) else [each.value]
        others = [host for host in wanted if host not in there]
        if disks and each.path in (("host",), ("hosts",)) and others:
            raise ChangeError(
                f"the disks of {new} are made of those of {old}, which lie on {', '.join(there)} and not on "
                f"{others[0]}; leave {each.path[0]} out, and move it afterwards: hivewright move {new} {others[0]}"
            )


def _needs_addresses(guests: Guests, old: str, new: str, assignments: Sequence[Assignment]) -> None:
    """Where a template or the defaults say the gateway, a NIC cannot be without an address."""
    lacking = _lacking(guests, old, assignments)
    own = guests.vms[old].get("nic", {})
    vm = guests.site.vms[old] if guests.site is not None else None
    for _, name, key in lacking:
        gateway = f"gateway{key[-1]}"
        if vm is not None and getattr(vm.nic[name], gateway) and gateway not in own.get(name, {}):
            words = " ".join(f"{'.'.join(path)}=ADDRESS/LENGTH" for path in lacking)
            raise ChangeError(f"give the new VM addresses of its own: hivewright clone {old} {new} {words}")


def _lacking(guests: Guests, old: str, assignments: Sequence[Assignment]) -> list[tuple[str, str, str]]:
    """The keys of static addresses that nobody gave the new guest."""
    vm = guests.site.vms.get(old) if guests.site is not None else None
    given = {each.path for each in assignments}
    return [
        ("nic", name, key)
        for name, nic in (sorted(vm.nic.items()) if vm is not None else ())
        for key, static in (("ipv4", nic.fixed4), ("ipv6", nic.fixed6))
        if static and ("nic", name, key) not in given
    ]


def _dropped(own: Any) -> Iterator[KeyPath]:
    """The keys of a guest that another one does not have."""
    yield from ((key,) for key in _OF_ONE if key in own)
    for table, keys in (("nic", _OF_ONE_NIC), ("disk", _OF_ONE_DISK)):
        for name, values in own.get(table, {}).items():
            yield from ((table, name, key) for key in keys if key in values)
    for name, disk in own.get("disk", {}).items():
        # A clone has the blocks of its origin.
        inner = (("nvme", "eui64"), ("properties", "volblocksize"))
        yield from (("disk", name, *path) for path in inner if path[1] in _table(disk.get(path[0])))
    if "port" in _table(own.get("vnc")):
        yield ("vnc", "port")
    if "hostname" in _table(own.get("cloud_init")):
        yield ("cloud_init", "hostname")
    for port, serial in own.get("serial", {}).items():
        if "port" in _table(serial):
            yield ("serial", port)


def _table(value: Any) -> Any:
    return value if isinstance(value, dict) else {}


def _managed(guests: Guests, old: str) -> Iterator[tuple[str, bool]]:
    """The disks that its host makes, and whether they are volumes, which have snapshots, or files."""
    site = guests.site
    vm = site.vms.get(old) if site is not None else None
    if site is None or vm is None:
        raise ChangeError("the site has errors (hivewright check), so nobody knows what disks the VM has")
    for name, disk in sorted(vm.disk.items()):
        if disk.storage is None:
            continue
        kinds = {site.host_storages[host, disk.storage].kind for host in site.hosts_of(vm)}
        if kinds not in ({"zfs"}, {"directory"}):
            raise ChangeError(
                f"disk {name} of {old} lies on {disk.storage}, which is of kind {', '.join(sorted(kinds))}; only "
                "volumes and files are cloned"
            )
        yield name, kinds == {"zfs"}


def _left_to_do(
    guests: Guests, old: str, new: str, disks: Mapping[str, bool], assignments: Sequence[Assignment]
) -> Iterator[str]:
    assert guests.site is not None, "a clone is made of a site without errors"
    vm = guests.site.vms[old]
    lacking = _lacking(guests, old, assignments)
    if lacking:
        words = " ".join(f"{'.'.join(path)}=ADDRESS/LENGTH" for path in lacking)
        yield f"{new}: it has no addresses yet; give it its own: hivewright set {new} {words}"
    if vm.tpm is not None and vm.tpm.kind == "swtpm":
        yield (
            f"{new}: its TPM is a new, empty one: what {old} has sealed by its own (BitLocker, LUKS) opens by its "
            "recovery key there"
        )
    host = guests.site.hosts_of(vm)[0]
    volumes = [disk for disk, is_volume in disks.items() if is_volume]
    if len(volumes) < len(disks):
        yield f"{new}: {old} has to be off while {new} is provisioned, which copies its files"
    if volumes:
        yield f"{new}: before it starts, on {host}: hivectl clone {old} {new}"
