"""A site on one page of HTML, which needs no other file: hosts, their guests, and what is used twice nowhere."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from hivewright.plan import HostPlan, VmPlan
from hivewright.site import Site
from hivewright.values import format_size
from hivewright.views.html import Html, element, listed, table

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 90em; padding: 0 1em; }
table { border-collapse: collapse; margin: .5em 0 1.5em; }
th, td { border: 1px solid #8886; padding: .25em .6em; text-align: left; vertical-align: top; }
th { background: #8882; white-space: nowrap; }
td div + div { margin-top: .25em; }
td span { white-space: nowrap; }
h2 { border-bottom: 2px solid #8886; margin-top: 2em; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #dde; } a { color: #8cf; } }
@media screen and (max-width: 80em) {
  table, tbody, tr, td { display: block; border: 0; padding: 0; overflow-wrap: anywhere; }
  thead { display: none; }
  tr { border-top: 1px solid #8886; padding: .5em 0; }
  td { padding-left: 7em; text-indent: -7em; }
  td::before { content: attr(data-head); display: inline-block; width: 7em; text-indent: 0; opacity: .7; }
  td:empty { display: none; }
  td div { text-indent: 0; }
  td div:first-child { display: inline; }
  td span { white-space: normal; }
}
"""


def report(site: Site, plans: Sequence[HostPlan]) -> str:
    """The page. ``plans`` are the hosts of the site, in their order."""
    title = f"Site {site.table.name}"
    names = [element("a", plan.name, href=f"#{_anchor(plan.name)}") for plan in plans]
    names.append(element("a", "the whole site", href="#site"))
    head = Html(
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
        + element("title", title)
        + f"\n<style>{_STYLE}</style>"
    )
    parts = [
        element("h1", title),
        element("p", f"{_count(len(plans), 'host')}, {_count(len(site.vms), 'guest')}: ", Html(", ".join(names))),
        *(part for plan in plans for part in _host(plan)),
        element("h2", "The whole site", id="site"),
        table("Addresses", ("address", "guest", "NIC", "network"), _addresses(plans)),
        table("Screens", ("VNC", "host", "guest"), _screens(plans)),
        table("Devices of hosts that guests have", ("host", "device", "guest"), _devices(plans)),
    ]
    body = element("body", Html("\n" + "\n".join(part for part in parts if part) + "\n"))
    return f'<!DOCTYPE html>\n<html lang="en">\n{element("head", head)}\n{body}\n</html>\n'


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _anchor(host: str) -> str:
    return f"host-{host}"


def _host(plan: HostPlan) -> Iterator[Html]:
    own = [vm for vm in plan.vms if vm.home == plan.name]
    yield element("h2", plan.name, id=_anchor(plan.name))
    cpus = f" on {plan.cpus} CPUs" if plan.cpus else ""
    memory = f" of {format_size(plan.memory)}" if plan.memory else ""
    given = f"{sum(vm.cpus for vm in own)} vCPUs{cpus} and {format_size(sum(vm.memory for vm in own))}{memory}"
    yield element("p", f"FreeBSD {plan.freebsd}, {plan.arch}. Its own guests have {given} of memory.")
    heads = ("guest", "what it is", "vCPUs", "memory", "disks", "NICs", "reached by", "starts")
    yield table("Guests", heads, (_guest(vm) for vm in plan.vms))
    networks = (
        (each.name, each.kind, each.interface, ", ".join(each.uplinks) or "none", str(each.mtu))
        for each in plan.networks
    )
    yield table("Networks", ("network", "kind", "interface", "uplink", "MTU"), networks)
    given_to_it = ((each.group, " ".join(each.words), each.reason) for each in plan.preparation)
    yield table("What it must be given", ("kind", "what", "for"), given_to_it)


def _guest(vm: VmPlan) -> Sequence[str]:
    told = [step.words[0] for step in vm.told if step.verb == "called"]
    names = [*([f"profile {vm.profile}"] if vm.profile else []), *told, *([vm.description] if vm.description else [])]
    said = {(kind, name): f" ({text})" for kind, name, text in vm.descriptions}
    disks = [
        f"{disk.name}{said.get(('disk', disk.name), '')}: "
        f"{format_size(disk.size) if disk.size else 'as it is'}, {disk.path}"
        for disk in vm.disks
    ]
    nics = [
        f"{nic.name}{said.get(('nic', nic.name), '')}: "
        f"{' '.join(word for word in (nic.network, nic.address, nic.mac) if word)}"
        for nic in vm.nics
    ]
    reached = [*([f"VNC {vm.vnc}"] if vm.vnc else []), *(f"{port} {device}" for port, device in vm.consoles)]
    name = element("strong", vm.name)
    tags = [f"@{tag}" for tag in vm.tags]
    cells = (listed((name, *tags)), listed(names), str(vm.cpus), format_size(vm.memory))
    return (*cells, listed(disks), listed(nics), listed(reached), _starts(vm))


def _starts(vm: VmPlan) -> str:
    if vm.home != vm.host:
        return f"on {vm.home}"
    if not vm.autostart:
        return "by hand"
    return f"{vm.order}, after {', '.join(vm.after)}" if vm.after else str(vm.order)


def _addresses(plans: Sequence[HostPlan]) -> Sequence[Sequence[str]]:
    """All static addresses, as numbers are ordered; a guest of several hosts once."""
    found = {
        (address, vm.name, nic.name, nic.network)
        for plan in plans
        for vm in plan.vms
        if vm.home == plan.name
        for nic in vm.nics
        for address in nic.address.replace(",", " ").split()
    }
    return sorted(found, key=_number)


def _number(row: Sequence[str]) -> tuple[int, int, Sequence[str]]:
    try:
        address = ipaddress.ip_interface(row[0])
    except ValueError:
        return 0, 0, row
    return address.version, int(address), row


def _screens(plans: Sequence[HostPlan]) -> Sequence[Sequence[str]]:
    return sorted((vm.vnc, plan.name, vm.name) for plan in plans for vm in plan.vms if vm.vnc and vm.home == plan.name)


def _devices(plans: Sequence[HostPlan]) -> Sequence[Sequence[str]]:
    return sorted(
        (plan.name, f"{name}: {what}", vm.name) for plan in plans for vm in plan.vms for name, what in vm.passthrough
    )
