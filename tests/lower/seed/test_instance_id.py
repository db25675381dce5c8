"""The instance-id changes exactly when a guest should do its first boot again."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seeds import ALICE, USERS, seed

pytestmark = pytest.mark.slow

EACH_BOOT = {
    *("hostname", "fqdn", "bootcmd", "ssh_deletekeys", "updates"),
    *("growpart", "resize_rootfs", "phone_home"),  # the size of the disk, and whom it tells that it is there
}
"""What is no reason to do it again: names, the network, and what is done at each boot."""

FILES = {"one.yaml": b"#cloud-config\nruncmd: [date]\n", "two.yaml": b"#cloud-config\nhostname: other\n"}
NETWORKS: tuple[dict[str, Any], ...] = (
    {},
    {"network": "lan", "ipv4": "192.0.2.10/24"},
    {"network": "lan", "ipv4": "dhcp", "mtu": 1400},
)


def some(**keys: list[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in keys.items()})


USER = some(
    gecos=["", "Alice"],
    passwd=["$6$saltsalt$aaaaaaaaaaaa", {"secret": "alice"}, {"secret": "other"}],
    sudo=["ALL=(ALL) ALL"],
    doas=[["permit alice"]],
    groups=[["wheel"], []],
    ssh_keys=[ALICE["ssh_keys"], []],
)
CLOUD_INIT = some(
    hostname=["one", "two"],
    users=[["alice"], ["alice", "bob"], []],
    packages=[["nginx"], ["git"], []],
    timezone=["UTC", "Europe/Berlin"],
    locale=["C.UTF-8"],
    keyboard=["de"],
    write_files=[
        [{"path": "/a", "content": "1"}],
        [{"path": "/a", "content": "2"}],
        [{"path": "/a", "content": "1", "permissions": "0600"}],
        [{"path": "/a", "secret": "token"}],
    ],
    runcmd=[["date"], ["date", "id"]],
    growpart=[True, False],
    phone_home=[{"url": "http://192.0.2.1/"}, {"url": "http://192.0.2.2/"}],
    network=[True, False],
    user_data=[*FILES],
)
BOTH = {"sudo": "ALL=(ALL) ALL", "doas": ["permit alice"]}
GUEST = st.tuples(CLOUD_INIT, USER, st.sampled_from(NETWORKS))


def told(guest: tuple[dict[str, Any], dict[str, Any], dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """The instance-id, and what of the data a first boot does."""
    cloud_init, alice, nic = guest
    nics = {"lan": {"mac": "58:9c:fc:00:00:01", **nic}} if nic else {}
    files = seed(cloud_init, users={**USERS, "alice": alice}, nic=nics, files=FILES)
    data = yaml.safe_load(files["user-data"])
    identity = yaml.safe_load(files["meta-data"])["instance-id"]
    return identity, {key: value for key, value in data.items() if key not in EACH_BOOT and value}


@settings(max_examples=200)
@given(GUEST, GUEST)
@example(({"users": ["alice"]}, {"sudo": "ALL=(ALL) ALL"}, {}), ({"users": ["alice"]}, BOTH, {}))
def test_it_is_the_same_exactly_where_a_first_boot_would_do_the_same(first: Any, second: Any) -> None:
    (one, does), (other, would) = told(first), told(second)
    assert (one == other) == (does == would)


@given(GUEST, st.data())
def test_one_key_more_changes_it_exactly_where_a_first_boot_would_do_more(guest: Any, data: st.DataObject) -> None:
    """Two guests that are drawn at random rarely differ in one key only."""
    cloud_init, alice, nic = guest
    change = data.draw(CLOUD_INIT)
    key = data.draw(st.sampled_from(sorted({*cloud_init, *change}) or ["hostname"]))
    after = {
        **{name: value for name, value in cloud_init.items() if name != key},
        **({key: change[key]} if key in change else {}),
    }
    (one, does), (other, would) = told(guest), told((after, alice, nic))
    assert (one == other) == (does == would)
