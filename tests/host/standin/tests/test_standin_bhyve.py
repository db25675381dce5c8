"""bhyve and bhyvectl of the stand-in host at the edges of a guest's life: destroyed, forced, held, saved, restored."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from host.checks import BHYVE, check, lines, runs, says
from host.sandbox import Host, HostFaultError

pytest_plugins = ["host.fixtures"]

SIGSTOP, SIGCONT, SIGTERM = 19, 18, 15
RESTORE = "bhyve -A -s 0,hostbridge -s 31,lpc -l bootrom,/usr/local/share/uefi-firmware/BHYVE_UEFI.fd"


@pytest.fixture
def host(open_empty: Callable[..., Host]) -> Host:
    """A host whose bhyve saves guests, with a disk."""
    host = open_empty(snapshot=True)
    check(host, "truncate -s 1M /srv/d /srv/e 2>/dev/null || mkdir /srv && truncate -s 1M /srv/d /srv/e", 0)
    return host


def sections(host: Host, path: str) -> list[str]:
    """The devices that a checkpoint names."""
    return [each["device"] for each in json.loads(host.path(path + ".meta").read_text())["devices"]]


def sizes(host: Host, path: str) -> list[int]:
    return [host.path(path + end).stat().st_size for end in ("", ".kern", ".meta")]


def test_create_of_a_name_that_exists_prints_an_errno(host: Host) -> None:
    check(host, "bhyvectl --create --vm=a && [ -e /dev/vmm/a ]", 0)
    says(host, "bhyvectl --create --vm=a", "errno = 17\n", status=255)
    check(host, "bhyvectl --frob --vm=a", 1, "Usage")
    with pytest.raises(HostFaultError, match="not modelled"):
        host.run("bhyvectl", "--get-rip", "--vm=a")


def test_force_under_a_guest_that_goes_down_prints_an_errno(host: Host) -> None:
    runs(host, "a", "", wedged=True)
    says(host, "bhyvectl --force-poweroff --vm=a", "")
    says(host, "bhyvectl --force-poweroff --vm=a", "errno = 37\n", status=255)
    assert lines(host, "guest") == ["guest a"]


def test_destroy_under_an_idle_guest_hangs_until_bhyve_is_killed(host: Host) -> None:
    runs(host, "a", "", idle=True)
    host.spawn("bhyvectl", "--destroy", "--vm=a", name="destroyer")
    host.advance(100)
    assert not host.path("/dev/vmm").exists()
    assert lines(host, "guest", "context") == ["guest a"]
    host.call("signal", target="operator destroyer", number=SIGTERM)
    host.call("signal", target="bhyve a", number=SIGTERM)
    host.advance(100)
    assert lines(host, "guest", "context") == ["guest a"]
    host.call("kill", target="bhyve a")
    assert host.wait("destroyer").status == 0
    assert host.wait("a").status == 137


def test_a_stopped_bhyve_waits_and_takes_the_button_later(host: Host) -> None:
    runs(host, "a", "", end="reboot", after=50)
    host.call("signal", target="bhyve a", number=SIGSTOP)
    host.advance(200)
    assert lines(host, "guest") == ["guest a"]
    host.call("signal", target="bhyve a", number=SIGCONT)
    assert host.wait("a").status == 0
    check(host, "bhyvectl --destroy --vm=a", 0)
    runs(host, "a", "")
    host.call("signal", target="bhyve a", number=SIGSTOP)
    host.call("signal", target="bhyve a", number=SIGTERM)
    host.advance(100)
    assert lines(host, "guest") == ["guest a"]
    host.call("signal", target="bhyve a", number=SIGCONT)
    assert host.wait("a").status == 1


def test_without_the_kernel_option_nothing_is_saved(open_empty: Callable[..., Host]) -> None:
    host = open_empty()
    runs(host, "a", "")
    check(host, "bhyvectl --checkpoint=/tmp/c --vm=a", 1, "Usage")
    check(host, f"{RESTORE} -r /tmp/c b", 1, "illegal option -- r")


def test_a_checkpoint_holds_the_memory_and_names_the_devices(host: Host) -> None:
    runs(host, "a", "-s 3,virtio-blk,/srv/d -s 4,virtio-rnd")
    says(
        host,
        "bhyvectl --checkpoint=/tmp/c --vm=a; echo $?; ls /tmp; sleep 5; stat -f %Lp /tmp/c /tmp/c.kern /tmp/c.meta",
        "0\n700\n700\n700\n",
    )
    pci = ["hostbridge@pci.0.0.0", "virtio-blk@pci.0.3.0", "virtio-rnd@pci.0.4.0", "lpc@pci.0.31.0"]
    assert sections(host, "/tmp/c") == [*pci, "atkbdc"]
    assert sizes(host, "/tmp/c")[0] == 1 << 30
    meta = json.loads(host.path("/tmp/c.meta").read_text())
    assert sizes(host, "/tmp/c")[1] == sum(each["size"] for each in [*meta["kern_structs"], *meta["devices"]])
    assert lines(host, "guest") == ["guest a"]


@pytest.mark.parametrize(
    ("device", "behaviour", "number"),
    [
        ("nvme,/srv/d", {}, 45),
        ("virtio-9p,x=/srv", {}, 45),
        ("hda,play=/srv/d", {}, 45),
        ("ahci-hd,/srv/d", {"fresh": True}, 14),
    ],
)
def test_a_failed_suspend_returns_0_and_the_guest_lives(
    host: Host, device: str, behaviour: dict[str, object], number: int
) -> None:
    runs(host, "a", f"-s 5,{device}", **behaviour)
    check(host, "bhyvectl --suspend=/tmp/c --vm=a", 0)
    host.advance(60)
    assert lines(host, "guest") == ["guest a"]
    emulation = device.partition(",")[0].replace("ahci-hd", "ahci")
    assert f"Failed to snapshot {emulation}@pci.0.5.0; ret={number}" in host.call("output", name="a")
    assert sizes(host, "/tmp/c")[0] == 1 << 30
    with pytest.raises(json.JSONDecodeError):
        sections(host, "/tmp/c")


def test_requests_that_cannot_be_made_have_a_status(host: Host) -> None:
    runs(host, "a", "")
    check(host, "bhyvectl --checkpoint=/missing/c --vm=a", 2)
    check(host, "bhyvectl --checkpoint=/tmp/c --vm=b", 1, "could not be opened")


def test_a_full_file_system_leaves_short_files_and_status_0(open_empty: Callable[..., Host]) -> None:
    host = open_empty(snapshot=True, counted=True)
    runs(host, "a", "")
    host.call("fill_at", write=1, count=0)
    check(host, "bhyvectl --checkpoint=/var/c --vm=a; sleep 5", 0)
    assert sizes(host, "/var/c") == [1 << 29, 0, 0]


def test_a_suspended_guest_is_restored_when_its_context_is_gone(host: Host) -> None:
    runs(host, "a", "-s 3,virtio-blk,/srv/d")
    check(host, "bhyvectl --suspend=/tmp/c --vm=a", 0)
    assert host.wait("a").status == 0
    words = f"{RESTORE} -s 3,virtio-blk,/srv/d -r /tmp/c"
    check(host, f"{words} a", 71, "could not activate CPU 0: Device busy")
    check(host, f"bhyvectl --destroy --vm=a; {RESTORE} -s 4,virtio-blk,/srv/d -r /tmp/c a", 1)
    check(host, f"{RESTORE} -r /tmp/missing a", 1, "Failed to read checkpoint info from file: '/tmp/missing'.")
    check(
        host, f"head -c 300 /tmp/c.meta >/tmp/x.meta; cp /tmp/c.kern /tmp/x.kern; : >/tmp/x; {RESTORE} -r /tmp/x a", 1
    )
    host.guest("a", {"acpi": 0}, {"acpi": 0, "end": "reboot", "after": 60})
    script = "{} & p=$!; sleep 20; kill $p; wait $p; s=$?; bhyvectl --destroy --vm=a; exit $s"
    check(host, script.format(f"{words} a"), 143)
    check(host, f"{RESTORE} -r /tmp/c", 0)


def test_a_restored_guest_takes_the_button_again_after_a_reboot(host: Host) -> None:
    runs(host, "a", "")
    check(host, "bhyvectl --suspend=/tmp/c --vm=a", 0)
    assert host.wait("a").status == 0
    host.guest("a", {"end": "reboot", "after": 30}, {})
    check(host, f"bhyvectl --destroy --vm=a; {RESTORE} -r /tmp/c a && bhyvectl --destroy --vm=a", 0)
    check(host, f"{BHYVE} a & p=$!; sleep 20; kill $p; wait $p", 1)
