"""A TPM: that of the host, or one that swtpm(8) emulates while bhyve runs (bhyve(8), -l tpm)."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.lower.context import RUN, Guest
from hivewright.plan import Option, Step

SWTPM = "/usr/local/bin/swtpm"
"""File of the package swtpm."""


def lower_tpm(guest: Guest) -> Iterator[Option]:
    tpm = guest.vm.tpm
    if tpm is None:
        return
    if tpm.kind == "passthru":
        yield Option(("-l", f"tpm,passthru,{tpm.device},version=2.0"), ("tpm.kind", "tpm.device"), "tpm")
    else:
        yield Option(("-l", f"tpm,swtpm,{RUN}/{guest.name}/tpm.sock,version=2.0"), ("tpm.kind",), "tpm")


def prepare_tpm(guest: Guest) -> Iterator[Step]:
    """The TPM of the host, or swtpm, must exist; the runtime starts swtpm before each bhyve."""
    tpm = guest.vm.tpm
    if tpm is None:
        return
    if tpm.kind == "passthru":
        yield Step("file", ("tpm", tpm.device), ("tpm.device",), "tpm")
    else:
        yield Step("swtpm", (SWTPM,), ("tpm.kind",), "tpm")
