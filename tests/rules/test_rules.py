"""The rules beyond what tests/errors shows: where they stay silent, who is first, and what they make of rarer input."""

from __future__ import annotations

import re
from typing import Any

import pytest

from builders import build_site
from hivewright.bhyve.facts import RELEASES
from hivewright.diagnostics import Place
from hivewright.model.device_kinds import KINDS, SLOTTED
from hivewright.rules import RULES, check_rules
from hivewright.rules.site_index import both, clashes, index_site, listed
from projects import CHECKOUT
from rule_checks import Keys, codes, found, two

LAN = {"network": "lan"}
ROOT = {"storage": "fast", "size": "20G"}
FIRST_BOOT = {"users": ["alice"]}


def host(**keys: Any) -> dict[str, Keys]:
    return {"alpha": {"freebsd": "14.3", **keys}}


def test_a_plain_site_has_no_faults() -> None:
    assert codes(two({"disk": {"root": ROOT}, "nic": {"lan": LAN}}, {"nic": {"lan": LAN}})) == []


def test_every_rule_function_is_registered() -> None:
    folder = CHECKOUT / "compiler" / "hivewright" / "rules"
    defined = {
        name
        for path in folder.rglob("*.py")
        for name in re.findall(r"^def ([a-z]\w*)\(index: SiteIndex\) -> Iterator\[Diagnostic\]", path.read_text(), re.M)
    }
    assert {rule.__name__ for rule in RULES} == defined
    assert len(RULES) == len(set(RULES))


def test_names_that_refer_to_nothing_are_passed_over() -> None:
    nothing = "nothing"
    keys = {
        "after": [nothing],
        "topology": nothing,
        "nic": {"lan": {"network": nothing, "mtu": 9000, "tap": "tap0"}},
        "disk": {"root": {"storage": nothing, "size": "1025K", "image": nothing, "properties": {"compression": "on"}}},
        "cd": {"install": {"image": nothing}},
        "passthrough": {"gpu": {"device": nothing}},
        "cloud_init": {"users": [nothing], "user_data": "files/nothing.yaml"},
        "vnc": {"port": 5900, "resolution": "1920x1200"},
        "pin": {"0": "1000"},
        "extra_args": ["-n", "id=0"],
    }
    assert codes(build_site({"web1": {"hosts": [nothing], **keys}})) == []
    assert codes(build_site({"web1": {"hosts": [], **keys}})) == []


class TestClashes:
    def test_each_later_owner_is_reported_once_against_the_first(self) -> None:
        claims = [("x", ("a",)), ("y", ("b",)), ("x", ("c",)), ("x", ("b",)), ("y", ("c",))]
        assert list(clashes(claims)) == [("x", ("a",), ("c",)), ("x", ("a",), ("b",))]

    def test_one_owner_does_not_clash_with_itself(self) -> None:
        assert list(clashes([("x", ("a", "nic")), ("x", ("a", "nic"))])) == []

    def test_owners_are_named(self) -> None:
        assert both(("web1", "nic", "lan", "mac"), ("web2", "nic", "lan", "mac")) == "web1 and web2"
        assert both(("web1", "nic", "dmz", "mac"), ("web1", "nic", "lan", "mac")) == "nic dmz and nic lan of web1"

    def test_names_are_listed(self) -> None:
        assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]

    def test_order_of_tables_does_not_matter(self) -> None:
        mac = {"network": "lan", "mac": "58:9c:fc:00:00:01"}
        forward = check_rules(build_site({"web1": {"nic": {"dmz": mac, "lan": mac}}}))
        backward = check_rules(build_site({"web1": {"nic": {"lan": mac, "dmz": mac}}}))
        assert forward == backward
        assert forward[0].place == Place("vms.toml", ("vm", "web1", "nic", "lan", "mac"))


class TestAddresses:
    def test_dhcp_is_no_address(self) -> None:
        nic = {"network": "lan", "ipv4": "dhcp", "ipv6": "auto"}
        assert codes(two({"nic": {"lan": nic}}, {"nic": {"lan": nic}})) == []

    def test_link_local_addresses_are_compared_within_a_network(self) -> None:
        networks = {"lan": {"kind": "bridge", "uplink": "ix0"}, "dmz": {"kind": "bridge", "uplink": "ix1"}}
        first = {"cloud_init": FIRST_BOOT, "nic": {"n": {"network": "lan", "ipv6": "fe80::1/64"}}}
        second = {"cloud_init": FIRST_BOOT, "nic": {"n": {"network": "dmz", "ipv6": "fe80::1/64"}}}
        assert codes(two(first, second, networks=networks)) == []
        assert codes(two(first, first, networks=networks)) == ["VM015"]

    def test_an_address_is_compared_across_networks_with_uplinks(self) -> None:
        networks = {"lan": {"kind": "manual", "bridge": "bridge0"}, "dmz": {"kind": "bridge", "uplink": "ix1"}}
        first = {"cloud_init": FIRST_BOOT, "nic": {"n": {"network": "lan", "ipv4": "192.0.2.1/24", "gateway4": "none"}}}
        second = {
            "cloud_init": FIRST_BOOT,
            "nic": {"n": {"network": "dmz", "ipv4": "192.0.2.1/24", "gateway4": "none"}},
        }
        assert codes(two(first, second, networks=networks)) == ["VM015"]

    @pytest.mark.parametrize(
        ("first", "second", "clash"),
        [
            ("127.0.0.1", "127.0.0.1", True),
            ("127.0.0.1", "192.0.2.1", False),
            ("127.0.0.1", "0.0.0.0", True),
            ("0.0.0.0", "192.0.2.1", True),
            ("0.0.0.0", "0.0.0.0", True),
            ("::", "::1", True),
            ("::1", "::", True),
            ("0.0.0.0", "::1", False),
        ],
    )
    def test_vnc_ports_clash_by_address(self, first: str, second: str, clash: bool) -> None:
        site = two({"vnc": {"port": 5900, "address": first}}, {"vnc": {"port": 5900, "address": second}})
        assert codes(site) == (["VM016"] if clash else [])

    def test_a_vnc_port_shared_on_two_hosts_is_reported_once(self) -> None:
        hosts = {name: {"freebsd": "14.3"} for name in ("alpha", "beta")}
        vm = {"hosts": ["alpha", "beta"], "vnc": {"port": 5900}}
        assert codes(two(vm, vm, hosts=hosts)) == ["VM016"]

    def test_vnc_ports_of_different_hosts_do_not_clash(self) -> None:
        hosts = {name: {"freebsd": "14.3"} for name in ("alpha", "beta")}
        site = two({"host": "alpha", "vnc": {"port": 5900}}, {"host": "beta", "vnc": {"port": 5900}}, hosts=hosts)
        assert codes(site) == []

    @pytest.mark.parametrize(
        ("address", "gateway", "expected"),
        [
            ("10.1.2.3/8", "10.255.255.254", []),
            ("10.1.2.3/9", "10.255.255.254", ["NET010"]),
            ("192.0.2.10/32", "192.0.2.1", ["NET010"]),
            ("192.0.2.0/31", "192.0.2.1", []),
            ("2001:db8::10/64", "2001:db8::ffff:1", []),
            ("2001:db8::10/128", "2001:db8::1", ["NET010"]),
            ("2001:db8::10/64", "febf::1", []),
            ("2001:db8::10/64", "fec0::1", ["NET010"]),
            ("2001:db8::10/64", "2001:db8::10", ["NET011"]),
        ],
    )
    def test_a_gateway_is_in_its_network(self, address: str, gateway: str, expected: list[str]) -> None:
        version = "6" if ":" in address else "4"
        nic = {"network": "lan", f"ipv{version}": address, f"gateway{version}": gateway}
        assert codes(build_site({"web1": {"cloud_init": FIRST_BOOT, "nic": {"lan": nic}}})) == expected


class TestSlots:
    def test_a_framebuffer_that_moved_leaves_its_slot(self) -> None:
        site = build_site({"web1": {"vnc": {"slot": 5}, "nic": {"lan": {**LAN, "slot": 29}}}})
        assert codes(site) == []

    def test_without_a_tablet_slot_30_is_free(self) -> None:
        site = build_site({"web1": {"vnc": {"tablet": False}, "nic": {"lan": {**LAN, "slot": 30}}}})
        assert codes(site) == []

    def test_slot_31_is_free_on_arm64(self) -> None:
        hosts = {"alpha": {"freebsd": "15.0", "arch": "arm64"}}
        assert codes(build_site({"web1": {"nic": {"lan": {**LAN, "slot": 31}}}}, hosts=hosts)) == []

    def test_functions_of_one_slot_need_function_0_among_them(self) -> None:
        nics = {f"n{function}": {**LAN, "slot": f"1:4:{function}"} for function in (0, 1, 7)}
        assert codes(build_site({"web1": {"nic": nics}})) == []
        del nics["n0"]
        assert codes(build_site({"web1": {"nic": nics}})) == ["VM018", "VM018"]

    def test_the_same_slot_on_another_bus_is_another(self) -> None:
        nics = {"a": {**LAN, "slot": "0:4:0"}, "b": {**LAN, "slot": "1:4:0"}}
        assert codes(build_site({"web1": {"nic": nics}})) == []

    @pytest.mark.parametrize("kind", [kind.key for kind in SLOTTED if kind.key != "disk"])
    def test_every_kind_of_device_is_looked_at(self, kind: str) -> None:
        required: dict[str, dict[str, object]] = {
            "cd": {"path": "/a.iso"},
            "passthrough": {"device": "gpu0"},
            "nic": {**LAN},
        }
        required |= {"input": {"device": "/dev/input/event2"}, "share": {"path": "/data"}}
        table = {**required.get(kind, {}), "slot": 4}
        device: dict[str, Any] = {kind: {"one": table} if KINDS[kind].named else table}
        if kind == "controller":
            device["cd"] = {"one": {"path": "/a.iso", "controller": "one"}}
        hosts = host(freebsd=RELEASES[-1], device={"gpu0": {"pci": "2/0/0"}})
        site = build_site({"web1": {"disk": {"root": {**ROOT, "slot": 4}}, **device}}, hosts=hosts)
        (diagnostic,) = [each for each in check_rules(site) if each.code == "VM017"]
        assert {"disk root", f"{kind} one" if KINDS[kind].named else kind} == set(
            diagnostic.message.removesuffix(" of web1 have the same PCI slot 4").split(" and ")
        )


class TestCapacity:
    def test_memory_without_a_figure_is_not_checked(self) -> None:
        assert codes(build_site({"web1": {"memory": "100T"}})) == []

    def test_all_memory_may_be_used(self) -> None:
        hosts = host(memory="4G", reserve_memory="1G")
        assert codes(two({"memory": "1G"}, {"memory": "2G"}, hosts=hosts)) == []
        assert codes(two({"memory": "2G"}, {"memory": "2G"}, hosts=hosts)) == ["HOST004"]

    def test_one_vm_that_is_too_large_is_reported_alone(self) -> None:
        hosts = host(memory="4G")
        assert found(two({"memory": "4G"}, {"memory": "2G"}, hosts=hosts), "HOST005").message.startswith("web1 has 4G")

    def test_a_host_smaller_than_its_reserve_has_nothing_to_give(self) -> None:
        site = build_site({"web1": {"memory": "1G"}}, hosts=host(memory="1G", reserve_memory="2G"))
        assert "has 0 for VMs" in found(site, "HOST005").message

    def test_a_movable_vm_counts_at_home_but_fits_everywhere(self) -> None:
        hosts = {name: {"freebsd": "14.3", "memory": size} for name, size in (("alpha", "9G"), ("beta", "5G"))}
        movable: Keys = {"hosts": ["alpha", "beta"], "memory": "3G"}
        assert codes(two(movable, {"host": "beta", "memory": "3G"}, hosts=hosts)) == []
        assert codes(two({**movable, "memory": "6G"}, {"host": "beta"}, hosts=hosts)) == ["HOST005"]

    def test_sixteen_vcpus_are_fine_on_13(self) -> None:
        assert codes(build_site({"web1": {"cpus": 16}}, hosts=host(freebsd="13.4"))) == []

    def test_a_pin_is_checked_on_every_host(self) -> None:
        hosts = {name: {"freebsd": "14.3", "cpus": cpus} for name, cpus in (("alpha", 8), ("beta", 4))}
        site = build_site({"web1": {"hosts": ["alpha", "beta"], "pin": {"0": "3-4"}}}, hosts=hosts)
        assert "CPU 4, but beta" in found(site, "VM026").message


class TestVersions:
    @pytest.mark.parametrize(
        ("release", "known"), [("13.1", False), ("13.2", True), ("14.0", True), ("15.9", True), ("16.0", False)]
    )
    def test_supported_releases(self, release: str, known: bool) -> None:
        assert codes(build_site({}, hosts=host(freebsd=release))) == ([] if known else ["HOST001"])

    def test_the_oldest_host_decides_the_resolution(self) -> None:
        hosts = {"alpha": {"freebsd": "15.1"}, "beta": {"freebsd": "14.4"}}
        vm: Keys = {"hosts": ["alpha", "beta"], "vnc": {"resolution": "3840x2160"}}
        assert codes(build_site({"web1": vm}, hosts=hosts)) == ["REL001", "VM004"]
        assert codes(build_site({"web1": {**vm, "hosts": ["alpha"]}}, hosts=hosts)) == []

    def test_variables_by_default_are_no_fault_on_13(self) -> None:
        assert codes(build_site({"web1": {}}, hosts=host(freebsd="13.3"))) == []


class TestUserData:
    @pytest.mark.parametrize(
        ("content", "fault"),
        [
            (b"#cloud-config\n", None),
            (b"#cloud-config \r\npackages: []\r\n", None),
            (b"#cloud-config\npackages: [\xff]\n", "is not UTF-8 text"),
            (b"", "does not begin"),
            (b"#cloud-configuration\n", "does not begin"),
            (b"#cloud-config\na: !!timestamp x\n", "is not valid YAML"),
            (b"#cloud-config\na: !!bool x\n", "is not valid YAML"),
            (b"#cloud-config\na: !!int ''\n", "is not valid YAML"),
            (b"#cloud-config\na: !!python/object:os.system x\n", "is not valid YAML"),
            (b"#cloud-config\na: \x00\n", "is not valid YAML"),
            (b"#cloud-config\n? [a]\n: b\n", "is not valid YAML"),
            (b"#cloud-config\n" + b"[" * 20000, "is not valid YAML"),
        ],
    )
    def test_faults_are_found(self, content: bytes, fault: str | None) -> None:
        vm = {"cloud_init": {**FIRST_BOOT, "user_data": "a.yaml"}}
        diagnostics = check_rules(two(vm, vm, files={"a.yaml": content}))
        if fault is None:
            assert diagnostics == []
        else:
            assert [diagnostic.message.startswith(f"a.yaml {fault}") for diagnostic in diagnostics] == [True]


def test_survey_knows_who_may_run_where() -> None:
    hosts = {name: {"freebsd": "14.3"} for name in ("alpha", "beta")}
    vms: dict[str, Keys] = {
        "web1": {"hosts": ["beta", "alpha", "beta"], "nic": {"lan": LAN}},
        "web2": {"host": "alpha"},
    }
    index = index_site(build_site(vms, hosts=hosts))
    assert index.hosts_of == {"web1": ("beta", "alpha"), "web2": ("alpha",)}
    assert {name: list(vms) for name, vms in index.guests.items()} == {"alpha": ["web1", "web2"], "beta": ["web1"]}
    assert {name: list(vms) for name, vms in index.at_home.items()} == {"alpha": ["web2"], "beta": ["web1"]}
    assert index.networks_used == {"alpha": ["lan"], "beta": ["lan"]}
