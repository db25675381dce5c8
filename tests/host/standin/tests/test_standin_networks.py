"""Interfaces of the stand-in host behave as those of FreeBSD 14 were seen to behave."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host.checks import BHYVE, check, lines, runs, says
from host.sandbox import SHELLS, Host, HostFaultError

pytest_plugins = ["host.fixtures"]


@pytest.fixture
def host(open_empty: Callable[..., Host]) -> Host:
    """A host with dash."""
    return open_empty()


def test_a_renamed_tap_keeps_the_device_of_its_unit(host: Host) -> None:
    says(host, "ifconfig tap create name tap-a up", "tap-a\n")
    check(host, "[ -c /dev/tap0 ] && [ /dev/tap0 -ef /dev/tap-a ] && [ -L /dev/tap-a ]", 0)
    says(host, "ifconfig tap create name tap0", "tap0\n")
    check(host, "[ -c /dev/tap1 ] && [ /dev/tap0 -ef /dev/tap-a ] && [ ! /dev/tap0 -ef /dev/tap1 ]", 0)
    check(host, "ifconfig tap0 destroy; [ -c /dev/tap0 ] && [ ! -e /dev/tap1 ]", 0)
    check(host, "ifconfig tap-a name tap-b && [ ! -e /dev/tap-a ] && [ /dev/tap0 -ef /dev/tap-b ]", 0)
    check(host, "ifconfig tap-b destroy; ls /dev/tap-b", 1)
    check(host, "ifconfig tap7 create name tap7 up && [ -c /dev/tap7 ]", 0)


def test_a_name_of_the_kernels_own_series_opens_another_guests_tap(host: Host) -> None:
    check(host, "ifconfig tap create name tap-a up && ifconfig tap create name tap0 up", 0)
    runs(host, "a", "-s 3,virtio-net,tap-a")
    check(host, f"{BHYVE} -s 3,virtio-net,tap0 b", 4, "open of tap device /dev/tap0 failed: Device busy")
    host.call("kill", target="bhyve a")
    host.wait("a")
    host.guest("c", {"end": "poweroff"})
    with pytest.raises(HostFaultError, match="wrong tap: guest c opened /dev/tap0, which is tap-a, and not tap0"):
        host.run("/bin/sh", "-c", f"{BHYVE} -s 3,virtio-net,tap0 c")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_mere_look_at_the_device_makes_the_tap(shell: str, open_empty: Callable[..., Host]) -> None:
    host = open_empty(shell, devfs_cloning=True)
    check(host, "[ -e /dev/tap-x ]; [ -e /dev/tap9 ] && ifconfig tap9", 0)
    check(host, "cd /dev; test -c tap8 && ifconfig tap8", 0)
    check(host, "ls /dev/tap7 && stat -f %N /dev/tap6 && ifconfig tap6 && ifconfig tap7", 0)


def test_commands_that_look_make_the_tap_whatever_the_scenario_says(host: Host) -> None:
    check(host, "[ -e /dev/tap9 ] || ls /dev/tap9 && ifconfig tap9", 0)
    runs(host, "a", "-s 3,virtio-net,tap5")
    assert lines(host, "interface tap5") == ["interface tap5, up, mtu 1500, held by a"]


def test_a_bridge_and_its_members_have_one_mtu(host: Host) -> None:
    check(host, "ifconfig bridge create name br up mtu 9000 && ifconfig br addm ix0 && ifconfig br", 0, "mtu 1500")
    check(host, "ifconfig tap create name tap-a mtu 9000 up && ifconfig br addm tap-a && ifconfig tap-a", 0, "mtu 1500")
    check(host, "ifconfig tap-a mtu 9000", 1, "Operation not supported")
    check(host, "ifconfig br mtu 4000 && ifconfig ix0 && ifconfig tap-a", 0, "ix0: ", "mtu 4000")
    assert [line for line in host.state() if "mtu 4000" in line] == [
        "interface br, up, mtu 4000, member ix0, member tap-a",
        "interface tap-a, up, mtu 4000",
    ]
    check(host, "ifconfig br mtu 500", 1, "Invalid argument")


def test_a_vlan_has_no_larger_mtu_and_no_more_carrier_than_its_parent(host: Host) -> None:
    check(host, "ifconfig vlan create name v30 vlan 30 vlandev ix0 up && ifconfig v30 mtu 9000", 1, "Invalid argument")
    check(
        host, "ifconfig bridge create name br && ifconfig tap create name tap-a mtu 9000 && ifconfig br addm tap-a", 0
    )
    check(host, "ifconfig br addm v30", 1, "BRDGADD v30: Invalid argument")
    check(host, "ifconfig v30", 0, "status: active")
    check(host, "ifconfig ix0 down; ifconfig v30", 0, "status: no carrier")
    assert lines(host, "interface v30")[0].startswith("interface v30, up, mtu 1500, no carrier")
    check(host, "ifconfig vlan create vlan 30 vlandev nothing0", 1, "No such file or directory")


def test_a_plain_bridge_eats_the_frames_of_vlans_on_its_member(open_empty: Callable[..., Host]) -> None:
    script = (
        "ifconfig vlan create name v30 vlan 30 vlandev ix0 up; ifconfig bridge create name br30 addm v30 up;"
        "ifconfig bridge create name br addm ix0 up"
    )
    host = open_empty()
    check(host, script, 0)
    assert lines(host, "bridge br eats") == ["bridge br eats the frames of v30"]
    check(host, "ifconfig br deletem ix0", 0)
    assert not lines(host, "bridge br eats")
    host = open_empty(release=[15, 0])
    check(host, script, 0)
    assert not lines(host, "bridge br eats")


def test_members_belong_to_one_bridge(host: Host) -> None:
    check(host, "ifconfig bridge create name a && ifconfig bridge create name b && ifconfig a addm ix0 span ix1", 0)
    check(host, "ifconfig b addm ix0", 1, "BRDGADD ix0: Device busy")
    check(host, "ifconfig a addm ix0", 1, "BRDGADD ix0: File exists")
    check(host, "ifconfig a addm ix1", 1, "BRDGADD ix1: Device busy")
    check(host, "ifconfig a addm lo0", 1, "BRDGADD lo0: Invalid argument")


def test_vale_has_its_own_statuses(host: Host) -> None:
    check(host, "ifconfig ix0 down; valectl -a vale0:ix0", 1, "Input/output error")
    check(host, "ifconfig ix0 up; valectl -a vale0:ix0 && valectl", 1, "vale0:ix0")
    check(host, "valectl -h vale1:ix0", 1, "Device busy")
    runs(host, "a", "-s 3,virtio-net,vale0:web1")
    check(host, "valectl -d vale0:web1", 1, "Device busy")
    check(host, "valectl -d vale0:nobody", 1, "No such file or directory")
    host.call("kill", target="bhyve a")
    host.wait("a")
    check(host, "valectl; valectl -l vale0:web1", 1)


def test_a_node_of_netgraph_without_hooks_goes_unless_told_to_stay(host: Host) -> None:
    check(host, "kldload -n ng_ether ng_bridge", 0)
    make = "printf 'mkpeer . bridge made link0\\nname .:made {0}\\n{1}' >/tmp/ng && ngctl -f /tmp/ng"
    check(host, make.format("br", "") + " && ngctl info br:", 71, "No such file or directory")
    check(host, make.format("br", "msg br: setpersistent\\n") + " && ngctl info br:", 0)
    check(host, make.format("br", ""), 71, "Address already in use")
    runs(host, "a", "-s 3,virtio-net,netgraph,path=br:,peerhook=link1,socket=a")
    check(host, f"{BHYVE} -s 3,virtio-net,netgraph,path=br:,peerhook=link1,socket=b b", 4, "File exists")
    check(host, "ngctl shutdown br: && ngctl info br:", 71)
