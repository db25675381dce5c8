"""``show --origin``: each word of the command can be traced to what it follows from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builders import build_site
from hivewright.allocation.allocate import allocate
from hivewright.bhyve.releases import TABLE
from hivewright.lower import lower
from hivewright.lower.origins import RULES, origins
from hivewright.site import Layer
from projects import CHECKOUT

FULL: dict[str, Any] = {
    "cpus": 4,
    "topology": "wide",
    "pin": {"0": "4"},
    "memory": "4G",
    "disk": {"root": {"storage": "fast", "size": "20G"}},
    "nic": {"lan": {"network": "lan", "tap": "tapweb0"}},
    "rng": {"slot": "1:0:0"},
    "cloud_init": True,
}
TABLES: dict[str, Any] = {
    "topologies": {"wide": {"cores": 4}},
    "networks": {"lan": {"kind": "bridge", "mtu": 9000}},
}


def traced(vm: dict[str, Any], host: dict[str, Any], layers: tuple[Layer, ...] = ()) -> dict[str, list[str]]:
    site = build_site({"web1": vm}, hosts={"alpha": host}, **TABLES)
    if layers:
        site = replace(site, layers={"web1": layers})
    allocation = allocate(site, {})
    plan = lower(site, allocation).plans[0].vms[0]
    found = origins(site, plan)
    assert [word for word, _ in found] == [*(word for option in plan.options for word in option.words), "web1"]
    assert all(texts for _, texts in found)
    return {word.partition(",")[0]: texts for word, texts in found}


def test_texts() -> None:
    host = {"freebsd": "14.3", "network": {"lan": {"mtu": 1600}}}
    found = traced(FULL, host)
    assert found["4G"] == ["vm.web1.memory (vms.toml)"]
    assert found["cpus=4"] == ["vm.web1.cpus (vms.toml)", "vm.web1.topology (vms.toml)", "topology.wide"]
    assert found["-A"] == ["default machine.acpi", f"rule acpi: {RULES['acpi']}"]
    assert found["0:3:0"] == [
        "default disk.root.bus",
        "vm.web1.disk.root.storage (vms.toml)",
        "storage.fast.dataset (storages.toml)",
        "default disk.root.serial",
        "lock slots.disk.root (locks/web1.toml)",
    ]
    assert "vm.web1.nic.lan.tap (vms.toml)" in found["0:4:0"]
    assert "host.alpha.network.lan.mtu (hosts.toml)" in found["0:4:0"]
    assert found["web1"] == ["vm.web1 (vms.toml)"]


def test_layers_are_named() -> None:
    vm = {"memory": "4G", "cpus": 2, "machine": {"rtc": "utc"}}
    layers = (
        Layer("vm", "vms.toml", ("vm", "web1"), {}),
        Layer("template small", "templates.toml", ("template", "small"), {"memory": "4G"}),
        Layer("profile debian-13", "profiles/linux/debian-13.toml", ("vm",), {"machine": {"rtc": "utc"}}),
        Layer("defaults", "site.toml", ("defaults",), {"cpus": 2}),
    )
    found = traced(vm, {"freebsd": "14.3"}, layers)
    assert found["4G"] == ["template small: memory (templates.toml)"]
    assert found["-u"] == ["profile debian-13: machine.rtc (profiles/linux/debian-13.toml)"]
    assert found["cpus=2"][0] == "defaults: cpus (site.toml)"


@pytest.mark.parametrize(("release", "arch"), [*sorted(TABLE)[:1], *sorted(TABLE)[-2:]])
def test_every_word_of_every_kind_of_host_has_an_origin(release: str, arch: str) -> None:
    traced(FULL, {"freebsd": release, "arch": arch})


def test_every_rule_has_a_reason() -> None:
    package = CHECKOUT / "compiler" / "hivewright" / "lower"
    source = "".join(path.read_text() for path in package.rglob("*.py"))
    named = {part.partition('"')[0] for part in source.split('"rule:')[1:]}
    assert named == set(RULES)
