"""What bhyve and FreeBSD can do, by release and architecture. No other module knows versions.

Facts are from bhyve(8), bhyve_config(5) and the release notes of the releases named.
"""

from __future__ import annotations

from dataclasses import dataclass

from hivewright.extra_args import WITH_VALUE, WITHOUT_VALUE

RELEASES = ("13.2", "13.3", "13.4", "13.5", "14.0", "14.1", "14.2", "14.3", "14.4", "15.0", "15.1")

ARM64_SINCE = (15, 0)
"""bhyve runs on arm64 from FreeBSD 15.0."""

_SINCE = {"f": (14, 0), "n": (15, 0)}
"""Options that came later than 13.2. -p with ranges and -M are of no release yet."""

_ARM64_WITHOUT_VALUE = "CDSW"
_ARM64_WITH_VALUE = "kfopcsmU"
"""All that the bhyve of arm64 accepts; it ends with a usage message at anything else."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the bhyve of one release and architecture accepts."""

    release: str
    arch: str
    flags: frozenset[str]
    """Options without an argument, as letters."""
    options: frozenset[str]
    """Options with an argument, as letters. -r is there only in builds with BHYVE_SNAPSHOT, so it is not among them."""
    pc: bool
    """A PC: -A -H -P -w -u exist, serial ports and the boot ROM hang off the LPC bridge. Not so on arm64."""
    uefi_variables: bool
    """``-l bootrom,CODE,VARS`` (14.0); before, all behind the comma was taken for a file name."""
    framebuffer: tuple[int, int]
    """Largest width and height of fbuf."""
    vcpus: int
    """Most vCPUs of a guest, 16 before 14.0; 0 where the loader tunable hw.vmm.maxcpu decides."""
    member_addresses: bool
    """Whether a member of a bridge may have an IP address; if_bridge(4) refuses that from 15.0."""


def _features(release: str, arch: str) -> Features:
    major, _, minor = release.partition(".")
    version = (int(major), int(minor))
    pc = arch == "amd64"
    late = {option for option, since in _SINCE.items() if version < since}
    return Features(
        release=release,
        arch=arch,
        # -A makes the ACPI tables up to 14; it is accepted and ignored from 15.0.
        flags=frozenset(WITHOUT_VALUE if pc else _ARM64_WITHOUT_VALUE) - late,
        options=frozenset(WITH_VALUE if pc else _ARM64_WITH_VALUE) - late - {"r"},
        pc=pc,
        uefi_variables=pc and version >= (14, 0),
        framebuffer=(3840, 2160) if version >= (15, 0) else (1920, 1200),
        vcpus=16 if version < (14, 0) else 0,
        member_addresses=version < (15, 0),
    )


def _is_supported(release: str, arch: str) -> bool:
    return arch == "amd64" or int(release.partition(".")[0]) >= ARM64_SINCE[0]


TABLE = {
    (release, arch): _features(release, arch)
    for release in RELEASES
    for arch in ("amd64", "arm64")
    if _is_supported(release, arch)
}


def features(release: str, arch: str) -> Features | None:
    """What this release can do on this architecture; None when bhyve does not run there or nobody has looked yet."""
    return TABLE.get((release, arch))
