"""The processes of the sandbox, read from /proc: who is idle, and on whose behalf a command runs."""

from __future__ import annotations

import os
import signal
import time

PROC = "/.linux/proc"
FILES = ("wchan", "schedstat", "stat")
Sample = dict[str, bytes]
"""Process -> what it has run so far."""


def read(path: str) -> str:
    """A file of /proc, empty when its process is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        return os.read(descriptor, 4096).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def parent_of(pid: int) -> int:
    """The parent's pid; 0 when there is none."""
    text = read(f"{PROC}/{pid}/stat")
    return int(text.rpartition(")")[2].split()[1]) if text else 0


def state_of(pid: int) -> str:
    """The letter of a process's state; empty when there is none."""
    return read(f"{PROC}/{pid}/stat").rpartition(")")[2][1:2]


def open_files(entry: str) -> tuple[int, int, int]:
    """The files of a process that tell whether it sleeps."""
    opened: list[int] = []
    try:
        opened += (os.open(f"{PROC}/{entry}/{name}", os.O_RDONLY) for name in FILES)
    except OSError:
        for descriptor in opened:
            os.close(descriptor)
        raise
    wchan, schedstat, stat = opened
    return wchan, schedstat, stat


class Watch:
    """Tells when all processes but the sandbox's own sleep.

    This is asked at each step, about every process, so its files of /proc stay open.
    """

    def __init__(self, ours: frozenset[int]) -> None:
        self.ours = ours
        self.files: dict[str, tuple[int, int, int]] = {}
        """Process -> its wchan, schedstat and stat."""

    def quiet(self) -> bool:
        """True when, at one instant, every process slept.

        A process that sleeps in both samples and did not run in between slept all that time, and the end of the
        first sample lies in all of these spans. So nothing but the server can wake anybody.
        """
        before = self.sample({})
        return before is not None and self.sample(before) == before

    def sample(self, before: Sample) -> Sample | None:
        """How often and how long each process ran; None as soon as one is busy."""
        found: Sample = {}
        entries = [entry for entry in os.listdir(PROC) if entry.isdigit() and int(entry) not in self.ours]
        for entry in entries:
            try:
                runs = self.asleep(entry, before.get(entry))
            except FileNotFoundError:  # it ended since the look at the directory
                continue
            except ProcessLookupError:  # it ended, and perhaps its number is another's by now
                self.close(entry)
                return None
            if runs is None:
                return None
            found[entry] = runs
        if len(self.files) > len(entries):
            for entry in self.files.keys() - set(entries):
                self.close(entry)
        return found

    def asleep(self, entry: str, before: bytes | None) -> bytes | None:
        """What a sleeping process has run so far; None when it is busy.

        The state letter alone is not enough: a process that prepares to sleep shows S while it still runs, and keeps
        doing so when another process takes its CPU just then. ``wchan`` is 0 for everything that has not left the
        CPU's queue (get_wchan() in the kernel), and for zombies.
        """
        if entry not in self.files:
            self.files[entry] = open_files(entry)
        wchan, schedstat, stat = self.files[entry]
        runs = os.pread(schedstat, 4096, 0)
        waits = os.pread(wchan, 4096, 0)
        if waits != b"0" and runs == before:
            return runs
        state, parent = os.pread(stat, 4096, 0).rpartition(b")")[2].split()[:2]
        if waits != b"0":
            return runs if state in (b"S", b"T") else None
        return runs if state in (b"Z", b"X") and parent != b"1" else None  # an orphan is about to be reaped

    def close(self, entry: str) -> None:
        """Forget a process."""
        for descriptor in self.files.pop(entry, ()):
            os.close(descriptor)


def require_proc() -> None:
    """End with a message where the kernel does not tell whether a process sleeps, or ran (KALLSYMS, SCHED_INFO)."""
    child = os.fork()
    if child == 0:
        signal.pause()
    for _ in range(1000):
        if read(f"{PROC}/{child}/wchan") not in ("0", ""):
            break
        time.sleep(0.001)
    else:
        raise SystemExit("/proc/PID/wchan tells nothing here, and the stand-in host cannot work without it")
    if read(f"{PROC}/{child}/schedstat") in ("0 0 0\n", ""):
        raise SystemExit("/proc/PID/schedstat tells nothing here, and the stand-in host cannot work without it")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def alive(pid: int) -> bool:
    """True for a process that has not ended; a zombie has."""
    return state_of(pid) not in ("", "Z", "X")


def stopped(pid: int) -> bool:
    """True for a process that SIGSTOP holds."""
    return state_of(pid) == "T"


def ignores(pid: int, number: int) -> bool:
    """Whether a process ignores a signal."""
    words = read(f"{PROC}/{pid}/status").split()
    return bool(int(words[words.index("SigIgn:") + 1], 16) >> (number - 1) & 1)


def others(ours: frozenset[int]) -> list[int]:
    """The processes of the scripts."""
    return sorted(int(entry) for entry in os.listdir(PROC) if entry.isdigit() and int(entry) not in ours)


def start_time(pid: int) -> str:
    """What tells a process from a later one with the same pid."""
    text = read(f"{PROC}/{pid}/stat")
    return text.rpartition(")")[2].split()[19] if text else ""
