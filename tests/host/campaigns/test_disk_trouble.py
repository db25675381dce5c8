"""``hivectl disk`` on the stand-in host: what is killed half way, what is asked, and words that make no sense."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bhyve_grammar import parse_command
from hivewright.lower.devices.blocks import default_serial
from host.build import install
from host.campaign import steps
from host.disks import EXTRA, FILE, PAPERS
from host.play import HIVECTL, leftovers
from host.sandbox import SHELLS, Host
from runtime_parts import library_at

EVERYDAY = "dash"
EACH_SHELL = [pytest.param(shell, marks=[] if shell == EVERYDAY else [pytest.mark.slow]) for shell in SHELLS]
VOLUME = "volume zroot/vms/db1/extra 8589934592 nothing"


def do(host: Host, *words: str) -> str:
    """An operator's command, which succeeds; returns what it said."""
    outcome = host.run(HIVECTL, *words)
    assert outcome.status == 0, (words, outcome)
    return outcome.out


def prepared(host: Host) -> None:
    """db1 and web1 have disks that the site does not define any more."""
    install(host, EXTRA, PAPERS)
    for verb in ("start", "stop"):
        for name in ("db1", "web1"):
            do(host, verb, name)
    install(host)


def state_of(host: Host, name: str) -> str:
    """The state of a disk, as the list has it; empty when it has none such."""
    lines = do(host, "disk", "list", name.partition("/")[0]).splitlines()
    return next((line.split()[2] for line in lines if line.startswith(name + " ")), "")


def devices(host: Host, name: str) -> str:
    """The devices that bhyve was given, read strictly."""
    words = host.path(f"/var/run/hivewright/{name}/words").read_text().splitlines()
    words = [word for word in words if not word.startswith("is ")]
    return str(sorted(parse_command(words[1:], "14.3", "amd64").slots.items()))


def killed(host: Host, step: int, *words: str) -> bool:
    """Kill the process that does the work, as it is without its locks, after so many commands; false when it ended."""
    before = host.call("executed")
    host.call("kill_after", count=step, targets=["operator victim"])
    host.spawn(HIVECTL, "_disk", "now", *words, name="victim")
    host.wait("victim")
    host.advance(0)
    return bool(host.call("executed") - before >= step)


@pytest.mark.parametrize(
    ("name", "other", "shell"),
    [
        *(("db1/extra", "web1", shell) for shell in ("dash", "lksh")),
        *(("web1/papers", "db1", shell) for shell in ("bash", "busybox")),
    ],
)
def test_a_killed_destroy_can_be_done_again(name: str, other: str, shell: str, open_host: Callable[..., Host]) -> None:
    owner, disk = name.split("/")
    for step in steps(20, name, shell):
        host = open_host(shell)
        prepared(host)
        done = not killed(host, step, "destroy", owner, disk, name)
        there = VOLUME in host.state() if owner == "db1" else host.path(FILE).exists()
        state = state_of(host, name)
        assert state in (("detached",) if there else ("missing", "")), step
        if state:
            do(host, "disk", "destroy", "--confirm", name, owner, disk)
        assert state_of(host, name) == ""
        assert VOLUME not in host.state() if owner == "db1" else not host.path(FILE).exists()
        assert state_of(host, "web1/papers" if owner == "db1" else "db1/extra") == "detached"
        do(host, "start", other)
        if done:
            assert step > 2
            return
    raise AssertionError("there is no end of steps")


@pytest.mark.parametrize("shell", EACH_SHELL)
def test_a_killed_attach_or_detach_can_be_done_again(shell: str, open_host: Callable[..., Host]) -> None:
    host = open_host(shell)
    prepared(host)
    for verb, before, after in (("attach", "detached", "attached"), ("detach", "attached", "detached")):
        hits = 0
        for step in range(1, 20):
            if not killed(host, step, verb, "db1", "extra"):
                break
            hits += 1
            if state_of(host, "db1/extra") == before:
                do(host, "disk", verb, "db1", "extra")
            assert state_of(host, "db1/extra") == after
            do(host, "disk", "detach" if verb == "attach" else "attach", "db1", "extra")
        assert hits
        do(host, "disk", verb, "db1", "extra") if state_of(host, "db1/extra") == before else None
        assert state_of(host, "db1/extra") == after


@pytest.mark.parametrize("shell", EACH_SHELL)
def test_a_killed_start_with_an_attached_disk_can_be_done_again(shell: str, open_host: Callable[..., Host]) -> None:
    host = open_host(shell)
    prepared(host)
    do(host, "disk", "attach", "web1", "db1/extra")
    for step in steps(40, shell):
        before = host.call("executed")
        host.call("kill_after", count=step, targets=["daemon web1", "supervisor web1"])
        host.spawn(HIVECTL, "start", "web1", name="victim")
        host.wait("victim")
        ended = host.call("executed") - before < step
        outcome = host.run(HIVECTL, "disk", "destroy", "--confirm", "db1/extra", "db1", "extra")
        assert outcome.status == 1
        assert VOLUME in host.state()
        host.advance(5)
        do(host, "start", "web1")
        assert devices(host, "web1").count("db1/extra") == 1
        host.advance(10)
        do(host, "stop", "web1")
        assert not leftovers(host)
        if ended:
            assert step >= 5
            return
    raise AssertionError("there is no end of steps")


def test_two_operators_give_one_disk_to_one_guest(open_host: Callable[..., Host]) -> None:
    for seed in range(6):
        host = open_host("dash", seed=seed)
        prepared(host)
        guests = ("db1", "web1", "app1")
        for guest in guests:
            host.spawn(HIVECTL, "disk", "attach", guest, "db1/extra", name=guest)
        assert sorted(str(host.wait(guest).status) for guest in guests) == ["0", "1", "1"]
        notes = [host.path(f"/var/db/hivewright/{guest}/attached") for guest in guests]
        assert sum("db1/extra" in note.read_text() for note in notes if note.exists()) == 1


def test_a_guest_that_starts_is_left_alone(open_host: Callable[..., Host]) -> None:
    host = open_host("dash", zvol_delay=5, volmode_race="late")
    made = "zfs create -p -o volmode=dev -V 4G zroot/vms/db1/data; mkdir -p /var/db/hivewright/db1"
    note = "echo data zroot/vms/db1/data >/var/db/hivewright/db1/disks"
    assert host.run("/bin/sh", "-c", f"{made}; {note}").status == 0
    host.spawn(HIVECTL, "start", "db1", name="starter")
    host.advance(2)
    outcome = host.run(HIVECTL, "disk", "attach", "db1", "data")
    assert outcome.status == 1
    assert "started, stopped or provisioned" in outcome.err
    assert host.wait("starter").status == 0


def test_a_guest_that_starts_has_what_its_script_says(open_host: Callable[..., Host]) -> None:
    """Unless the script was changed while it starts: then nobody can tell, and no disk is given away."""
    host = open_host("dash")
    prepared(host)
    run = host.path("/var/run/hivewright/web1")
    (run / "phase").write_text("starting 1000000000 a start was asked for\n")
    (run / "supervisor").write_text("1 1\n")
    digest = (run / "digest").read_text()
    (run / "digest").write_text("of another definition\n")
    outcome = host.run(HIVECTL, "disk", "attach", "db1", "extra")
    assert outcome.status == 1
    assert "may be in use, since web1 starts; try again" in outcome.err
    script = host.path("/usr/local/etc/hivewright/vms/web1/start").read_text()
    installed = next(line.split()[2] for line in script.splitlines() if line.startswith("vm web1 "))
    assert installed != digest.strip()
    (run / "digest").write_text(installed + "\n")
    do(host, "disk", "attach", "db1", "extra")


@pytest.mark.parametrize(
    "words",
    [
        *((), ("burn",), ("attach", "db1"), ("detach", "db1"), ("grow", "db1", "data"), ("list", "db1", "web1")),
        *(("destroy", "db1"), ("destroy", "--confirm", "db1"), ("destroy", "--sure", "db1/data", "db1", "data")),
        *(("now",), ("now", "destroy", "db1", "data"), ("now", "destroy", "db1", "data", "db1/other")),
    ],
)
def test_words_that_make_no_sense(words: tuple[str, ...], open_host: Callable[..., Host]) -> None:
    host = open_host("dash")
    outcome = host.run(HIVECTL, "disk", *words)
    assert outcome.status == 2
    assert "hivectl disk destroy [-n] [--confirm name] vm disk" in outcome.err


@pytest.mark.parametrize("words", [("attach", "nobody", "data"), ("list", "nobody"), ("grow", "../x", "data", "4G")])
def test_an_unknown_guest(words: tuple[str, ...], open_host: Callable[..., Host]) -> None:
    host = open_host("dash")
    outcome = host.run(HIVECTL, "disk", *words)
    assert outcome.status == 1
    assert f'there is no VM "{words[1]}"' in outcome.err
    assert not host.path("/var/db/hivewright/nobody").exists()


def test_slots_are_taken_from_above_until_there_are_none(open_host: Callable[..., Host]) -> None:
    """Each at an address of its own, which neither the definition nor another one has."""
    host = open_host("dash")
    do(host, "start", "web1")
    host.advance(10)
    do(host, "stop", "web1")
    notes = host.path("/var/db/hivewright/web1/disks")
    names = [f"d{number}" for number in range(30)]
    for name in names:
        host.path(f"/srv/vms/web1/{name}.img").write_bytes(b"x" * 1024)
    notes.write_text(notes.read_text() + "".join(f"{name} /srv/vms/web1/{name}.img\n" for name in names))
    used = {0, 3, 4, 5, 31}
    free = [slot for slot in range(28, 2, -1) if slot not in used]
    for name, slot in zip(names, free, strict=False):
        assert f"at 0:{slot}:0," in do(host, "disk", "attach", "web1", name)
    outcome = host.run(HIVECTL, "disk", "attach", "web1", names[len(free)])
    assert outcome.status == 1
    assert "no PCI slot from 3 to 28 is free" in outcome.err
    do(host, "start", "web1")
    assert devices(host, "web1").count("/srv/vms/web1/d") == len(free)


@pytest.mark.parametrize(
    "words", ["-s 28,virtio-rnd", "-s 28:1,virtio-rnd", "-s 0:28:3,virtio-rnd", "-o pci.0.28.0.x=y"]
)
def test_an_address_of_extra_args_is_not_taken(words: str, open_host: Callable[..., Host]) -> None:
    host = open_host("dash")
    prepared(host)
    script = host.path("/usr/local/etc/hivewright/vms/db1/start")
    script.write_text(script.read_text().replace("run /usr", f'set -- "$@" {words}  # extra_args\nrun /usr'))
    assert "at 0:27:0," in do(host, "disk", "attach", "db1", "extra")


def test_a_path_may_hold_blanks(open_host: Callable[..., Host]) -> None:
    host = open_host("dash")
    do(host, "start", "web1")
    host.advance(10)
    do(host, "stop", "web1")
    disk = host.path("/srv/old disks/a  b.img")
    disk.parent.mkdir()
    disk.write_bytes(b"x" * 4096)
    with host.path("/var/db/hivewright/web1/disks").open("a") as stream:
        stream.write("old /srv/old disks/a  b.img\n")
    do(host, "disk", "attach", "app1", "web1/old")
    assert "4K attached  app1             /srv/old disks/a  b.img" in do(host, "disk", "list", "web1")
    do(host, "start", "app1")
    words = host.path("/var/run/hivewright/app1/words").read_text()
    assert "0:28:0,virtio-blk,/srv/old disks/a  b.img,ser=web1-old\n" in words
    host.advance(10)
    do(host, "stop", "app1")
    do(host, "disk", "detach", "app1", "web1/old")
    script = host.path("/usr/local/etc/hivewright/vms/app1/start")
    defined = "prepare disk root '/srv/old disks/a  b.img' rw  # disk.root\n"
    script.write_text(script.read_text().replace("prepare disk root /srv/vms/app1/root.img rw  # disk.root\n", defined))
    assert state_of(host, "web1/old") == "defined"
    assert host.run(HIVECTL, "disk", "destroy", "--confirm", "web1/old", "web1", "old").status == 1
    script.write_text(script.read_text().replace(defined, ""))
    do(host, "disk", "destroy", "--confirm", "web1/old", "web1", "old")
    assert not disk.exists()


@pytest.mark.parametrize("name", ["data", "d" * 31])
def test_the_serial_number_is_the_compilers(name: str, open_host: Callable[..., Host]) -> None:
    """So a disk that leaves the definition and is attached by hand looks the same to its guest."""
    host = open_host("dash")
    host.path("/var/db/hivewright/web1").mkdir(parents=True)
    host.path("/srv").mkdir()
    host.path("/srv/disk").write_bytes(b"x" * 4096)
    host.path("/var/db/hivewright/web1/disks").write_text(f"{name} /srv/disk\n")
    do(host, "disk", "attach", "web1", name)
    line = host.path("/var/db/hivewright/web1/attached").read_text()
    assert line == f"web1/{name} 0:28:0 {default_serial('web1', name)} /srv/disk\n"


def test_only_files_and_volumes_are_destroyed(open_host: Callable[..., Host]) -> None:
    """A note that somebody wrote, or a place that changed: nothing else is taken for a disk."""
    host = open_host("dash")
    host.path("/var/db/hivewright/web1").mkdir(parents=True)
    host.path("/srv/directory").mkdir(parents=True)
    host.path("/srv/file").write_bytes(b"x")
    host.path("/srv/link").symlink_to("file")
    assert host.run("/bin/sh", "-c", "zfs create -p zroot/vms/group").status == 0
    for number, place in enumerate(("/srv/directory", "/srv/link", "zroot/vms/group", "/srv/it's")):
        with host.path("/var/db/hivewright/web1/disks").open("a") as stream:
            stream.write(f"d{number} {place}\n")
        outcome = host.run(HIVECTL, "disk", "destroy", "--confirm", f"web1/d{number}", "web1", f"d{number}")
        assert outcome.status == 1, place
    assert host.path("/srv/directory").exists()
    assert host.path("/srv/link").is_symlink()
    assert host.run("/bin/sh", "-c", "zfs list zroot/vms/group").status == 0


@pytest.mark.parametrize("shell", EACH_SHELL)
@pytest.mark.parametrize(
    ("typed", "status"), [("web1/data", 0), ("data", 1), ("", 1), ("yes", 1), ("web1/data ", 1), ("web1/data\\", 1)]
)
def test_a_terminal_is_asked_for_the_name(typed: str, status: int, shell: str, tmp_path: Path) -> None:
    """The one thing that needs a terminal, which the sandbox has not: the question alone."""
    library_at(tmp_path / "library")
    script = (
        "set -u; . ./library/lib/runtime.subr; load_part storage/destroy.subr; "
        "vm=web1 owner=web1 disk=data place=/srv/x; confirm ''; echo go"
    )
    leader, follower = pty.openpty()
    os.write(leader, f"{typed}\n".encode())
    words = ["busybox", "ash"] if shell == "busybox" else [shell]
    done = subprocess.run(
        [*words, "-c", script], cwd=tmp_path, stdin=follower, capture_output=True, text=True, check=False
    )
    os.close(leader)
    os.close(follower)
    assert done.returncode == status, done
    assert "Type web1/data to go on: " in done.stdout
    assert ("go\n" in done.stdout) == (status == 0)
    assert ("nothing was destroyed" in done.stderr) == (status != 0)
