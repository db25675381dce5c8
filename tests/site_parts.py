"""Whether what rules compare between VMs of different hosts is among their claims.

A large site is checked in parts: the VMs of the hosts on which one changed. A fault that is seen only where VMs of
other hosts are there has to show in the claims of the two; ``rule_checks`` asks so of every site of the tests of rules.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from hivewright.diagnostics import Diagnostic
from hivewright.rules import check_rules, prefixes_differ, site_claims
from hivewright.site import Site


def check(site: Site) -> list[Diagnostic]:
    """What rules say of a site; asserts that they say it of its parts too, or that claims tell."""
    for each in (site, spread(site)):
        for vm in each.vms if len(each.vms) > 1 else ():
            assert_claims_tell(each, vm)
    return check_rules(site)


def spread(site: Site) -> Site:
    """The same site with a host of its own for each VM of one host, each like the one that it had."""
    hosts, vms = dict(site.hosts), dict(site.vms)
    networks, storages = dict(site.host_networks), dict(site.host_storages)
    for number, (name, vm) in enumerate(site.vms.items()):
        if vm.host is not None and vm.host in site.hosts:
            own = f"{vm.host}-{number}"
            hosts[own] = site.hosts[vm.host]
            networks.update({(own, key): found for (host, key), found in site.host_networks.items() if host == vm.host})
            storages.update({(own, key): found for (host, key), found in site.host_storages.items() if host == vm.host})
            vms[name] = vm.model_copy(update={"host": own})
    return replace(site, hosts=hosts, vms=vms, host_networks=networks, host_storages=storages)


def only(site: Site, vms: Collection[str]) -> Site:
    return replace(site, vms={name: vm for name, vm in site.vms.items() if name in vms})


def assert_claims_tell(site: Site, vm: str) -> None:
    """Of a VM that would be new: the fault is seen beside the VMs of its hosts, or its claims meet those of others."""
    hosts = {*site.hosts_of(site.vms[vm])}
    beside = [name for name, other in site.vms.items() if not hosts.isdisjoint(site.hosts_of(other))]
    rest = only(site, site.vms.keys() - {vm})
    if any(vm in other.after for other in rest.vms.values()) or not {*site.vms[vm].after} <= {*beside}:
        return  # a reference to what is not there, which is found before the rules are asked
    if len(beside) == len(site.vms) or check_rules(rest) or check_rules(only(site, beside)) or not check_rules(site):
        return
    known, new = site_claims(rest), site_claims(only(site, beside))
    others = {claim for name in site.vms.keys() - beside for claim in known.alone[name]}
    differ = any(prefixes_differ({*known.prefixes.get(subnet, ()), *texts}) for subnet, texts in new.prefixes.items())
    assert differ or not others.isdisjoint(new.alone[vm]), (vm, check_rules(site))
