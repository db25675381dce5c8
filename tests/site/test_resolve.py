"""Layers of a VM: which wins, what merges, what rules out what, and that nothing is changed on the way."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import BASE, LoadSite, write_files
from hivewright.diagnostics import Place
from hivewright.model.vm import Vm
from hivewright.site import Site
from hivewright.site.resolve import merge


def site_of(load_site: LoadSite, text: str) -> Site:
    loaded = load_site(BASE + text)
    assert loaded.diagnostics == ()
    assert loaded.site is not None
    return loaded.site


def vm_of(load_site: LoadSite, text: str) -> Vm:
    return site_of(load_site, text).vms["web1"]


@pytest.mark.parametrize("strongest", range(5))
def test_precedence(load_site: LoadSite, tmp_path: Path, strongest: int) -> None:
    """[defaults] < profile < inherit, in order < the VM."""
    keys = [f"order = {number}\n" if number <= strongest else "" for number in range(5)]
    profile = f'os = "other"\ndescription = "x"\n[vm]\n{keys[1]}'
    write_files(tmp_path, {"profiles/other/mine.toml": profile})
    vm = vm_of(
        load_site,
        f'[defaults]\nmemory = "1G"\n{keys[0]}[template.a]\n{keys[2]}[template.b]\n{keys[3]}'
        f'[vm.web1]\nhost = "alpha"\nprofile = "mine"\ninherit = ["a", "b"]\n{keys[4]}',
    )
    assert vm.order == strongest


def test_tables_merge_key_by_key_and_arrays_are_replaced(load_site: LoadSite) -> None:
    vm = vm_of(
        load_site,
        '[user.a]\n[user.b]\n[defaults]\nmemory = "1G"\ncloud_init = { users = ["a"], packages = ["x"] }\n'
        '[vm.web1]\nhost = "alpha"\ncloud_init.users = ["b"]\n',
    )
    assert vm.cloud_init is not None
    assert (vm.cloud_init.users, vm.cloud_init.packages) == (("b",), ("x",))


@pytest.mark.parametrize(("switch", "port"), [("true", 5901), ("false", None)])
def test_switch_turns_a_table_of_a_lower_layer_on_and_off(load_site: LoadSite, switch: str, port: int | None) -> None:
    vm = vm_of(load_site, f'[defaults]\nmemory = "1G"\nvnc.port = 5901\n[vm.web1]\nhost = "alpha"\nvnc = {switch}\n')
    assert (vm.vnc.port if vm.vnc is not None else None) == port


@pytest.mark.parametrize(
    ("lower", "upper"), [('host = "beta"', 'hosts = ["alpha"]'), ('hosts = ["beta"]', 'host = "alpha"')]
)
def test_host_and_hosts_rule_each_other_out(load_site: LoadSite, lower: str, upper: str) -> None:
    site = site_of(
        load_site,
        f'[host.beta]\nfreebsd = "14.3"\n[defaults]\nmemory = "1G"\n{lower}\n[template.t]\ncpus = 2\n'
        f'[vm.web1]\ninherit = ["t"]\n{upper}\n',
    )
    vm = site.vms["web1"]
    assert site.hosts_of(vm) == ("alpha",)
    assert not (vm.host and vm.hosts)
    assert site.trace("web1", (lower.split()[0],)).label == "default"


def test_path_of_a_disk_rules_out_storage_below_and_the_reverse(load_site: LoadSite) -> None:
    vm = vm_of(
        load_site,
        '[storage.s]\nkind = "directory"\npath = "/srv"\n'
        '[template.t]\nmemory = "1G"\n'
        'disk.a = { storage = "s", size = "1G", bus = "nvme" }\ndisk.b.path = "/dev/ada1"\n'
        '[vm.web1]\nhost = "alpha"\ninherit = ["t"]\n'
        'disk.a.path = "/dev/ada0"\ndisk.b = { storage = "s", size = "2G" }\n',
    )
    first, second = vm.disk["a"], vm.disk["b"]
    assert (first.path, first.storage, first.size, first.bus) == ("/dev/ada0", None, None, "nvme")
    assert (second.path, second.storage, second.size) == (None, "s", 2 * 2**30)


def test_profile_may_come_from_a_template_or_from_defaults(load_site: LoadSite) -> None:
    site = site_of(
        load_site,
        '[defaults]\nprofile = "openbsd-7"\nhost = "alpha"\nmemory = "1G"\n[template.f]\nprofile = "freebsd-14"\n'
        '[vm.a]\n[vm.b]\ninherit = ["f"]\n[vm.c]\ninherit = ["f"]\nprofile = "other"\n',
    )
    assert [vm.profile for vm in site.vms.values()] == ["openbsd-7", "freebsd-14", "other"]
    assert sorted(site.profiles) == ["freebsd-14", "openbsd-7", "other"]


def test_defaults_may_name_templates_until_a_vm_names_its_own(load_site: LoadSite) -> None:
    site = site_of(
        load_site,
        '[defaults]\ninherit = ["a"]\nhost = "alpha"\nmemory = "1G"\n[template.a]\norder = 1\n[template.b]\ncpus = 2\n'
        "[vm.x]\n[vm.y]\ninherit = ['b']\n[vm.z]\ninherit = []\n",
    )
    assert [(vm.order, vm.cpus) for vm in site.vms.values()] == [(1, 1), (50, 2), (50, 1)]


def test_origin_of_each_key_is_the_layer_that_supplied_it(load_site: LoadSite) -> None:
    site = site_of(
        load_site,
        '[network.lan]\nkind = "bridge"\n[defaults]\nmemory = "1G"\n[template.t]\nnic.lan.network = "lan"\n'
        '[vm.web1]\nhost = "alpha"\ninherit = ["t"]\nnic.lan.model = "e1000"\n',
    )
    assert site.trace("web1", ("host",)).label == "vm"
    assert site.trace("web1", ("nic", "lan", "network")).label == "template t"
    assert site.trace("web1", ("memory",)).label == "defaults"
    assert site.trace("web1", ("cpus",)).label == "default"
    network = Place("site.toml", ("template", "t", "nic", "lan", "network"))
    assert site.place("vm", "web1", "nic", "lan", "network") == network
    assert site.place("vm", "web1", "cpus") == Place("site.toml", ("vm", "web1"), "table")


def test_named_tables_of_a_vm_are_in_order(load_site: LoadSite) -> None:
    vm = vm_of(
        load_site,
        '[network.lan]\nkind = "bridge"\n[defaults]\nmemory = "1G"\nnic.c.network = "lan"\n'
        '[vm.web1]\nhost = "alpha"\nnic.b.network = "lan"\nnic.a.network = "lan"\nnic.d.network = "lan"\n',
    )
    assert list(vm.nic) == ["a", "b", "c", "d"]


KEYS = st.sampled_from(["a", "b", "vnc"])
VALUES = st.recursive(st.booleans() | st.integers(0, 3), lambda inner: st.dictionaries(KEYS, inner, max_size=3))
LAYERS = st.dictionaries(KEYS, VALUES, max_size=3)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(LAYERS, LAYERS)
def test_merging_changes_neither_layer_and_keeps_the_stronger(strong: dict[str, Any], weak: dict[str, Any]) -> None:
    before = copy.deepcopy((strong, weak))
    merged = merge(strong, weak)
    assert (strong, weak) == before
    assert merged.keys() == strong.keys() | weak.keys()
    for key, value in strong.items():
        if not isinstance(weak.get(key), dict) or not (isinstance(value, dict) or value is True):
            assert merged[key] == value
    assert merge(merged, {}) == merge({}, merged) == merged
    assert merge(strong, strong) == strong
