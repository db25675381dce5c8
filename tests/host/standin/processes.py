"""The processes of the sandbox, read from /proc: who is idle, and on whose behalf a command runs."""

from __future__ import annotations

import os
import signal
import time

PROC = "/.linux/proc"
Sample = dict[int, tuple[str, str]]


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


def state_of(text: str) -> tuple[str, str]:
    """State letter and context switches out of a ``status`` file."""
    state = text[text.find("State:\t") + 7 :][:1]
    return state, text[text.find("voluntary_ctxt_switches") :]


def sample(ours: frozenset[int]) -> Sample | None:
    """State and context switches of each process but the sandbox's own; None as soon as one is busy.

    The state letter alone is not enough: a process that prepares to sleep shows S while it still runs, and keeps
    doing so when another process takes its CPU just then. ``wchan`` is 0 for everything that has not left the CPU's
    queue (get_wchan() in the kernel).
    """
    found: Sample = {}
    for entry in os.listdir(PROC):
        if not entry.isdigit() or int(entry) in ours:
            continue
        waits = read(f"{PROC}/{entry}/wchan")
        text = read(f"{PROC}/{entry}/status")
        if not text:
            continue
        state, switches = state_of(text)
        orphan = state == "Z" and "\nPPid:\t1\n" in text  # about to be reaped
        if state not in "STZX" or orphan or (state == "S" and waits == "0"):
            return None
        found[int(entry)] = (state, switches)
    return found


def quiet(ours: frozenset[int]) -> bool:
    """True when, at one instant, every process slept.

    A process that sleeps in both samples and has not switched in between slept all that time, and the end
    of the first sample lies in all of these spans. So nothing but the server can wake anybody.
    """
    before = sample(ours)
    return before is not None and sample(ours) == before


def require_wchan() -> None:
    """End with a message where the kernel does not tell whether a process sleeps (CONFIG_KALLSYMS)."""
    child = os.fork()
    if child == 0:
        signal.pause()
    for _ in range(1000):
        if read(f"{PROC}/{child}/wchan") not in ("0", ""):
            break
        time.sleep(0.001)
    else:
        raise SystemExit("/proc/PID/wchan tells nothing here, and the stand-in host cannot work without it")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def alive(pid: int) -> bool:
    """True for a process that has not ended; a zombie has."""
    text = read(f"{PROC}/{pid}/status")
    return bool(text) and state_of(text)[0] not in "ZX"


def stopped(pid: int) -> bool:
    """True for a process that SIGSTOP holds."""
    return state_of(read(f"{PROC}/{pid}/status"))[0] == "T"


def others(ours: frozenset[int]) -> list[int]:
    """The processes of the scripts."""
    return sorted(int(entry) for entry in os.listdir(PROC) if entry.isdigit() and int(entry) not in ours)


def start_time(pid: int) -> str:
    """What tells a process from a later one with the same pid."""
    text = read(f"{PROC}/{pid}/stat")
    return text.rpartition(")")[2].split()[19] if text else ""
