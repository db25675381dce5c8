"""Seeds: what the guest is told, read by the real cloud-init, made into an image by makefs."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from builders import Tables, build_site
from hivewright.allocation.allocate import allocate
from hivewright.lower import lower
from hivewright.lower.seed import yaml_text
from hivewright.lower.seed.yaml_text import Text, YamlWriter, read_mapping
from seeds import ALICE, STATIC, ethernet, lowered, seed, user_data


def test_the_smallest_seed() -> None:
    assert seed() == {
        "meta-data": 'instance-id: "web1-1e9968144c3d"\nlocal-hostname: "web1"\n',
        "user-data": '#cloud-config\nhostname: "web1"\nssh_deletekeys: false\nbootcmd:\n'
        '- - cloud-init-per\n  - once\n  - "host-keys-of-web1"\n  - sh\n  - -c\n  - rm -f /etc/ssh/ssh_host_*\n',
    }


def test_names_of_the_guest() -> None:
    files = seed({"hostname": "www"}, table={"domain": "example.net"})
    data = yaml.safe_load(files["user-data"])
    assert (data["hostname"], data["fqdn"]) == ("www", "www.example.net")
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
        "#cloud-config\nhostname: other\nssh_deletekeys: false\n"
        'bootcmd:\n- - cloud-init-per\n  - once\n  - "host-keys-of-web1"\n  - sh\n  - -c\n'
        "  - rm -f /etc/ssh/ssh_host_*\n- - ls\n  - -l\n"
        "users:\n- name: bob\n  lock_passwd: true\n- default\npackage_update: true\npackages:\n- nginx\n- git\n"
        "write_files:\n- path: /etc/motd\n  permissions: 0644\n  enabled: yes\n  when: 2024-01-01\n"
        "  content: |\n    first\n\n    third\nruncmd:\n- - ls\n  - -l\n"
    )


@pytest.mark.parametrize("reader", ["cloud-init", "nuageinit-15.1", "cloudbase-init"])
def test_own_data_says_itself_how_it_is_merged(reader: str) -> None:
    """By the rules of cloud-init, which has no need of them any more."""
    own = "merge_how:\n- {name: dict, settings: [replace]}\n- {name: list, settings: []}\nusers: [carol]\nruncmd: [b]\n"
    cloud_init = {"reader": reader, "users": ["bob"], "runcmd": ["a"], "user_data": "files/web1.yaml"}
    data = user_data(cloud_init, files={"files/web1.yaml": f"#cloud-config\n{own}".encode()})
    assert (data["users"], data["runcmd"], "merge_how" in data) == (["carol"], ["b"], False)
    own = "merge_type: dict(recurse_array,allow_delete)+list(prepend)\nruncmd: [b]\nhostname: other\ntimezone: null\n"
    cloud_init |= {"timezone": "Europe/Berlin"}
    data = user_data(cloud_init, files={"files/web1.yaml": f"#cloud-config\n{own}".encode()})
    assert (data["runcmd"], data["hostname"], "timezone" in data) == (["b", "a"], "web1", False)


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


def test_accounts_of_the_same_name_are_one() -> None:
    own = b"#cloud-config\nusers: [default, {name: alice, shell: /bin/bash, groups: [video]}, bob]\n"
    data = user_data({"users": ["alice", "bob"], "user_data": "files/web1.yaml"}, files={"files/web1.yaml": own})
    assert [entry if isinstance(entry, str) else entry["name"] for entry in data["users"]] == [
        "alice",
        "bob",
        "default",
    ]
    alice = data["users"][0]
    assert (alice["shell"], alice["groups"]) == ("/bin/bash", ["wheel", "operators", "video"])
    assert (alice["gecos"], alice["ssh_authorized_keys"]) == (ALICE["gecos"], ALICE["ssh_keys"])


def test_what_is_named_by_both_is_there_once() -> None:
    """Groups and keys may be one text for cloud-init, which adds to ours as a list does."""
    alice = f"{{groups: 'video, wheel', ssh_authorized_keys: '{ALICE['ssh_keys'][0]}'}}"
    own = f"#cloud-config\npackages: [git, nginx]\nusers: {{alice: {alice}}}\n"
    cloud_init = {"users": ["alice"], "packages": ["nginx"], "user_data": "files/web1.yaml"}
    data = user_data(cloud_init, files={"files/web1.yaml": own.encode()})
    (account,) = data["users"]
    assert account["groups"] == ["wheel", "operators", "video"]
    assert account["ssh_authorized_keys"] == ALICE["ssh_keys"]
    assert data["packages"] == ["nginx", "git"]


@pytest.mark.parametrize(
    "users", ["default, carol", "{default: true, dave: false, carol: {shell: /bin/sh}}", '["default, bob", [carol]]']
)
def test_accounts_in_another_form_are_added(users: str) -> None:
    files = {"files/web1.yaml": f"#cloud-config\nusers: {users}\n".encode()}
    data = user_data({"users": ["bob"], "user_data": "files/web1.yaml"}, files=files)
    names = [entry if isinstance(entry, str) else entry["name"] for entry in data["users"]]
    assert names == ["bob", "default", "carol"]


FILES = {"a.yaml": b"#cloud-config\nruncmd: [a]\nhostname: a\n", "b.yaml": b"#cloud-config\nruncmd: [b]\n"}


def identity(cloud_init: object = True, **keys: Any) -> str:
    return str(yaml.safe_load(seed(cloud_init, files=FILES, **keys)["meta-data"])["instance-id"])


def test_instance_id_follows_what_needs_a_first_boot() -> None:
    ids = [
        identity(),
        identity({"packages": ["nginx"]}),
        identity({"users": ["alice"]}),
        identity({"users": ["bob"]}),
        identity({"user_data": "a.yaml"}),
        identity({"user_data": "b.yaml"}),
    ]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("web1-[0-9a-f]{12}", each) for each in ids)


OTHERS: list[dict[str, Any]] = [
    {"ipv4": "192.0.2.11/24"},
    {"ipv4": "dhcp", "gateway4": None},
    {"dns": ["192.0.2.54"]},
    {"search": []},
    {"gateway4": "192.0.2.254"},
    {"mtu": 1400},
    {"mac": "58:9c:fc:00:00:02"},
]


@pytest.mark.parametrize("change", OTHERS, ids=lambda change: next(iter(change)))
def test_instance_id_does_not_follow_the_network(change: dict[str, Any]) -> None:
    users = {"users": ["alice"]}
    nic = {key: value for key, value in {**STATIC, **change}.items() if value is not None}
    assert identity(users, nic={"lan": nic}) == identity(users, nic={"lan": STATIC}) == identity(users)


def test_instance_id_does_not_follow_names_of_the_host_nor_the_reader() -> None:
    plain = identity({"user_data": "a.yaml"})
    assert identity({"user_data": "a.yaml", "hostname": "www"}) == plain
    assert identity({"user_data": "a.yaml"}, table={"domain": "example.net"}) == plain
    assert identity({"user_data": "a.yaml", "reader": "nuageinit-15.0"}) == plain
    own = {"a.yaml": b"#cloud-config\n# said once more\nfqdn: b.example.net\nruncmd:\n- a\n"}
    again = yaml.safe_load(seed({"user_data": "a.yaml"}, files=own)["meta-data"])["instance-id"]
    assert again == plain


def test_static_addresses() -> None:
    routes = [{"to": "0.0.0.0/0", "via": "192.0.2.1"}, {"to": "::/0", "via": "2001:db8::1"}]
    assert ethernet(STATIC) == {
        "addresses": ["192.0.2.10/24", "2001:db8::10/64"],
        "routes": routes,
        "nameservers": {"addresses": ["192.0.2.53", "2001:db8::53"], "search": ["example.net"]},
    }


def test_dynamic_addresses() -> None:
    assert ethernet({"ipv4": "dhcp", "ipv6": "dhcp"}) == {
        "dhcp4": True,
        "dhcp-identifier": "mac",
        "dhcp6": True,
    }
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


@pytest.mark.slow
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


@pytest.fixture(scope="module")
def without_libyaml() -> ModuleType:
    """The module as it is where PyYAML has no libyaml."""
    spec = importlib.util.spec_from_file_location("yaml_text_without_libyaml", yaml_text.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(yaml, "CSafeDumper", raising=False)
        spec.loader.exec_module(module)
    return module


def quoted_by(module: ModuleType, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: quoted_by(module, item) for key, item in value.items()}
    if isinstance(value, list):
        return [quoted_by(module, item) for item in value]
    return module.Text(value) if isinstance(value, Text) else value


LONG_KEYS = st.dictionaries(TEXTS | TEXTS.map(lambda text: 20 * text), VALUES, max_size=3)


@given(LONG_KEYS, st.booleans())
def test_libyaml_makes_no_difference(without_libyaml: ModuleType, document: dict[str, Any], indenting: bool) -> None:
    written = YamlWriter(indenting).write(document)
    assert without_libyaml.YamlWriter(indenting).write(quoted_by(without_libyaml, document)) == written
    assert yaml.safe_load(written or "{}") == plain(document)


@given(LONG_KEYS)
def test_libyaml_makes_no_difference_to_own_data(without_libyaml: ModuleType, document: dict[str, Any]) -> None:
    text = yaml.safe_dump(plain(document), allow_unicode=True)
    written = YamlWriter().write(read_mapping(text))
    assert without_libyaml.YamlWriter().write(without_libyaml.read_mapping(text)) == written


@pytest.mark.parametrize("character", ["\r", "\x85", "\u2028", "\u2029", "\ufeff", "\x7f", "\0", "\U0001f600"])
def test_what_yaml_treats_specially_is_escaped(without_libyaml: ModuleType, character: str) -> None:
    for text in (character, f"a{character}b", f"a\n{character}", f"{character}\nb"):
        for document in ({"key": text}, {text: "value"}, {"key": [{text: text}]}):
            for module in (yaml_text, without_libyaml):
                written = module.YamlWriter().write(document)
                assert character not in written
                assert yaml.safe_load(written) == document
