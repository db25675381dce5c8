"""Whatever fails, is killed or finds no space while a guest is saved or goes on: what is not whole is no checkpoint,
no guest loses what its memory held, and one command restores order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from host.campaign import steps
from host.play import HIVECTL, leftovers
from host.sandbox import Host, Outcome
from host.scenario import SCENARIOS

pytest_plugins = ["host.fixtures"]

GUEST = "late1"
RUN, DB = f"/var/run/hivewright/{GUEST}", f"/var/db/hivewright/{GUEST}"
ANEW = (
    f"hivectl stop {GUEST} >/dev/null; rm -rf {DB}/checkpoints {RUN}/checkpoint.lock;"
    f"for each in $(zfs list -H -o name -t volume -r zroot/vms/{GUEST} | grep kept-); do zfs destroy -r $each; done;"
    f"for each in $(zfs list -H -o name -t snapshot -r zroot/vms/{GUEST}); do zfs destroy $each; done;"
    f"if cd {DB}; then grep -v kept- disks >/tmp/disks && cp /tmp/disks disks; : >rolling; cd /; fi;"
    f"set -e; hivectl start {GUEST}; sleep 10"
)


WRITTEN = ";".join(
    f"date +%s >/tmp/new; dd if=/tmp/new of=/dev/zvol/zroot/vms/{GUEST}/{name} bs=1048576" for name in ("root", "data")
)


@dataclass(frozen=True)
class Case:
    """A verb, what comes before, and who is killed."""

    words: tuple[str, ...]
    before: str
    victims: tuple[str, ...]
    least: int
    """So many commands and writes there are at least."""


CASES = {
    "create": Case(("checkpoint", "create", GUEST, "v1"), "true", ("verb _checkpoint",), 8),
    "suspend": Case(("suspend", GUEST), "true", ("verb _checkpoint", f"daemon {GUEST}", f"supervisor {GUEST}"), 8),
    "suspend-asked": Case(("suspend", GUEST), "true", ("verb _checkpoint",), 8),
    "start": Case(("start", GUEST), f"hivectl suspend {GUEST}", (f"daemon {GUEST}", f"supervisor {GUEST}"), 5),
    "restore": Case(
        ("restore", "--rollback", GUEST, "v1"),
        f"hivectl checkpoint create {GUEST} v1; hivectl stop {GUEST}; {WRITTEN}",
        (f"daemon {GUEST}", f"supervisor {GUEST}"),
        5,
    ),
    "restore-clone": Case(
        ("restore", "--clone", GUEST, "v1"),
        f"hivectl checkpoint create {GUEST} v1; hivectl stop {GUEST}; {WRITTEN}",
        (f"daemon {GUEST}", f"supervisor {GUEST}", "verb _restore"),
        15,
    ),
    "delete": Case(
        ("checkpoint", "delete", GUEST, "v1"), f"hivectl checkpoint create {GUEST} v1", ("verb _checkpoint",), 3
    ),
}


def sh(host: Host, script: str) -> Outcome:
    return host.run("/bin/sh", "-c", script.replace("hivectl", HIVECTL))


def text_of(host: Host, path: str) -> str:
    file = host.path(path)
    return file.read_text().strip() if file.is_file() else ""


def kept(host: Host) -> list[str]:
    place = host.path(f"{DB}/checkpoints")
    return sorted(each.name for each in place.iterdir()) if place.is_dir() else []


def prepared(host: Host, case: Case) -> str:
    """What comes before is done; returns the pid of bhyve, empty where the memory of the guest is in a checkpoint."""
    outcome = sh(host, f"{ANEW}; {case.before}")
    assert outcome.status == 0, outcome
    host.advance(2)
    return text_of(host, f"{RUN}/pid")


def is_right(host: Host, name: str, case: Case, outcome: Outcome, pid: str, where: str) -> None:
    """What must hold after a verb that met something, and after the one command that restores order."""
    where = f"{where}: {outcome}\n" + "\n".join(host.transcript()[-50:])
    assert outcome.status is not None, where
    host.advance(40)
    for each in kept(host):
        if not each.startswith("."):
            place = host.path(f"{DB}/checkpoints/{each}")
            meta = json.loads((place / "memory.meta").read_text())
            assert (place / "memory").stat().st_size == meta["basic metadata"]["memsize"], where
            assert "word late1" in (place / "record").read_text(), where
    guests = [line for line in host.state() if line.startswith("guest ")]
    assert guests in ([], [f"guest {GUEST}"]), where
    told = {"create": "v1" in kept(host), "delete": "v1" not in kept(host), "start": bool(guests)}
    told |= {"suspend": not guests, "restore": bool(guests)}
    assert outcome.status != 0 or told[name.partition("-")[0]], where
    sh(host, f"hivectl resume {GUEST}")
    if name not in ("suspend", "suspend-asked", "start") and not (name.startswith("restore") and guests):
        again = host.run(HIVECTL, *case.words)
        known = f"there is a checkpoint v1;|there is no checkpoint|{GUEST}: it runs".split("|")
        assert again.status == 0 or any(each in again.err for each in known), f"{where}\n{again}"
        host.advance(5)
        visible = [each for each in kept(host) if not each.startswith(".")]
        assert visible == ([] if name == "delete" else ["v1"]), f"{where}\n{again}\n{kept(host)}"
    if name == "restore-clone":
        is_kept(host, where)
    again = sh(host, f"hivectl start {GUEST}")
    assert again.status == 0, f"{where}\n{again}"
    host.advance(5)
    assert [line for line in host.state() if line.startswith("guest ")] == [f"guest {GUEST}"], where
    same = pid and text_of(host, f"{RUN}/pid") == pid
    assert same or text_of(host, f"{RUN}/restored"), f"it lost its memory: {where}\n" + "\n".join(host.transcript())
    ended = sh(host, f"hivectl stop {GUEST}")
    assert ended.status == 0, f"{where}\n{ended}"
    assert leftovers(host) == [], where


def is_kept(host: Host, where: str) -> None:
    """What the volumes were is there still, once, and hivectl disk shows it; those in use have the snapshots."""
    listed = json.loads(host.run(HIVECTL, "disk", "list", "--json", GUEST).out)
    assert len(listed) == 4, f"{where}\n{listed}"
    for name in ("root", "data"):
        is_kept_of(f"zroot/vms/{GUEST}/{name}", [each["place"] for each in listed], host, where)


def is_kept_of(place: str, listed: list[str], host: Host, where: str) -> None:
    (what,) = [line.split()[1] for line in host.state() if line.startswith(f"volume {place}.kept-")]
    assert listed.count(place) == listed.count(what) == 1, f"{where}\n{listed}"
    found = sh(host, f"zfs get -H -o value origin,refreservation,hivewright:kept {place} {what}").out.split()
    label = "hivewright-checkpoint-v1"
    assert found == ["-", "1.03G", "-", f"{place}@{label}", "none", label], f"{where}\n{found}"


def points(host: Host, case: Case, meet: Callable[[int], None], met: Callable[[int], str]) -> Iterator[tuple[int, str]]:
    """Do the verb again and again; something is met at the first, second, … point until there is none."""
    for number in steps(100, case.words, meet.__qualname__):
        pid = prepared(host, case)
        host.transcript()
        meet(number)
        yield number, pid
        if not met(number):
            assert number > case.least, f"only {number - 1} points"
            print(f"{' '.join(case.words)}: at most {number - 1} points")
            return
    raise AssertionError("there is no end of points")


def opened(open_site: Callable[..., Host], shell: str, **settings: object) -> Host:
    host = open_site(SCENARIOS / "checkpoints", "alpha", shell, snapshot=True, **settings)
    host.guest(GUEST, *[{"saving": 3.0}] * 400)
    return host


SHELL = [pytest.param("dash", name, id=f"dash-{name}") for name in CASES] + [
    pytest.param("lksh", "create", id="lksh-create"),
    pytest.param("busybox", "start", id="busybox-start"),
    pytest.param("bash", "restore-clone", id="bash-restore-clone"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("shell", "name"), [each for each in SHELL if each.values[1] != "suspend-asked"])
def test_a_failing_command_loses_nothing(shell: str, name: str, open_site: Callable[..., Host]) -> None:
    host, case, failed = opened(open_site, shell), CASES[name], [""]

    def meet(number: int) -> None:
        host.call("fail_at", command=number)

    for number, pid in points(host, case, meet, lambda _: failed[0]):
        outcome = host.run(HIVECTL, *case.words)
        failed[0] = host.call("failed")
        is_right(host, name, case, outcome, pid, f"command {number}: {failed[0]}")


@pytest.mark.slow
@pytest.mark.parametrize(("shell", "name"), SHELL)
def test_a_kill_loses_nothing(shell: str, name: str, open_site: Callable[..., Host]) -> None:
    host, case, ended = opened(open_site, shell), CASES[name], [0, 0]

    def meet(number: int) -> None:
        ended[0] = host.call("executed")
        host.call("kill_after", count=number, targets=list(case.victims))

    for number, pid in points(host, case, meet, lambda number: "x" if ended[1] - ended[0] >= number else ""):
        outcome = host.run(HIVECTL, *case.words)
        ended[1] = host.call("executed")
        host.call("kill_after", count=1_000_000, targets=[])  # none of what follows
        is_right(host, name, case, outcome, pid, f"killed at {number}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shell", "name"), [each for each in SHELL if each.values[1] not in ("suspend-asked", "delete")]
)
def test_a_full_file_system_loses_nothing(shell: str, name: str, open_site: Callable[..., Host]) -> None:
    """To delete a checkpoint writes nothing."""
    host, case, met = opened(open_site, shell, counted=True), CASES[name], [0]

    def meet(number: int) -> None:
        host.call("fill_at", write=number, count=1)

    for number, pid in points(host, case, meet, lambda number: "x" if met[0] >= number else ""):
        outcome = host.run(HIVECTL, *case.words)
        host.advance(5)
        met[0] = len(host.call("writes"))
        host.call("fill_at", write=0)
        is_right(host, name, case, outcome, pid, f"write {number}")
