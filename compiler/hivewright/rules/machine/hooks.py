"""Hooks: what can be refused, and what never comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.model.guest import MAY_REFUSE, MOMENTS
from hivewright.rules.site_index import SiteIndex, diagnose, listed

if TYPE_CHECKING:
    from hivewright.model.vm import Vm


def refusals(index: SiteIndex) -> Iterator[Diagnostic]:
    """A hook can refuse what comes after it; of what has happened there is nothing to refuse."""
    for name, vm in index.using("hooks"):
        for moment in MOMENTS:
            for number, hook in enumerate(getattr(vm.hooks, moment)):
                if hook.on_failure == "refuse" and moment not in MAY_REFUSE:
                    yield diagnose(
                        "VM111",
                        f"a {moment} hook of {name} cannot refuse anything",
                        index.site.place("vm", name, "hooks", moment, number, "on_failure"),
                        f'write on_failure = "warn", or delete it; hooks that may refuse are those of '
                        f"{listed(each for each in MOMENTS if each in MAY_REFUSE)}",
                    )


def never_run(index: SiteIndex) -> Iterator[Diagnostic]:
    """Hooks of moments that do not come."""
    for name, vm in index.using("hooks"):
        for moment, why, remedy in _absent(index, name, vm):
            if getattr(vm.hooks, moment):
                yield diagnose(
                    "VM133",
                    f"the {moment} hooks of {name} never run: {why}",
                    index.site.place("vm", name, "hooks", moment),
                    remedy,
                    severity="warning",
                )


def _absent(index: SiteIndex, name: str, vm: Vm) -> Iterator[tuple[str, str, str]]:
    """Moments that do not come for a VM, why, and what to do."""
    hosts = index.hosts_of[name]
    if hosts and not any("snapshot" in index.site.hosts[host].capabilities for host in hosts):
        why = f"the bhyve of {listed(hosts, 'or')} is not said to save guests"
        yield "checkpoint", why, f'write capabilities = ["snapshot"] in [host.{hosts[0]}] if it does, or delete them'
    if len(hosts) == 1:
        yield "migrate", f"it lives on {hosts[0]} alone", "name all hosts that it may live on in hosts, or delete them"
    if vm.replicate is None:
        yield "failover", "no host keeps copies of it", "write replicate, or delete them"
    if vm.on_reboot not in ("restart", "rename-restart"):
        why = f'on_reboot is "{vm.on_reboot}", so that bhyve is not run again'
        yield "reboot", why, 'write on_reboot = "restart", or delete them'
