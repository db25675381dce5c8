"""The processes of the sandbox, read from /proc: who is idle, and on whose behalf a command runs."""

from __future__ import annotations

import os

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


def sample(ours: frozenset[int]) -> Sample:
    """State and context switches of each process, those of the sandbox itself aside."""
    found: Sample = {}
    for entry in os.listdir(PROC):
        if entry.isdigit() and int(entry) not in ours:
            text = read(f"{PROC}/{entry}/status")
            if text:
                found[int(entry)] = state_of(text)
    return found


def quiet(ours: frozenset[int]) -> bool:
    """True when, at one instant, every process slept.

    A process that sleeps in both samples and has not switched in between slept all that time, and the end
    of the first sample lies in all of these spans. So nothing but the server can wake anybody.
    """
    before = sample(ours)
    if any(state not in "SZX" for state, _ in before.values()):
        return False
    return sample(ours) == before


def alive(pid: int) -> bool:
    """True for a process that has not ended; a zombie has."""
    text = read(f"{PROC}/{pid}/status")
    return bool(text) and state_of(text)[0] not in "ZX"


def start_time(pid: int) -> str:
    """What tells a process from a later one with the same pid."""
    text = read(f"{PROC}/{pid}/stat")
    return text.rpartition(")")[2].split()[19] if text else ""
