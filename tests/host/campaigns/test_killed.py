"""A start or a stop that is killed at any step can be done again, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from host import former, gone
from host.build import SITE
from host.campaign import enough, steps
from host.pci_devices import DEVICES, ROMS
from host.play import HIVECTL, leftovers
from host.sandbox import SHELLS, Host
from host.scenario import SCENARIOS

VICTIMS = {
    "supervisor": ["supervisor {}"],
    "daemon": ["daemon {}"],
    "supervisor-and-daemon": ["daemon {}", "supervisor {}"],
    "operator": ["operator victim"],
    "all": ["operator victim", "daemon {}", "supervisor {}"],
    "session": ["session victim"],
}
"""Who is killed; the guest's name is put in."""
FORGET = (
    "rm -rf /srv/vms/web1 /var/db/hivewright/web1 /var/run/hivewright/host.made;"
    "ifconfig br-lan destroy; ifconfig br-inner destroy; true"
)
EVERYDAY = ("dash", "supervisor-and-daemon")
CASES = [
    *(("standin", EVERYDAY[0], victims) for victims in VICTIMS if victims != "session"),
    *(("standin", shell, EVERYDAY[1]) for shell in SHELLS if shell != EVERYDAY[0]),
    *(("passthrough", EVERYDAY[0], victims) for victims in (EVERYDAY[1], "all")),
]
"""Site, shell and victims: a guest web1 with a disk, a NIC and a seed, and in one site devices taken at a start."""


def opened(open_site: Callable[..., Host], site: str, shell: str) -> Host:
    """A host of a site, with what its guest needs."""
    if site == "standin":
        return open_site(SITE, "alpha", shell)
    host = open_site(SCENARIOS / site, "alpha", shell, **DEVICES)
    host.make(*ROMS)
    return host


def killed_at_each_step(
    host: Host, verb: str, victims: str, before: Callable[[], None], guest: str = "web1", least: int = 2
) -> Iterator[int]:
    """Do ``hivectl VERB… GUEST`` again and again, and kill at the first, second, … command until none is left."""
    hits = 0
    for step in steps(100, verb, victims, guest):
        before()
        start = host.call("executed")
        host.call("kill_after", count=step, targets=[victim.format(guest) for victim in VICTIMS[victims]])
        host.spawn(HIVECTL, *(verb if "{}" in verb else verb + " {}").format(guest).split(), name="victim")
        outcome = host.wait("victim")
        assert outcome.status is not None, f"killed at step {step}, {verb} hangs\n{report(host)}\n{outcome.err}"
        if host.call("executed") - start < step:
            assert hits >= enough(least), f"killed only {hits} times"
            print(f"{verb} {guest}: {victims} killed at {hits} steps")
            return
        hits += bool(host.call("killed"))
        yield step
    raise AssertionError("there is no end of steps")


def report(host: Host) -> str:
    """The last commands, for the message of a failure."""
    return "\n".join(host.transcript()[-40:])


def works_again(host: Host, step: int, guest: str = "web1", left: Callable[[Host], list[str]] = leftovers) -> None:
    """Start succeeds, one guest runs, stop succeeds, nothing is left."""
    host.advance(5)
    outcome = host.run(HIVECTL, "start", guest)
    assert outcome.status == 0, f"killed at step {step}: {outcome}\n{report(host)}"
    host.advance(10)
    guests = [line for line in host.state() if line.startswith("guest ")]
    assert guests == [f"guest {guest}"], f"killed at step {step}: {guests}\n{report(host)}"
    is_gone_after_stop(host, step, guest, left)


def is_gone_after_stop(
    host: Host, step: int, guest: str = "web1", left: Callable[[Host], list[str]] = leftovers
) -> None:
    """Stop succeeds and nothing is left; what was under way when its caller was killed goes on first."""
    host.advance(0)
    outcome = host.run(HIVECTL, "stop", guest)
    assert outcome.status == 0, f"killed at step {step}: {outcome}\n{report(host)}"
    assert not left(host), f"killed at step {step}\n{left(host)}\n{report(host)}"
    host.transcript()


@pytest.mark.parametrize(
    ("site", "shell", "victims"),
    [pytest.param(*case, marks=[pytest.mark.everyday] if case == ("standin", *EVERYDAY) else []) for case in CASES],
)
def test_a_killed_start_can_be_done_again(site: str, shell: str, victims: str, open_site: Callable[..., Host]) -> None:
    host = opened(open_site, site, shell)
    works_again(host, 0)
    for step in killed_at_each_step(host, "start", victims, lambda: None):
        works_again(host, step)


@pytest.mark.slow
@pytest.mark.parametrize("victims", ["supervisor", "supervisor-and-daemon", "all"])
def test_a_killed_first_start_can_be_done_again(victims: str, open_host: Callable[..., Host]) -> None:
    host = open_host("dash")
    host.run("mkdir", "-p", "/var/run/hivewright")

    def forget() -> None:
        assert host.run("/bin/sh", "-c", FORGET).status == 0

    for step in killed_at_each_step(host, "start", victims, forget):
        works_again(host, step)


@pytest.mark.parametrize(("site", "shell", "victims"), CASES)
def test_a_killed_start_can_be_stopped(site: str, shell: str, victims: str, open_site: Callable[..., Host]) -> None:
    host = opened(open_site, site, shell)
    works_again(host, 0)
    for step in killed_at_each_step(host, "start", victims, lambda: None):
        is_gone_after_stop(host, step)


@pytest.mark.parametrize(("site", "shell", "victims"), CASES)
def test_a_killed_stop_can_be_done_again(site: str, shell: str, victims: str, open_site: Callable[..., Host]) -> None:
    host = opened(open_site, site, shell)

    def started() -> None:
        outcome = host.run(HIVECTL, "start", "web1")
        assert outcome.status == 0, f"{outcome}\n{report(host)}"
        host.advance(10)

    for step in killed_at_each_step(host, "stop", victims, started):
        is_gone_after_stop(host, step)
        works_again(host, step)


@pytest.mark.slow
@pytest.mark.parametrize(("shell", "victims"), [("dash", "all"), ("dash", "supervisor"), ("lksh", "all")])
def test_a_killed_renaming_can_be_done_again(shell: str, victims: str, open_site: Callable[..., Host]) -> None:
    """Nothing that the guest had under its former name is lost, left behind or made anew."""
    host = open_site(SCENARIOS / "renamed", "alpha", shell)

    def called_otherwise() -> None:
        outcome = host.run("/bin/sh", "-c", "; ".join((former.FORGET, "set -e", *former.MAKE)))
        assert outcome.status == 0, outcome

    steps = 0
    for step in killed_at_each_step(host, "start", victims, called_otherwise, guest=former.NEW, least=15):
        steps = step
        works_again(host, step, former.NEW)
        assert not former.lost(host), f"killed at step {step}: {former.lost(host)}"
    print(f"killed at {steps} steps of a start that renames")


@pytest.mark.slow
def test_a_renaming_that_is_killed_itself_can_be_done_again(open_site: Callable[..., Host]) -> None:
    """At each of its own steps, which no supervisor's end ends."""
    host = open_site(SCENARIOS / "renamed", "alpha", "dash")
    words = f"_rename {former.NEW} {former.UUID} {former.OLD} /srv/vms"

    def called_otherwise() -> None:
        script = (former.FORGET, "set -e", *former.MAKE, f"mkdir -p /var/run/hivewright/{former.NEW}")
        outcome = host.run("/bin/sh", "-c", "; ".join((*script, f"mkdir -p /var/db/hivewright/{former.NEW}")))
        assert outcome.status == 0, outcome

    steps = 0
    for step in killed_at_each_step(host, words, "operator", called_otherwise, guest="zroot/vms", least=5):
        steps = step
        works_again(host, step, former.NEW)
        assert not former.lost(host), f"killed at step {step}: {former.lost(host)}"
    print(f"killed at {steps} steps of a renaming")


@pytest.mark.slow
def test_a_killed_copy_can_be_done_again(open_site: Callable[..., Host]) -> None:
    """Half a copy is never taken for a disk."""
    host = open_site(SCENARIOS / "copied", "alpha", "dash")

    def source() -> None:
        script = "hivectl start web1; hivectl stop web1; rm -rf /srv/vms/copy1 /var/db/hivewright/copy1;"
        script += "printf old | dd of=/srv/vms/web1/root.img conv=notrunc 2>/dev/null"
        assert host.run("/bin/sh", "-c", script.replace("hivectl", HIVECTL)).status == 0

    for step in killed_at_each_step(host, "start", "all", source, guest="copy1", least=8):
        works_again(host, step, "copy1")
        disk = host.path("/srv/vms/copy1/root.img")
        assert disk.read_text().startswith("old"), f"killed at step {step}"
        assert disk.stat().st_size == 3 << 20, f"killed at step {step}"


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["_remove", "remove --yes"])
def test_a_killed_removal_can_be_done_again(verb: str, open_site: Callable[..., Host]) -> None:
    """Nothing is left of the guest then, and nothing of another one is gone."""
    host = open_site(SCENARIOS / "removed", "alpha", "dash")

    def has_left() -> None:
        outcome = host.run("/bin/sh", "-c", "; ".join((gone.FORGET, "set -e", *gone.MAKE)))
        assert outcome.status == 0, outcome

    steps = 0
    for step in killed_at_each_step(host, verb, "operator", has_left, guest=gone.VM, least=5):
        steps = step
        host.advance(5)
        outcome = host.run(HIVECTL, "remove", "--yes", gone.VM)
        assert outcome.status == 0 or "this host has nothing of it" in outcome.err, f"killed at step {step}: {outcome}"
        assert not gone.left(host), f"killed at step {step}: {gone.left(host)}\n{report(host)}"
    print(f"killed at {steps} steps of a removal")


PATIENT = ("/usr/local/etc/hivewright/vms/web1/start", "patient")


def waits(host: Host) -> None:
    """web1 waits for a default route, by which the uplink of its bridge is found."""
    host.call("set", name="default_route", value=None)
    host.run("/bin/sh", "-c", "ifconfig br-lan destroy")
    host.spawn(*PATIENT, name="patient")
    host.wait("patient")
    host.advance(20)
    assert host.path("/var/run/hivewright/web1/phase").read_text().startswith("waiting "), report(host)


def left_in_the_end(host: Host) -> list[str]:
    """A supervisor whose daemon(8) was killed sees after its pause that another one has taken over."""
    host.advance(70)
    return leftovers(host)


@pytest.mark.parametrize("victims", ["supervisor", "daemon", EVERYDAY[1]])
def test_a_start_that_waits_can_be_killed(victims: str, open_host: Callable[..., Host]) -> None:
    """At each command of its tries; afterwards a stop or a start puts all right."""
    host = open_host("dash")
    works_again(host, 0)
    hits = 0
    for step in steps(100, victims):
        waits(host)
        start = host.call("executed")
        host.call("kill_after", count=step, targets=[victim.format("web1") for victim in VICTIMS[victims]])
        host.advance(60)
        if host.call("executed") - start < step:
            break
        hits += bool(host.call("killed"))
        if step % 2:
            is_gone_after_stop(host, step, left=left_in_the_end)
        else:
            host.call("set", name="default_route", value="ix0")
            works_again(host, step, left=left_in_the_end)
    assert hits >= enough(20), f"killed only {hits} times"


@pytest.mark.parametrize("verb", ["start", "stop"])
@pytest.mark.parametrize("victims", ["operator", EVERYDAY[1], "all"])
def test_what_ends_the_waiting_can_be_killed(verb: str, victims: str, open_host: Callable[..., Host]) -> None:
    """A stop, or a start by hand, which takes over."""
    host = open_host("dash")
    works_again(host, 0)
    for step in killed_at_each_step(host, verb, victims, lambda: waits(host), least=1):
        is_gone_after_stop(host, step)
        host.call("set", name="default_route", value="ix0")
        works_again(host, step)


AGENT = SCENARIOS / "agent"
TAKEN, BACK = "snapshot {} one", "rollback --yes {} one"
DELETED = "snapshot --delete --yes {} one"


def moments(host: Host) -> list[str]:
    """The snapshots called one, of which there are as many as volumes, or none."""
    found = [line for line in host.state() if line.startswith("snapshot") and "@one " in line]
    assert len(found) in (0, 2), f"{found}\n{report(host)}"
    return found


@pytest.mark.parametrize("victims", ["operator", "session"])
def test_a_killed_snapshot_leaves_no_guest_frozen(victims: str, open_site: Callable[..., Host]) -> None:
    """All volumes have it or none, and what watches over the freeze lets the guest go on."""
    host = open_site(AGENT, "alpha", "dash")
    host.guest("db1", {"agent": 0, "acpi": 0})
    assert host.run(HIVECTL, "start", "db1").status == 0

    def without() -> None:
        host.run("/bin/sh", "-c", "zfs destroy zroot/vms/db1/root@one; zfs destroy zroot/vms/db1/data@one")

    for step in killed_at_each_step(host, TAKEN, victims, without, "db1"):
        host.advance(70)
        guests = [line for line in host.state() if line.startswith("guest ")]
        assert guests == ["guest db1"], f"killed at step {step}: {guests}\n{report(host)}"
        outcome = host.run(HIVECTL, *TAKEN.format("db1").split())
        assert outcome.status == 0 or "already" in outcome.err, f"killed at step {step}: {outcome}\n{report(host)}"
        assert moments(host)
    print(f"snapshot: killed {step} times")
    is_gone_after_stop(host, 0, "db1")


@pytest.mark.parametrize("victims", ["operator", "session"])
def test_a_killed_rollback_is_done_again_before_a_start(victims: str, open_site: Callable[..., Host]) -> None:
    """No guest starts with volumes of two moments."""
    host = open_site(AGENT, "alpha", "dash")
    volumes = ("zroot/vms/db1/root", "zroot/vms/db1/data")
    works_again(host, 0, "db1")
    assert host.run(HIVECTL, "snapshot", "db1", "one").status == 0
    first = [line for line in host.state() if line.startswith("volume")]

    def written() -> None:
        for volume in volumes:
            script = f"printf x | dd of=/dev/zvol/{volume} bs=512 conv=sync,notrunc status=none"
            assert host.run("/bin/sh", "-c", script).status == 0

    for step in killed_at_each_step(host, BACK, victims, written, "db1"):
        host.advance(5)
        now = [line for line in host.state() if line.startswith("volume")]
        mixed = len(set(now) & set(first)) == 1
        outcome = host.run(HIVECTL, "start", "db1")
        assert not mixed or outcome.status == 1, f"killed at step {step}: {outcome}\n{report(host)}"
        host.run(HIVECTL, "stop", "db1")
        outcome = host.run(HIVECTL, *BACK.format("db1").split())
        assert outcome.status == 0, f"killed at step {step}: {outcome}\n{report(host)}"
        assert [line for line in host.state() if line.startswith("volume")] == first, report(host)
        moments(host)
    print(f"rollback: killed {step} times")
    works_again(host, 0, "db1")


@pytest.mark.parametrize("victims", ["operator", "session"])
def test_a_killed_deletion_goes_on_with_what_is_left(victims: str, open_site: Callable[..., Host]) -> None:
    """The same command again destroys it of the other volumes; nothing else is harmed."""
    host = open_site(AGENT, "alpha", "dash")
    works_again(host, 0, "db1")
    assert host.run(HIVECTL, "snapshot", "db1", "kept").status == 0

    def taken() -> None:
        assert host.run(HIVECTL, *TAKEN.format("db1").split()).status == 0

    for step in killed_at_each_step(host, DELETED, victims, taken, "db1"):
        host.advance(5)
        left = [line for line in host.state() if line.startswith("snapshot") and "@one " in line]
        outcome = host.run(HIVECTL, *DELETED.format("db1").split())
        assert outcome.status == (0 if left else 1), f"killed at step {step}: {outcome}\n{report(host)}"
        assert not moments(host)
        kept = [line for line in host.state() if line.startswith("snapshot") and "@kept " in line]
        assert len(kept) == 2, f"killed at step {step}\n{report(host)}"
    print(f"deletion: killed {step} times")
    works_again(host, 0, "db1")
