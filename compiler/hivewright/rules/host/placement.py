"""On which hosts a VM may run, and names that clash there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.rules.site_index import Owner, SiteIndex, both, clash, clashes, diagnose, host_place, listed
from hivewright.source import RUNTIME


def host_called_runtime(index: SiteIndex) -> Iterator[Diagnostic]:
    """build/runtime is the folder of what is the same on every host."""
    if RUNTIME in index.site.hosts:
        yield diagnose(
            "HOST011",
            f"a host cannot be called {RUNTIME}: build/{RUNTIME} is the runtime of all hosts",
            index.site.place("host", RUNTIME, part="table"),
            f"give it another name, such as [host.{RUNTIME}1], here and where guests name it",
        )


if TYPE_CHECKING:
    from hivewright.model.host import Host


def one_host(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, vm in index.using("hosts"):
        if vm.hosts and vm.host is not None:
            yield diagnose(
                "VM001",
                f"{name} has both host and hosts",
                site.place("vm", name, "hosts"),
                "keep one of them: host for a VM that stays, hosts for one that can move",
                [site.place("vm", name, "host")],
            )


def host_repeated(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, vm in index.using("hosts"):
        if len(vm.hosts) < 2:
            continue
        seen: dict[str, int] = {}
        for position, host in enumerate(vm.hosts):
            first = seen.setdefault(host, position)
            if first != position:
                yield diagnose(
                    "VM002",
                    f"{name} names the host {host} twice",
                    site.place("vm", name, "hosts", position),
                    "delete one of the two",
                    [site.place("vm", name, "hosts", first)],
                )


def hosts_alike(index: SiteIndex) -> Iterator[Diagnostic]:
    """A guest of one architecture cannot move to another; bhyve of another release may show it other hardware."""
    site = index.site
    for name, names in index.hosts_of.items():
        if len(names) < 2:
            continue
        home = names[0]
        for host in names[1:]:
            freebsd = (site.place("host", host, "freebsd"), site.place("host", home, "freebsd"))
            arch = (site.place("host", host, "arch"), site.place("host", home, "arch"))
            if site.hosts[host].arch != site.hosts[home].arch:
                yield diagnose(
                    "VM003",
                    f"{name} cannot move between {home} ({site.hosts[home].arch}) and {host} "
                    f"({site.hosts[host].arch}): a guest runs on one architecture only",
                    host_place(site, name),
                    f"delete {home} or {host} from its hosts",
                    arch,
                )
            elif _branch(site.hosts[host]) != _branch(site.hosts[home]):
                yield diagnose(
                    "VM004",
                    f"{name} may see other hardware when it moves between {home} (FreeBSD "
                    f"{site.hosts[home].freebsd}) and {host} (FreeBSD {site.hosts[host].freebsd})",
                    host_place(site, name),
                    "bring the hosts to the same major release, or delete one of them from its hosts",
                    freebsd,
                    "warning",
                )


def _branch(host: Host) -> str:
    """``14`` of the release ``14.3``."""
    return host.freebsd.partition(".")[0]


def names_alike(index: SiteIndex) -> Iterator[Diagnostic]:
    """Names become rc.conf variables, in which - becomes _ (rc.subr(8))."""
    site = index.site
    if not any("-" in name for name in site.vms) or not any("_" in name for name in site.vms):
        return
    claims = (((host, name.replace("-", "_")), (name,)) for host, vms in index.guests.items() for name in vms)
    for (host, _), first, second in clashes(claims):
        yield diagnose(
            "VM005",
            f"the names {listed((first[0], second[0]))} on {host} differ only by - and _, "
            "which are the same in a variable of rc.conf",
            site.place("vm", *second, part="table"),
            "rename one of the two",
            [site.place("vm", *first, part="table")],
        )


def aliases(index: SiteIndex) -> Iterator[Diagnostic]:
    """Who reads another name of a guest on its host takes it for that guest: hivectl(8) tells it, and hooks get it."""
    named = dict(index.using("alias"))
    if not named:
        return
    claims: list[tuple[tuple[str, str], Owner]] = [
        ((host, vm), (vm,)) for host, vms in index.guests.items() for vm in vms
    ]
    claims += [
        ((host, str(vm.alias)), (name, "alias"))
        for host, vms in index.guests.items()
        for name, vm in vms.items()
        if name in named and vm.alias not in (None, name)
    ]
    for (host, alias), first, second in clashes(claims):
        if len(first) == 1:
            yield diagnose(
                "VM115",
                f"the alias {alias} of {second[0]} is the name of another VM of {host}",
                index.site.place("vm", *second),
                "write another one, or delete it",
                [index.site.place("vm", *first, part="table")],
            )
        else:
            message = f"{both(first, second)} have the same alias {alias} on {host}"
            remedy = "write another one for one of the two, or delete it"
            yield clash(index.site, "VM115", message, (first, second), remedy)
