"""What the tests of the stand-ins say of one command line: its status, its words, and what there is afterwards."""

from __future__ import annotations

from .sandbox import Host

DEVICES = "-A -c 1 -m 1G -s 0,hostbridge -s 31,lpc"
BHYVE = f"bhyve {DEVICES} -l bootrom,/usr/local/share/uefi-firmware/BHYVE_UEFI.fd"


def check(host: Host, script: str, status: int, *texts: str) -> None:
    """Run a line of sh; its status and texts in its output must be these."""
    outcome = host.run("/bin/sh", "-c", script)
    assert (outcome.status, script) == (status, script), outcome
    for text in texts:
        assert text in outcome.out + outcome.err, outcome


def says(host: Host, script: str, out: str, err: str = "", status: int = 0) -> None:
    """Run a line of sh; all it says and its status must be these."""
    outcome = host.run("/bin/sh", "-c", script)
    assert (outcome.out, outcome.err, outcome.status) == (out, err, status), outcome


def runs(host: Host, name: str, words: str, **behaviour: object) -> None:
    """Start a guest that runs when this returns."""
    host.guest(name, dict(behaviour))
    host.spawn("/bin/sh", "-c", f"{BHYVE} {words} {name}", name=name)
    host.advance(10)
    assert f"guest {name}" in host.state(), host.call("output", name=name)


def lines(host: Host, *starts: str) -> list[str]:
    """The lines of the host's state that begin so."""
    return [line for line in host.state() if line.startswith(starts)]
