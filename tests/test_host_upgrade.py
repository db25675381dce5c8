"""The files of a release are laid over those of another one at any moment, by rename or in place, while guests run.

The release before this one made tests/sites/upgrade/before.tar.xz, whose scripts are for the runtime of ABI 1.
"""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from host.play import HIVECTL, leftovers, nameless
from host.san import OPEN, TARGETS
from host.sandbox import SHELLS, Host
from projects import CHECKOUT

SITE = CHECKOUT / "tests" / "sites" / "upgrade"
SETTINGS = {"pci": {"3/0/1": "mpr1"}, "modules": ["vmm"], "targets": {OPEN: TARGETS[OPEN]}}
GUESTS = ("db1", "gpu1", "san1", "web1")
NEXT = "/.linux/next"
"""Where the files of the later release lie until they are laid over the others."""

STEPS = 100
RELEASES = ("before", "this")
"""Whose files are replaced: those of the release before by those of this one, or these by those of a later one."""

WAYS = [pytest.param(False, id="rename"), pytest.param(True, id="in-place")]
EACH_SHELL = [pytest.param(shell, marks=[] if shell == "dash" else [pytest.mark.slow]) for shell in SHELLS]

Open = Callable[..., Host]


def as_later(tree: Path) -> None:
    """Make a tree of this release that of a later one: each file of sh is longer, and tells when its end is read."""
    for path in tree.rglob("*"):
        if not path.is_file():
            continue
        text = path.read_text()
        if path.suffix == ".subr":
            path.write_text(f'{text}printf "%s {path.name}\\n" "$$" >>/tmp/loaded\n')
        elif text.startswith("#!/bin/sh") and "hooks" not in path.parts:
            path.write_text(f'{text}[ -n "${{hive_reading-}}" ] || printf "%s\\n" "$0" >>/tmp/read-on\n')


@pytest.fixture(scope="session")
def trees(tmp_path_factory: pytest.TempPathFactory, tree_of: Callable[[Path, str], Path]) -> dict[str, Path]:
    """What lands at / by release."""
    directory = tmp_path_factory.mktemp("releases")
    with tarfile.open(SITE / "before.tar.xz") as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                path = directory / "before" / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())
                path.chmod(member.mode)
    shutil.copytree(tree_of(SITE, "alpha"), directory / "later")
    as_later(directory / "later")
    return {"before": directory / "before" / "root", "this": tree_of(SITE, "alpha"), "later": directory / "later"}


@pytest.fixture
def open_release(open_tree: Open, trees: dict[str, Path]) -> Open:
    """Opens hosts with a release, ``open_release(release, shell)``, to which the next one can come."""

    def open_one(release: str, shell: str) -> Host:
        host = open_tree(trees[release], shell, **SETTINGS)
        shutil.copytree(trees["this" if release == "before" else "later"], host.path(NEXT))
        return host

    return open_one


def hivectl(host: Host, *words: str) -> str:
    outcome = host.run(HIVECTL, *words)
    assert outcome.status == 0, (words, outcome, report(host))
    return outcome.out


def report(host: Host) -> str:
    """The last commands, for the message of a failure."""
    return "\n".join(host.transcript()[-40:])


def lay(host: Host, in_place: bool, command: int = 1) -> None:
    """Lay the next release over this one at a command from now on; the first runs now."""
    host.call("lay_at", command=command, source=NEXT, in_place=in_place)
    if command == 1:
        host.run("true")


def hooks(host: Host, name: str = "web1") -> list[str]:
    """The moments of the hooks that ran, in order."""
    path = host.path("/tmp/hooks")
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.split()[1] for line in lines if line.startswith(f"{name} ")]


def states(host: Host) -> dict[str, str]:
    """Each guest's state, as list shows it."""
    return {row.split()[0]: row.split()[1] for row in hivectl(host, "list").splitlines()[1:]}


def supervisors(host: Host) -> set[str]:
    paths = [host.path(f"/var/run/hivewright/{name}/supervisor") for name in GUESTS]
    return {path.read_text().split()[0] for path in paths if path.exists() and path.read_text().strip()}


def left(host: Host) -> list[str]:
    """What stopped guests left that they must not; db1 keeps its tap."""
    return [line for line in leftovers(host) if "tap-db1-lan" not in line]


def nothing_read_on(host: Host) -> None:
    path = host.path("/tmp/read-on")
    assert not path.exists(), f"read on after their end: {path.read_text()}"


def ends_well(host: Host) -> None:
    """All guests can be stopped, started and stopped again, and nothing is left of them."""
    for verb in ("stop", "start", "stop"):
        hivectl(host, verb, *GUESTS)
        host.advance(10)
        assert set(states(host).values()) == {"running" if verb == "start" else "stopped"}, (verb, report(host))
        if verb == "stop":
            assert left(host) == []
            assert [line for line in host.state() if line.startswith(("session ", "device 3/0/1"))] == [
                "device 3/0/1 mpr1"
            ]
    nothing_read_on(host)


def ran(host: Host) -> Iterator[str]:
    """The commands since the last call that make or undo something, less when they ran."""
    for line in map(nameless, host.transcript()):
        command = line.split(maxsplit=2)[2]
        if command.startswith(("bhyve ", "ifconfig tap", "iscsictl", "devctl", "zfs create", "truncate")):
            yield command


@pytest.mark.parametrize("in_place", WAYS)
@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("shell", EACH_SHELL)
def test_guests_that_run_go_on(shell: str, release: str, in_place: bool, open_release: Open) -> None:
    """They are listed, reboot and stop as if nothing had happened; what was made for them is undone once."""
    host = open_release(release, shell)
    host.guest("web1", {"end": "reboot", "after": 100}, {"end": "poweroff", "after": 5000})
    host.guest("san1", {"end": "reboot", "after": 110}, {"end": "poweroff", "after": 5000})
    hivectl(host, "start", *GUESTS)
    host.advance(1)
    old = supervisors(host)
    assert len(old) == len(GUESTS)
    lay(host, in_place)
    assert set(states(host).values()) == {"running"}
    assert "CPUs 1, memory 1G" in hivectl(host, "status", *GUESTS)
    host.transcript()
    host.advance(150)
    assert [command.split()[-1] for command in ran(host) if command.startswith("bhyve")] == ["web1", "san1"]
    assert supervisors(host) == old
    assert set(states(host).values()) == {"running"}
    hivectl(host, "stop", *GUESTS)
    assert left(host) == [], report(host)
    undone = list(ran(host))
    assert undone.count("ifconfig tap-web1-lan destroy") == 1
    assert len([command for command in undone if command.startswith("devctl clear")]) == 1
    assert len([command for command in undone if command.startswith("iscsictl -R")]) == 1
    assert hooks(host) == ["prestart", "poststart", "poststop"]
    if release == "this":
        loaded = host.path("/tmp/loaded").read_text().splitlines()
        assert not [line for line in loaded if line.split()[0] in old]
    ends_well(host)
    assert hooks(host) == ["prestart", "poststart", "poststop"] * 2


@pytest.mark.parametrize("in_place", WAYS)
@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("shell", EACH_SHELL)
def test_guests_that_crashed_start_again(shell: str, release: str, in_place: bool, open_release: Open) -> None:
    """The files come while a supervisor waits before the next run."""
    host = open_release(release, shell)
    for name in GUESTS:
        host.guest(
            name, {"end": "triple", "after": 10}, {"end": "triple", "after": 1}, {"end": "poweroff", "after": 9999}
        )
    hivectl(host, "start", *GUESTS)
    old = supervisors(host)
    host.advance(10.5)
    host.advance(1)
    assert "pausing" in states(host).values()
    lay(host, in_place)
    host.advance(30)
    assert set(states(host).values()) == {"running"}
    assert supervisors(host) == old
    ends_well(host)
    assert hooks(host) == ["prestart", "poststart", "poststop"] * 2


@pytest.mark.parametrize("in_place", WAYS)
@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("verb", ["start", "stop"])
@pytest.mark.parametrize("shell", EACH_SHELL)
def test_a_guest_without_a_supervisor_is_taken_over(
    shell: str, verb: str, release: str, in_place: bool, open_release: Open
) -> None:
    """What the supervisor of the other release noted is understood."""
    host = open_release(release, shell)
    hivectl(host, "start", *GUESTS)
    for name in GUESTS:
        assert host.call("kill", target=f"supervisor {name}")
    lay(host, in_place)
    assert set(states(host).values()) == {"lost"}
    hivectl(host, verb, *GUESTS)
    if verb == "start":
        assert set(states(host).values()) == {"running"}
    ends_well(host)
    assert hooks(host)[:3] == ["prestart", "poststart", "poststop"]
    assert len(hooks(host)) == 6


def laid_at_each_command(
    open_release: Open,
    release: str,
    shell: str,
    in_place: bool,
    words: list[str],
    before: Callable[[Host], object] = Host.transcript,
) -> Iterator[tuple[int, Host, int | None]]:
    """Run a command again and again, with the files coming at its first, second, … command until none is left."""
    for step in range(1, STEPS):
        host = open_release(release, shell)
        before(host)
        start = host.call("executed")
        host.call("lay_at", command=step, source=NEXT, in_place=in_place)
        outcome = host.run(*words)
        host.advance(0)
        if host.call("executed") - start < step:
            assert step > 3
            return
        yield step, host, outcome.status
        host.close()
    raise AssertionError("there is no end of steps")


@pytest.mark.slow
@pytest.mark.parametrize("in_place", WAYS)
@pytest.mark.parametrize("release", RELEASES)
def test_files_come_in_the_middle_of_a_start(release: str, in_place: bool, open_release: Open) -> None:
    """Of the first start, with provisioning: what is made is made once, and a start that fails can be done again."""
    words = [HIVECTL, "start", "web1"]
    for step, host, status in laid_at_each_command(open_release, release, "dash", in_place, words):
        if release == "this":
            assert status == 0, (step, report(host))
        elif status != 0:
            assert left(host) == [], (step, report(host))
            hivectl(host, "start", "web1")
        assert states(host)["web1"] == "running", (step, report(host))
        assert len([command for command in ran(host) if command.startswith("truncate")]) == 1
        host.advance(10)
        hivectl(host, "stop", "web1")
        assert left(host) == [], step
        if status == 0:
            assert hooks(host) == ["prestart", "poststart", "poststop"], step
        nothing_read_on(host)


@pytest.mark.slow
@pytest.mark.parametrize("in_place", WAYS)
@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(("guest", "shell"), [("web1", "dash"), ("gpu1", "busybox")])
def test_files_come_in_the_middle_of_a_stop(
    guest: str, shell: str, release: str, in_place: bool, open_release: Open
) -> None:
    """Nothing is left, or a second stop sees to it, and nothing is undone twice."""

    def start(host: Host) -> None:
        host.guest(guest, {"shutdown": 7})
        hivectl(host, "start", guest)
        host.advance(10)
        host.transcript()

    words = [HIVECTL, "stop", guest]
    for step, host, status in laid_at_each_command(open_release, release, shell, in_place, words, start):
        assert status == 0, (step, report(host))
        assert left(host) == [], (step, report(host))
        assert states(host)[guest] == "stopped", step
        assert hooks(host) == (["prestart", "poststart", "poststop"] if guest == "web1" else []), step
        hivectl(host, "start", guest)
        nothing_read_on(host)


@pytest.mark.slow
@pytest.mark.parametrize("in_place", WAYS)
@pytest.mark.parametrize("release", RELEASES)
def test_files_come_in_the_middle_of_provisioning(release: str, in_place: bool, open_release: Open) -> None:
    words = [HIVECTL, "provision", "web1"]
    for step, host, status in laid_at_each_command(open_release, release, "dash", in_place, words):
        if status != 0:
            assert release == "before", (step, report(host))
            hivectl(host, "provision", "web1")
        assert len([command for command in ran(host) if command.startswith("truncate")]) == 1
        hivectl(host, "start", "web1")
        nothing_read_on(host)


@pytest.mark.parametrize("in_place", WAYS)
def test_the_service_is_replaced_while_it_stops(in_place: bool, open_release: Open) -> None:
    """rc.d's script is not read again after its command, whose guests take their time."""
    host = open_release("this", "dash")
    host.guest("web1", {"shutdown": 7})
    hivectl(host, "start", "web1")
    host.advance(10)
    host.path("/etc/rc.conf").write_text('hivewright_enable="YES"\n')
    lay(host, in_place, 4)
    outcome = host.run("service", "hivewright", "restart", "web1")
    assert (outcome.status, states(host)["web1"]) == (0, "running"), outcome
    host.advance(1)
    assert hooks(host) == ["prestart", "poststart", "poststop", "prestart", "poststart"]
    nothing_read_on(host)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_longer_than_what_sh_reads_at_once_is_read_whole(shell: str, open_release: Open) -> None:
    """Overwritten in place by a shorter one while its steps run, it goes on to its end."""
    host = open_release("this", shell)
    for verb in ("start", "stop"):
        hivectl(host, verb, "web1")
    path = host.path("/usr/local/etc/hivewright/vms/web1/start")
    head, mark, tail = path.read_text().partition("# The command")
    for step in range(2, 6):
        path.write_text(f"{head}#{'x' * 70000}\n{mark}{tail}")
        lay(host, True, step)
        outcome = host.run(HIVECTL, "start", "web1")
        assert (outcome.status, len(path.read_text()) < 70000) == (0, True), (step, outcome, report(host))
        assert states(host)["web1"] == "running", step
        hivectl(host, "stop", "web1")
    nothing_read_on(host)
