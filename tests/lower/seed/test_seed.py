"""Seeds: what the guest is told, read by the real cloud-init, made into an image by makefs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from builders import Tables, build_site
from hivewright.allocation.allocate import allocate
from hivewright.lower import Lowered, lower
from hivewright.lower.seed.yaml_text import Text, YamlWriter, read_mapping

ALICE = {
    "ssh_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 80 + " alice: at home # first", "ssh-rsa BBBB b"],
    "groups": ["wheel", "operators"],
    "shell": "/bin/sh",
    "sudo": "ALL=(ALL) NOPASSWD:ALL",
    "gecos": "Alice: 'A' \"B\"",
}
USERS = {"alice": ALICE, "bob": {}}
STATIC = {
    "network": "lan",
    "mac": "58:9c:fc:00:00:01",
    "ipv4": "192.0.2.10/24",
    "gateway4": "192.0.2.1",
    "ipv6": "2001:db8::10/64",
    "gateway6": "2001:db8::1",
    "dns": ["192.0.2.53", "2001:db8::53"],
    "search": ["example.net"],
}


def lowered(cloud_init: object = True, **keys: Any) -> Lowered:
    tables = {key: keys.pop(key) for key in ("files", "table", "networks", "hosts") if key in keys}
    site = build_site({"web1": {"cloud_init": cloud_init, **keys}}, users=USERS, **tables)
    return lower(site, allocate(site, {}))


def seed(cloud_init: object = True, **keys: Any) -> dict[str, str]:
    result = lowered(cloud_init, **keys)
    assert result.diagnostics == ()
    return {name: content.decode() for name, content in result.plans[0].vms[0].seed}


def user_data(cloud_init: object = True, **keys: Any) -> dict[str, Any]:
    text = seed(cloud_init, **keys)["user-data"]
    assert text.startswith("#cloud-config\n")
    return dict(yaml.safe_load(text))


def ethernet(nic: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    text = seed(nic={"lan": {"network": "lan", "mac": "58:9c:fc:00:00:01", **nic}}, **keys)["network-config"]
    document = yaml.safe_load(text)
    assert (document["version"], set(document["ethernets"])) == (2, {"lan"})
    found = dict(document["ethernets"]["lan"])
    assert found.pop("match") == {"macaddress": "58:9c:fc:00:00:01"}
    return found


def test_the_smallest_seed() -> None:
    assert seed() == {
        "meta-data": 'instance-id: "web1-1ec6d51fcfe3"\nlocal-hostname: "web1"\n',
        "user-data": '#cloud-config\nhostname: "web1"\n',
    }


def test_names_of_the_guest() -> None:
    files = seed({"hostname": "www"}, table={"domain": "example.net"})
    assert yaml.safe_load(files["user-data"]) == {"hostname": "www", "fqdn": "www.example.net"}
    assert yaml.safe_load(files["meta-data"])["local-hostname"] == "www"


@pytest.mark.parametrize("name", ["yes", "no", "on", "null", "y", "true", "e1"])
def test_names_stay_text(name: str) -> None:
    assert user_data({"hostname": name})["hostname"] == name


def test_users_and_packages() -> None:
    data = user_data({"users": ["alice", "bob"], "packages": ["nginx", "1.0", "yes"]})
    assert data["users"] == [
        {
            "name": "alice",
            "gecos": ALICE["gecos"],
            "groups": ["wheel", "operators"],
            "shell": "/bin/sh",
            "sudo": "ALL=(ALL) NOPASSWD:ALL",
            "lock_passwd": True,
            "ssh_authorized_keys": ALICE["ssh_keys"],
        },
        {"name": "bob", "lock_passwd": True},
    ]
    assert (data["package_update"], data["packages"]) == (True, ["nginx", "1.0", "yes"])


def test_long_keys_stay_on_one_line() -> None:
    assert sum("ssh-" in line for line in seed({"users": ["alice"]})["user-data"].split("\n")) == 2


OWN = b"""\
#cloud-config
hostname: other
packages: [git]
users:
- default
write_files:
- path: /etc/motd
  permissions: 0644
  enabled: yes
  when: 2024-01-01
  content: |
    first

    third
runcmd: &commands
- [ls, -l]
bootcmd: *commands
"""


def test_own_data_is_merged_over_ours() -> None:
    cloud_init = {"users": ["bob"], "packages": ["nginx"], "user_data": "files/web1.yaml"}
    text = seed(cloud_init, files={"files/web1.yaml": OWN})["user-data"]
    assert text == (
        "#cloud-config\nhostname: other\nusers:\n- name: bob\n  lock_passwd: true\n- default\n"
        "package_update: true\npackages:\n- nginx\n- git\n"
        "write_files:\n- path: /etc/motd\n  permissions: 0644\n  enabled: yes\n  when: 2024-01-01\n"
        "  content: |\n    first\n\n    third\nruncmd:\n- - ls\n  - -l\nbootcmd:\n- - ls\n  - -l\n"
    )


ALIASES = "".join(f"a{number}: &a{number} [*a{number - 1}, *a{number - 1}]\n" for number in range(1, 40))


@pytest.mark.parametrize(
    "content",
    ["a: &a [*a]\n", f"a0: &a0 [x]\n{ALIASES}", f"a: {'[' * 80}{']' * 80}\n"],
    ids=["itself", "many", "deep"],
)
def test_data_larger_than_it_looks_is_refused(content: str) -> None:
    result = lowered({"user_data": "files/web1.yaml"}, files={"files/web1.yaml": f"#cloud-config\n{content}".encode()})
    assert [diagnostic.code for diagnostic in result.diagnostics] == ["SEED001"]
    assert "files/web1.yaml" in result.diagnostics[0].message


def test_instance_id_follows_the_content() -> None:
    seeds = [
        seed(),
        seed({"packages": ["nginx"]}),
        seed(nic={"lan": {**STATIC}}),
        seed(nic={"lan": {**STATIC, "ipv4": "192.0.2.11/24"}}),
    ]
    identities = {yaml.safe_load(files["meta-data"])["instance-id"] for files in seeds}
    assert len(identities) == 4
    assert all(re.fullmatch("web1-[0-9a-f]{12}", identity) for identity in identities)


def test_static_addresses() -> None:
    routes = [{"to": "0.0.0.0/0", "via": "192.0.2.1"}, {"to": "::/0", "via": "2001:db8::1"}]
    assert ethernet(STATIC) == {
        "addresses": ["192.0.2.10/24", "2001:db8::10/64"],
        "routes": routes,
        "nameservers": {"addresses": ["192.0.2.53", "2001:db8::53"], "search": ["example.net"]},
    }


def test_freebsd_gets_gateways_that_nuageinit_knows() -> None:
    found = ethernet(STATIC, profile="freebsd-14")
    assert "routes" not in found
    assert (found["gateway4"], found["gateway6"]) == ("192.0.2.1", "2001:db8::1")


def test_dynamic_addresses() -> None:
    assert ethernet({"ipv4": "dhcp", "ipv6": "dhcp"}) == {"dhcp4": True, "dhcp6": True}
    assert ethernet({"ipv6": "auto"}) == {"accept-ra": True}


def test_mtu_is_told_where_it_is_not_the_usual() -> None:
    networks = {"lan": {"kind": "bridge", "mtu": 9000}}
    assert ethernet({"ipv4": "dhcp"}, networks=networks)["mtu"] == 9000
    assert ethernet({"ipv4": "dhcp", "mtu": 1400})["mtu"] == 1400
    assert "mtu" not in ethernet({"ipv4": "dhcp"})


def test_macs_that_look_like_numbers_stay_text() -> None:
    text = seed(nic={"lan": {"network": "lan", "ipv4": "dhcp", "mac": "10:20:30:40:50:55"}})["network-config"]
    assert yaml.safe_load(text)["ethernets"]["lan"]["match"] == {"macaddress": "10:20:30:40:50:55"}


def test_a_guest_whose_nics_say_nothing_finds_out_by_itself() -> None:
    assert "network-config" not in seed(nic={"lan": {"network": "lan"}})
    assert "network-config" not in seed({"network": False}, nic={"lan": STATIC})


def test_a_moving_guest_has_the_same_seed_everywhere() -> None:
    hosts: Tables = {"alpha": {"freebsd": "14.3", "network": {"lan": {"mtu": 9000}}}, "beta": {"freebsd": "14.3"}}
    vm = {"hosts": ["beta", "alpha"], "cloud_init": True, "nic": {"lan": {"network": "lan", "ipv4": "dhcp"}}}
    site = build_site({"web1": vm}, hosts=hosts)
    alpha, beta = lower(site, allocate(site, {})).plans
    assert alpha.vms[0].seed == beta.vms[0].seed


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.one_of(TEXTS, TEXTS.map(Text), st.booleans(), st.integers(), st.none()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


@given(st.lists(st.dictionaries(TEXTS, VALUES, max_size=3), min_size=1, max_size=4))
def test_any_document_is_read_back(documents: list[dict[str, Any]]) -> None:
    writer = YamlWriter()
    for document in [*documents, *documents]:
        text = writer.write(document)
        assert (yaml.safe_load(text) or {}) == plain(document)
        assert text == YamlWriter().write(document)


@given(st.dictionaries(TEXTS, VALUES, max_size=3))
def test_own_data_keeps_its_meaning(document: dict[str, Any]) -> None:
    text = yaml.safe_dump(plain(document))
    assert yaml.safe_load(YamlWriter().write(read_mapping(text)) or "{}") == plain(document)


def cloud_init_schema(path: Path) -> tuple[int, str]:
    result = subprocess.run(
        ["cloud-init", "schema", "--config-file", str(path)], capture_output=True, text=True, check=False
    )
    return result.returncode, result.stdout + result.stderr


def test_cloud_init_finds_user_data_valid(tmp_path: Path) -> None:
    cloud_init = {"users": ["alice", "bob"], "packages": ["nginx"], "user_data": "files/web1.yaml"}
    own = b"#cloud-config\nruncmd:\n- [ls, -l]\nwrite_files:\n- path: /x\n  permissions: '0644'\n  content: |\n    a\n"
    text = seed(cloud_init, files={"files/web1.yaml": own}, table={"domain": "example.net"})["user-data"]
    path = tmp_path / "user-data"
    path.write_text(text)
    status, output = cloud_init_schema(path)
    assert status == 0, output
    assert "eprecat" not in output
    path.write_text(text.replace("lock_passwd: true", "lock_passwd: 3"))
    assert cloud_init_schema(path)[0] != 0


READ_NETWORK = """
import json, sys, yaml
from unittest import mock
from cloudinit.net import network_state
names = {"58:9c:fc:00:00:01": "enp0s4"}
with mock.patch.multiple(
    network_state, get_interfaces_by_mac=lambda: names, find_interface_name_from_mac=names.__getitem__
):
    state = network_state.parse_net_config_data(yaml.safe_load(sys.stdin.read()), skip_broken=False)
(interface,) = [each for each in state.iter_interfaces() if each["name"] != "lo"]
subnets = [[each["type"], each.get("address"), each.get("prefix")] for each in interface["subnets"]]
routes = [[each["network"], each["gateway"]] for each in [*state.iter_routes(), *sum(
    (each.get("routes", []) for each in interface["subnets"]), [])]]
json.dump([interface["name"], subnets, sorted(map(list, {tuple(route) for route in routes}))], sys.stdout)
"""


def python_of_cloud_init() -> str:
    """The interpreter that has its modules."""
    program = shutil.which("cloud-init")
    assert program is not None
    return Path(program).read_text().splitlines()[0].removeprefix("#!").strip()


@pytest.mark.parametrize("profile", ["debian-13", "freebsd-14"])
def test_cloud_init_understands_network_config(profile: str) -> None:
    text = seed(nic={"lan": STATIC}, profile=profile)["network-config"]
    command = [python_of_cloud_init(), "-c", READ_NETWORK]
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    name, subnets, routes = json.loads(result.stdout)
    assert name == "enp0s4"
    assert subnets == [["static", "192.0.2.10", 24], ["static", "2001:db8::10", 64]]
    if profile == "debian-13":
        assert routes == [["0.0.0.0", "192.0.2.1"], ["::", "2001:db8::1"]]


def test_makefs_makes_the_image(tmp_path: Path) -> None:
    folder = tmp_path / "seed"
    folder.mkdir()
    files = {name: text.encode() for name, text in seed({"users": ["alice"]}, nic={"lan": STATIC}).items()}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    image = tmp_path / "seed.iso"
    command = ["makefs", "-t", "cd9660", "-o", "rockridge,label=cidata", str(image), str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    written = image.read_bytes()
    assert written[32768 + 40 : 32768 + 72].decode().strip().lower() == "cidata"
    for name, content in files.items():
        assert name.encode() in written
        assert content in written
