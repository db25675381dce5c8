"""The table of kinds of networks: it has every kind, and each of its columns is what the compiler does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

import pytest

from builders import build_site
from hivewright.allocation.allocate import allocate
from hivewright.lower import lower
from hivewright.model.network import AnyNetwork
from hivewright.model.network_kinds import MODULES, NETWORKS, TAP_KEYS, NetworkKind, interface_of, uplink_words
from hivewright.model.nic import Nic
from hivewright.plan import HostPlan
from hivewright.rules import check_rules
from hivewright.site import Site
from runtime_parts import PARTS, functions

Keys = Mapping[str, Any]

REQUIRED: dict[str, Keys] = {
    "manual": {"bridge": "bridge0"},
    "nat": {"ipv4": "10.0.0.1/24", "uplink": "ix0"},
    "vale": {"switch": "vale0"},
    "netgraph": {"node": "vmsw"},
    "vxlan": {"vni": 42, "local": "192.0.2.1", "remote": "192.0.2.2"},
}
ALL = pytest.mark.parametrize("kind", NETWORKS.values(), ids=NETWORKS)


def site_of(kind: NetworkKind, nic: Keys | None = None, network: Keys | None = None) -> Site:
    """A site whose only guest has one NIC on a network of a kind."""
    keys = {"kind": kind.name, **REQUIRED.get(kind.name, {}), **(network or {})}
    addresses = {"ipv4": "192.0.2.131/31", "gateway4": "192.0.2.130"} if kind.name == "routed" else {}
    return build_site(
        {"web1": {"nic": {"lan": {"network": "lan", **addresses, **(nic or {})}}}},
        hosts={"alpha": {"freebsd": "15.1", "ipfw_number": 100}},
        networks={"lan": keys},
    )


def plan_of(site: Site) -> HostPlan:
    (plan,) = lower(site, allocate(site, {})).plans
    return plan


def codes(site: Site) -> set[str]:
    return {diagnostic.code for diagnostic in check_rules(site)}


def test_every_kind_has_one_row() -> None:
    assert {kind.model for kind in NETWORKS.values()} == set(get_args(AnyNetwork))
    assert set(TAP_KEYS) <= set(Nic.model_fields)


@ALL
def test_keys_of_a_row_are_those_of_its_model(kind: NetworkKind) -> None:
    named = {*kind.words, *filter(None, (kind.interface, kind.vlan_filter))}
    assert named <= set(kind.model.model_fields)
    assert set(kind.without_effect) <= set(Nic.model_fields)
    assert {*kind.modules, *kind.uplink_modules} <= set(MODULES)
    assert not kind.takes_uplink or "none" in uplink_words(kind)


@ALL
def test_a_nic_has_a_tap_or_another_backend(kind: NetworkKind) -> None:
    plan = plan_of(site_of(kind))
    steps = {step.verb for step in plan.vms[0].prepare} & {"tap", "routed"}
    assert steps == ({"tap" if kind.bridged else "routed"} if kind.taps else set())
    for key, value in (("persistent", True), ("rate_limit", {"in": "1Mbit"})):
        assert ("NET030" in codes(site_of(kind, {key: value}))) == (not kind.taps)


@ALL
def test_the_host_is_told_what_the_row_says(kind: NetworkKind) -> None:
    site = site_of(kind)
    plan = plan_of(site)
    (network,) = plan.networks
    assert network.interface == interface_of("lan", site.host_networks["alpha", "lan"])
    assert bool(network.steps) == kind.made
    assert set(plan.modules) & set(MODULES) == {
        *kind.modules,
        *(kind.uplink_modules if network.uplinks else ()),
    }
    forwards = any(setting.name == "gateway_enable" for setting in plan.rc)
    assert forwards == kind.host_forwards
    for step in network.steps:
        assert {key.removeprefix("network:lan.") for key in step.keys} <= set(kind.model.model_fields)


@ALL
def test_an_uplink_that_a_network_takes_is_watched_and_brings_its_modules(kind: NetworkKind) -> None:
    if "uplink" not in kind.model.model_fields:
        assert not kind.takes_uplink
        return
    plan = plan_of(site_of(kind, network={"uplink": "ix7.1"} if kind.uplink_note else {"uplink": "ix7"}))
    watched = any("ix7" in pattern for rule in plan.devd for _, pattern in rule.matches)
    assert watched == kind.takes_uplink
    assert set(kind.uplink_modules) <= set(plan.modules)
    note = kind.uplink_note.format(uplink="ix7.1", rc_name="ix7_1")
    assert not note or f"Network lan: {note}" in plan.notes


@ALL
def test_ports_of_the_host_lead_to_guests_where_the_row_says(kind: NetworkKind) -> None:
    nic = {"ipv4": "10.0.0.10/24"} if kind.name != "routed" else {}
    forward = {"web": {"port": 8080, "to": 80}}
    assert ("NET022" in codes(site_of(kind, {"forward": forward, **nic}))) == (not kind.ports_lead_in)


@ALL
@pytest.mark.parametrize(("key", "value"), [("private", True), ("tap", "tap-own"), ("vlan", 10), ("trunk", [20])])
def test_a_key_without_effect_is_told(kind: NetworkKind, key: str, value: object) -> None:
    assert ("NET026" in codes(site_of(kind, {key: value}))) == (key in kind.without_effect)
    if kind.vlan_filter:
        assert "NET026" not in codes(site_of(kind, {"vlan": 10}, {kind.vlan_filter: True}))


@ALL
def test_two_hosts_may_have_the_same_address_where_networks_are_theirs_alone(kind: NetworkKind) -> None:
    for uplink in ("none", "ix7") if kind.takes_uplink else (None,):
        keys = {"kind": kind.name, **REQUIRED.get(kind.name, {}), **({"uplink": uplink} if uplink else {})}
        nic = {"network": "lan", "ipv4": "10.0.0.10/24"}
        site = build_site(
            {name: {"host": host, "nic": {"lan": nic}} for name, host in (("a", "alpha"), ("b", "beta"))},
            hosts={"alpha": {"freebsd": "15.1"}, "beta": {"freebsd": "15.1"}},
            networks={"lan": keys},
        )
        alone = kind.behind_host or uplink == "none"
        assert ("VM015" in codes(site)) == (not alone)


def test_the_runtime_makes_the_kinds_that_are_made() -> None:
    """Each has a branch of its own where the maker and the undo of a network are chosen."""
    bodies = {name: body for path in PARTS for name, body in functions(path).items()}
    wanted = sorted(kind.name for kind in NETWORKS.values() if kind.made)
    for function in ("make_network", "remove_network"):
        labels = re.findall(r"^\t([a-z|]+)\)", "\n".join(bodies[function]), re.MULTILINE)
        assert sorted(name for label in labels for name in label.split("|")) == wanted
