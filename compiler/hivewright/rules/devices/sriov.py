"""Virtual functions: that they exist, have one user each, and are given no setting twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.rules.site_index import Owner, SiteIndex, both, clash, diagnose, ordered
from hivewright.site.host_devices import virtual_functions
from hivewright.values import format_virtual_function

if TYPE_CHECKING:
    from hivewright.values import VirtualFunction

_USELESS = ("private", "span", "vlan", "trunk", "forward", "tap", "persistent", "rate_limit")
"""The keys of a NIC that apply to ports of networks only."""


def one_source(index: SiteIndex) -> Iterator[Diagnostic]:
    """Each NIC has its network or its virtual function, each passthrough table its device or its function."""
    for name, key, nic in index.nics:
        is_port = bool(nic.network) or nic.existing is not None
        if is_port == (nic.vf is not None):
            other = "existing" if nic.existing is not None else "network"
            yield _one_of(index, (name, "nic", key), other, nic.vf is not None)
    for name, vm in index.using("passthrough"):
        for key, passed in ordered(vm.passthrough):
            if bool(passed.device) == (passed.vf is not None):
                yield _one_of(index, (name, "passthrough", key), "device", passed.vf is not None)


def _one_of(index: SiteIndex, owner: Owner, other: str, has_both: bool) -> Diagnostic:
    name, kind, key = owner
    place = index.site.place
    if has_both:
        message = f"{kind} {key} of {name} has both {other} and vf"
        also = [place("vm", *owner, other)]
        return diagnose("PCI002", message, place("vm", *owner, "vf"), "keep one of the two", also)
    remedy = 'or vf = "DEVICE:NUMBER" for a virtual function of the host'
    if kind == "nic":
        message = f"nic {key} of {name} has none of network, existing and vf"
        remedy = f'write network = "…", existing = "…" for an interface of the administrator, {remedy}'
    else:
        message = f"{kind} {key} of {name} has neither {other} nor vf"
        remedy = f'write {other} = "…", {remedy}'
    return diagnose("PCI002", message, place("vm", *owner, part="table"), remedy)


def useless_keys(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, key, nic in index.functions:
        asked_for = [field for field in _USELESS if getattr(nic, field)]
        if site.trace(name, ("nic", key, "model")).file:
            asked_for.append("model")
        for field in asked_for:
            remedy = f"delete {field}"
            if field == "vlan" and nic.vf is not None:
                device, number = nic.vf
                remedy += f", and write vlan in [host.HOST.sriov.{device}.vf.{number}]"
            yield diagnose(
                "PCI003",
                f"nic {key} of {name} is a virtual function and has {field}, which has no effect there",
                site.place("vm", name, "nic", key, field),
                remedy,
                [site.place("vm", name, "nic", key, "vf")],
            )


def _uses(index: SiteIndex) -> Iterator[tuple[str, VirtualFunction, Owner]]:
    """Host, virtual function and the key that names it, for every VM on each of its hosts."""
    for name, vm in index.passing().items():
        for kind, key, function in virtual_functions(vm):
            for host in index.hosts_of[name]:
                yield host, function, (name, kind, key, "vf")


def functions_exist(index: SiteIndex) -> Iterator[Diagnostic]:
    """The host makes the function, and no other guest has it."""
    site = index.site
    first: dict[tuple[str, VirtualFunction], Owner] = {}
    for host, function, owner in _uses(index):
        device, number = function
        text = format_virtual_function(function)
        found = site.hosts[host].sriov.get(device)
        if found is None:
            yield diagnose(
                "PCI004",
                f"{owner[0]} has the virtual function {text}, but {host} makes none of {device}",
                site.place("vm", *owner),
                f"write [host.{host}.sriov.{device}] with vfs, or name a device that makes some",
                [site.place("host", host, part="table")],
            )
        elif number >= found.vfs:
            yield diagnose(
                "PCI004",
                f"{owner[0]} has the virtual function {text}, but {host} makes {_numbers(found.vfs)} of {device}",
                site.place("vm", *owner),
                "choose a lower number, or raise vfs; the first function has the number 0",
                [site.place("host", host, "sriov", device, "vfs")],
            )
        other = first.setdefault((host, function), owner)
        if other != owner:
            message = f"{both(other, owner)} have the same virtual function {text} of {host}"
            yield clash(site, "PCI005", message, (other, owner), "give each a function of its own")


def _numbers(count: int) -> str:
    return "only the function 0" if count == 1 else f"the functions 0 to {count - 1}"


def settings(index: SiteIndex) -> Iterator[Diagnostic]:
    """Settings need a function that is made."""
    site = index.site
    for host, definition in site.hosts.items():
        for device, sriov in ordered(definition.sriov):
            for number in sorted(sriov.vf):
                here = ("host", host, "sriov", device, "vf", number)
                if int(number) >= sriov.vfs:
                    yield diagnose(
                        "PCI006",
                        f"{host} has settings for the virtual function {device}:{number}, "
                        f"but makes {_numbers(sriov.vfs)}",
                        site.place(*here, part="table"),
                        "correct the number, delete the table, or raise vfs",
                        [site.place("host", host, "sriov", device, "vfs")],
                    )


def same_mac(index: SiteIndex) -> Iterator[Diagnostic]:
    """A function has the address of its NIC; an address of its own must not be used elsewhere."""
    site = index.site
    hosts = [(host, found) for host, found in site.hosts.items() if found.sriov]
    if not hosts:
        return
    owners = {(host, function): owner for host, function, owner in _uses(index) if owner[1] == "nic"}
    first: dict[str, tuple[str, ...]] = {}
    first.update((nic.mac, ("vm", name, "nic", key, "mac")) for name, key, nic in index.nics if nic.mac is not None)
    for host, definition in hosts:
        for device, sriov in ordered(definition.sriov):
            for number, function in ordered(sriov.vf):
                if function.mac is None:
                    continue
                here = ("host", host, "sriov", device, "vf", number, "mac")
                owner = owners.get((host, (device, int(number))))
                other = first.setdefault(function.mac, here)
                if owner is not None:
                    message = (
                        f"the virtual function {device}:{number} of {host} has a MAC address, "
                        f"and nic {owner[2]} of {owner[0]}, which has the function, brings its own"
                    )
                    remedy = "delete mac here; the address of the nic is in the lock, or write mac in the nic"
                    yield diagnose("PCI008", message, site.place(*here), remedy, [site.place("vm", *owner)])
                elif other != here:
                    message = f"the virtual function {device}:{number} of {host} has a MAC address that another has"
                    yield diagnose("PCI008", message, site.place(*here), "choose another", [site.place(*other)])
