"""Logs of guests stay within bounds while bhyve goes on writing, and no line is lost when that is killed half way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from host.play import HIVECTL
from host.sandbox import SHELLS, Host

LOG = "/var/log/hivewright/web1.log"
KEPT = 7
SIZE = 1_024_000
"""The largest log that is left as it is."""
LINE = 999
CHATTER = SIZE // LINE + 10
"""So many lines make a log too large."""


def opened(open_host: Callable[..., Host], shell: str = "dash", **settings: object) -> Host:
    """A host whose guest runs."""
    host = open_host(shell, **settings)
    assert host.run(HIVECTL, "start", "web1").status == 0
    host.advance(0)
    host.transcript()
    return host


def chat(host: Host, mark: str) -> None:
    """bhyve says more than a log may hold; each line begins with a mark and a number."""
    text = "".join(f"{mark} {number:08} ".ljust(LINE - 1, ".") + "\n" for number in range(CHATTER))
    for start in range(0, len(text), 50 * LINE):
        host.call("chatter", name="web1", text=text[start : start + 50 * LINE])


def copies(host: Host) -> list[Path]:
    return [path for number in range(20) if (path := host.path(f"{LOG}.{number}")).exists()]


def marks(host: Host) -> list[str]:
    """The lines of bhyve, in all that there is of the log."""
    text = "".join(path.read_text() for path in (host.path(LOG), *copies(host)))
    return [line[:10] for line in text.splitlines() if line.endswith("....")]


def said(mark: str) -> list[str]:
    return [f"{mark} {number:08}" for number in range(CHATTER)]


def bound(host: Host) -> list[str]:
    """What cron(8) runs; returns the commands it took, by name."""
    host.transcript()
    outcome = host.run(HIVECTL, "_logs")
    assert (outcome.status, outcome.out, outcome.err) == (0, "", ""), outcome
    return [line.split()[2] for line in host.transcript()]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_large_log_is_copied_and_emptied_while_bhyve_writes(shell: str, open_host: Callable[..., Host]) -> None:
    host = opened(open_host, shell)
    before = host.path(LOG).read_text()
    assert bound(host) == ["find"]
    chat(host, "a")
    bound(host)
    assert marks(host) == said("a")
    (copy,) = copies(host)
    assert copy.name == "web1.log.0"
    assert copy.read_text().startswith(before)
    assert [path.stat().st_mode & 0o777 for path in (copy, host.path(LOG))] == [0o640] * 2
    host.call("chatter", name="web1", text="after\n")
    lines = host.path(LOG).read_text().splitlines()
    assert [line.partition(" ")[2] for line in lines[:-1]] == [f"lines before this one are in {LOG}.0"]
    assert lines[-1] == "after"
    assert bound(host) == ["find"]


def test_so_many_copies_are_kept(open_host: Callable[..., Host]) -> None:
    """The oldest goes, and each has its number by its age."""
    host = opened(open_host)
    for mark in "abcdefghij":
        chat(host, mark)
        bound(host)
    assert [path.name for path in copies(host)] == [f"web1.log.{number}" for number in range(KEPT)]
    first = [next(line for line in path.read_text().splitlines() if line.endswith("...."))[0] for path in copies(host)]
    assert first == list("jihgfed")
    assert host.path(LOG).stat().st_size < 1000


def test_the_site_may_set_other_bounds(open_host: Callable[..., Host]) -> None:
    """A size of 2 MiB and two copies; those beyond, of a time when more were kept, go."""
    host = opened(open_host)
    conf = host.path("/usr/local/etc/hivewright/host.conf")
    conf.write_text(f"{conf.read_text()}logs size=2048 copies=2\n")
    for number in range(5):
        host.path(f"{LOG}.{number}").write_text(f"old {number}\n")
    chat(host, "a")
    bound(host)
    assert len(copies(host)) == 5
    chat(host, "b")
    chat(host, "c")
    bound(host)
    assert [path.name for path in copies(host)] == ["web1.log.0", "web1.log.1"]
    assert host.path(f"{LOG}.1").read_text() == "old 0\n"
    assert marks(host) == [*said("a"), *said("b"), *said("c")]
    assert bound(host) == ["find"]


@pytest.mark.parametrize("text", ["(\n", "logs size=\n", None])
def test_without_host_conf_logs_are_bounded_all_the_same(text: str | None, open_host: Callable[..., Host]) -> None:
    host = opened(open_host)
    conf = host.path("/usr/local/etc/hivewright/host.conf")
    conf.unlink()
    if text is not None:
        conf.write_text(text)
    chat(host, "a")
    bound(host)
    assert marks(host) == said("a")
    assert len(copies(host)) == 1


@pytest.mark.parametrize("old", [0, 2, KEPT])
def test_a_kill_at_any_command_loses_no_line(old: int, open_host: Callable[..., Host]) -> None:
    host = opened(open_host)
    for step in range(1, 30):
        for path in copies(host):
            path.unlink()
        for number in range(old):
            host.path(f"{LOG}.{number}").write_text(f"old {number}\n")
        host.path(LOG).write_text("")
        host.path(f"{LOG}.new").write_text("half of an earlier copy\n")
        chat(host, "a")
        start = host.call("executed")
        host.call("kill_after", count=step, targets=["operator victim"])
        host.spawn(HIVECTL, "_logs", "now", name="victim")
        host.wait("victim")
        ended = host.call("executed") - start < step
        host.advance(0)
        chat(host, "b")
        bound(host)
        assert not host.path(f"{LOG}.new").exists()
        found = marks(host)
        assert set(found) == {*said("a"), *said("b")}, step
        if ended:
            assert step > 3
            assert len(found) == 2 * CHATTER
            return
        kept = [path.read_text() for path in copies(host)]
        assert [text for text in kept if text.startswith("old")][:3] == [f"old {number}\n" for number in range(old)][:3]
        assert len(kept) <= KEPT
    raise AssertionError("there is no end of steps")


def test_a_log_that_filled_the_file_system_is_emptied(open_host: Callable[..., Host]) -> None:
    """There is no space for a copy, also without the older ones."""
    host = opened(open_host, counted=True)
    chat(host, "a")
    for number in range(3):
        host.path(f"{LOG}.{number}").write_text("old\n")
    host.call("fill_at", write=1, count=0)
    bound(host)
    assert copies(host) == []
    assert host.path(LOG).read_text() == ""
    host.call("fill_at", write=0)
    host.call("chatter", name="web1", text="after\n")
    assert host.path(LOG).read_text() == "after\n"


def test_older_copies_make_room_for_the_latest(open_host: Callable[..., Host]) -> None:
    host = opened(open_host, counted=True)
    chat(host, "a")
    host.path(f"{LOG}.0").write_text("old\n")
    host.call("fill_at", write=1)
    bound(host)
    assert marks(host) == said("a")
    assert [path.name for path in copies(host)] == ["web1.log.0"]


def test_other_files_and_a_missing_folder_are_left_alone(open_host: Callable[..., Host]) -> None:
    host = opened(open_host)
    for name in ("service.boot.log", "Other.log", "web1.log.old"):
        host.path(f"/var/log/hivewright/{name}").write_text("x" * 2 * SIZE)
    assert bound(host) == ["find"]
    assert copies(host) == []
    assert host.run("rm", "-r", "/var/log/hivewright").status == 0
    assert bound(host) == []


def test_one_process_at_a_time_does_it(open_host: Callable[..., Host]) -> None:
    host = opened(open_host)
    chat(host, "a")
    held = "lockf -k /usr/local/libexec/hivewright/verbs/_logs sleep 100"
    host.spawn("/bin/sh", "-c", held, name="other")
    host.advance(1)
    assert bound(host) == ["find", "lockf"]
    assert copies(host) == []
