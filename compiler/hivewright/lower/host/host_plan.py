"""A whole host: its guests, networks, kernel modules, devd rules, and what its administrator must do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hivewright.allocation.allocate import Allocation
from hivewright.allocation.slots import slot_keys
from hivewright.bhyve.releases import features
from hivewright.diagnostics import Diagnostic
from hivewright.lower.context import Guest, Lowered
from hivewright.lower.devices.iscsi import iscsi_lines
from hivewright.lower.guest.limits import lower_accounting
from hivewright.lower.guest.vm_plan import lower_guest
from hivewright.lower.host.boot import (
    RC_TIMEOUT,
    lower_admin,
    lower_kernel,
    lower_loader_conf,
    lower_modules,
    lower_notes,
)
from hivewright.lower.host.devd import lower_devd, pools_of, tells_limits, uplinks_of
from hivewright.lower.host.events import own_rules
from hivewright.lower.host.nat import fragments, lower_lines, lower_rc, reservations
from hivewright.lower.host.networks import lower_networks
from hivewright.lower.host.preparation import lower_preparation
from hivewright.lower.host.rates import lower_rates, rate_lines, rate_notes, rate_settings
from hivewright.lower.host.sriov import iov_notes, iov_settings, lower_iov, users_of
from hivewright.lower.seed.nocloud import SeedWriter
from hivewright.model.host import Host, receives_at
from hivewright.plan import DevdRule, HostPlan, NetworkPlan, VmPlan
from hivewright.site import Site
from hivewright.site.start_order import depths, stopping_time

_PPTDEVS = 3


def lower(site: Site, allocation: Allocation) -> Lowered:
    """The plans of all hosts, sorted by name. The site must have passed the rules."""
    seeds = SeedWriter()
    return _joined([_lower_host(site, allocation, host, seeds) for host in sorted(site.hosts)])


def lower_host(site: Site, allocation: Allocation, host: str, seeds: SeedWriter) -> Lowered:
    """The plan of one host; ``seeds`` caches what the seeds of all hosts have in common."""
    return _joined([_lower_host(site, allocation, host, seeds)])


def _joined(results: Iterable[tuple[HostPlan, list[Diagnostic]]]) -> Lowered:
    plans: list[HostPlan] = []
    diagnostics: dict[Diagnostic, None] = {}
    for plan, found in results:
        plans.append(plan)
        # A VM of several hosts has the same diagnostics on each of them.
        diagnostics.update(dict.fromkeys(found))
    return Lowered(tuple(plans), tuple(diagnostics))


def _guests(site: Site, allocation: Allocation, host: str) -> list[Guest]:
    definition = site.hosts[host]
    supported = features(definition.freebsd, definition.arch)
    return [
        Guest(
            site=site,
            host_name=host,
            host=definition,
            features=supported,
            name=name,
            vm=vm,
            lock=allocation.locks[name],
            fixed=slot_keys(vm),
        )
        for name, vm in site.guests[host].items()
    ]


def _lower_host(site: Site, allocation: Allocation, name: str, seeds: SeedWriter) -> tuple[HostPlan, list[Diagnostic]]:
    host = site.hosts[name]
    supported = features(host.freebsd, host.arch)
    vms = site.guests[name]
    depth = depths(vms)
    diagnostics: list[Diagnostic] = []
    plans: list[VmPlan] = []
    guests = _guests(site, allocation, name)
    for guest in guests:
        plan, found = lower_guest(guest, depth[guest.name], seeds)
        plans.append(plan)
        diagnostics += found
    plans.sort(key=lambda plan: (plan.order, plan.depth, plan.name))
    networks = lower_networks(site, name, {nic.network for plan in plans for nic in plan.nics if nic.network})
    modules = lower_modules(plans, networks)
    iov = tuple(lower_iov(host, users_of(guests))) if host.sriov else ()
    selectors = {selector for plan in plans for selector in plan.pptdevs}
    passes = any(plan.passthrough for plan in plans)
    loader = (*lower_loader_conf(modules, selectors, host.iommu if passes else None), *lower_accounting(plans))
    if sum(setting.name.startswith("pptdevs") for setting in loader) > _PPTDEVS:
        diagnostics.append(_too_many_devices(site, name))
    known = ((nic.network, nic.mac, plan.name, nic.address) for plan in plans for nic in plan.nics)
    rates = lower_rates(guests)
    files = tuple(fragments(networks, reservations(networks, known), rates.sections))
    diagnostics += _same_ports(site, name, plans)
    shutdown_timeout = host.shutdown_timeout or max(stopping_time(vms), RC_TIMEOUT)
    return HostPlan(
        name=name,
        freebsd=host.freebsd,
        arch=host.arch,
        cpus=host.cpus or 0,
        memory=host.memory or 0,
        source=f"{site.homes.get(('host', name), '')} [host.{name}]".lstrip(),
        shutdown_timeout=shutdown_timeout,
        vms=tuple(plans),
        networks=networks,
        modules=modules,
        loader=loader,
        admin=tuple(lower_admin(shutdown_timeout)) if plans else (),
        devd=tuple(_devd(plans, networks, bool(selectors) or any(plan.functions for plan in iov), host.bhyve)),
        notes=(
            *lower_notes(plans, networks, supported.member_addresses, host.iommu),
            *(*iov_notes(iov), *rate_notes(rates)),
        ),
        preparation=tuple(lower_preparation(site, guests, plans, networks, _peers(site, name, plans))),
        lines=(
            *lower_lines(files, networks, bool(rates.sections), rate_lines(rates)),
            *iscsi_lines(plans),
        ),
        fragments=files,
        iov=iov,
        rc=(*iov_settings(iov), *lower_rc(networks, bool(rates.sections))),
        replicates=any(plan.replicate for plan in plans),
        peers=_peers(site, name, plans),
        live=_live(host),
        kernel=(*(lower_kernel(shutdown_timeout) if plans else ()), *rate_settings(rates)),
        metrics=host.metrics.path if host.metrics else None,
        starts=tuple(_starts(host)),
        logs=tuple(_logs(host)),
    ), diagnostics


def _devd(plans: Sequence[VmPlan], networks: Iterable[NetworkPlan], passes: bool, program: str) -> Iterator[DevdRule]:
    names = [plan.name for plan in plans]
    yield from lower_devd(names, uplinks_of(networks), passes, pools_of(plans), tells_limits(plans), program)
    yield from own_rules(plans)


def _starts(host: Host) -> Iterator[str]:
    """The words by which host.conf says how the start of all guests is spread."""
    if host.start_side_by_side is not None:
        yield f"side_by_side={host.start_side_by_side}"
    if host.start_delay:
        yield f"delay={host.start_delay}"


def _logs(host: Host) -> Iterator[str]:
    """The words by which host.conf says how large logs grow, in KiB, and how many copies are kept."""
    usual = Host.model_fields["logs"].get_default(call_default_factory=True)
    if host.logs.size != usual.size:
        yield f"size={host.logs.size // 1024}"
    if host.logs.copies != usual.copies:
        yield f"copies={host.logs.copies}"


def _peers(site: Site, host: str, plans: Iterable[VmPlan]) -> tuple[tuple[str, ...], ...]:
    names = sorted({other for plan in plans for other in plan.hosts if other != host})
    return tuple((name, site.hosts[name].address or name, *_live(site.hosts[name])) for name in names)


def _live(host: Host) -> tuple[str, ...]:
    """Where its bhyve waits for a guest that another host sends while it runs; nowhere without that capability."""
    address = receives_at(host)
    return (address, str(host.live_migration.port)) if address and "live-migration" in host.capabilities else ()


def _same_ports(site: Site, host: str, plans: Iterable[VmPlan]) -> Iterator[Diagnostic]:
    """Ports of switches are named after the end of the MAC address, which explicit addresses may share."""
    first: dict[str, tuple[str, str]] = {}
    for plan in plans:
        for nic in plan.nics:
            if ":" not in nic.tap:
                continue
            other = first.setdefault(nic.tap, (plan.name, nic.name))
            if other != (plan.name, nic.name):
                yield Diagnostic(
                    "BHYVE002",
                    f"nic {other[1]} of {other[0]} and nic {nic.name} of {plan.name} would both be the port {nic.tap} "
                    f"on {host}",
                    site.place("vm", plan.name, "nic", nic.name, "mac"),
                    "give one of them a MAC address with other last three octets; ports are called after these",
                    (site.place("vm", other[0], "nic", other[1], "mac"),),
                )


def _too_many_devices(site: Site, name: str) -> Diagnostic:
    return Diagnostic(
        "BHYVE001",
        f"the passthrough devices of {name} do not fit into pptdevs, pptdevs2 and pptdevs3",
        site.place("host", name, "device", part="table"),
        "give fewer devices to guests; a loader variable holds 128 characters, and there are three",
    )
