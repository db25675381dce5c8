"""The files of a release are laid over those of another one at any moment, by rename or in place, while guests run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from host.campaign import steps
from host.play import HIVECTL
from host.releases import (
    EACH_SHELL,
    GUESTS,
    NEXT,
    RELEASES,
    STEPS,
    WAYS,
    Open,
    ends_well,
    hivectl,
    hooks,
    lay,
    left,
    nothing_read_on,
    ran,
    report,
    states,
    supervisors,
)
from host.sandbox import SHELLS, Host


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
    for step in steps(STEPS, release, shell, in_place, words):
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
@pytest.mark.parametrize("verb", ["up", "down"])
def test_files_come_while_networks_are_made(verb: str, in_place: bool, open_release: Open) -> None:
    """host.conf is read to its end before the first network is made, or undone."""

    def made(host: Host) -> None:
        if verb == "down":
            hivectl(host, "network")

    words = [HIVECTL, "network", *(["down"] if verb == "down" else [])]
    for step, host, status in laid_at_each_command(open_release, "this", "dash", in_place, words, made):
        assert status == 0, (step, report(host))
        bridges = [line for line in host.state() if line.startswith("interface br-")]
        assert bool(bridges) == (verb == "up"), (step, bridges)
        nothing_read_on(host)


@pytest.mark.parametrize("in_place", WAYS)
def test_the_service_is_replaced_while_rc_sources_it(in_place: bool, open_release: Open) -> None:
    """With rc_fast_and_loose rc(8) sources scripts into its own shell, which goes on behind them."""
    host = open_release("this", "dash")
    host.path("/etc/rc.conf").write_text('hivewright_enable="YES"\n')
    hivectl(host, "start", "web1")
    lay(host, in_place, 2)
    script = "rc_fast_and_loose=yes; set stop web1; . /usr/local/etc/rc.d/hivewright; echo goes on"
    outcome = host.run("sh", "-c", script)
    assert (outcome.status, outcome.out.splitlines()[-1:]) == (0, ["goes on"]), outcome
    assert states(host)["web1"] == "stopped"
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


LONGER = {
    "export": (("start db1", "stop db1"), "export db1 -o /tmp/db1.tar"),
    "snapshot": (("start db1",), "snapshot db1 one"),
    "rollback": (("start db1", "stop db1", "snapshot db1 one"), "rollback --yes db1 one"),
    "restart": (("start web1",), "restart web1"),
    "grow": (("start db1", "stop db1"), "disk grow db1 data 8G"),
    "poweroff": (("start web1",), "poweroff web1"),
    "service": ((), "start"),
}
"""Verbs that take long, and what they find."""


@pytest.mark.slow
@pytest.mark.parametrize("in_place", WAYS)
@pytest.mark.parametrize("verb", LONGER)
def test_files_come_in_the_middle_of_what_takes_long(verb: str, in_place: bool, open_release: Open) -> None:
    """Of a release that is this one but for its length: what a verb began it ends."""
    before, command = LONGER[verb]

    def prepare(host: Host) -> None:
        for each in before:
            hivectl(host, *each.split())
        host.advance(10)
        host.transcript()

    for step, host, status in laid_at_each_command(
        open_release, "this", "dash", in_place, [HIVECTL, *command.split()], prepare
    ):
        assert status == 0, (step, report(host))
        hivectl(host, "stop", *GUESTS)
        assert left(host) == [], (step, report(host))
        nothing_read_on(host)
