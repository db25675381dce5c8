"""What bhyve and FreeBSD can do, by release and architecture.

Facts are from bhyve(8), bhyve_config(5) and the release notes of the releases named.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

RELEASES = ("13.2", "13.3", "13.4", "13.5", "14.0", "14.1", "14.2", "14.3", "14.4", "15.0", "15.1")

_ARM64_SINCE = 15
"""The first release in which bhyve runs on arm64."""


class Features(NamedTuple):
    """What the bhyve of one release and architecture accepts."""

    release: str
    arch: str
    pc: bool
    """A PC: serial ports and the boot ROM hang off the LPC bridge, and -A -H -P -w -u -Y exist.

    On arm64 there is no LPC bridge, and bhyve ends with a usage message at these options. On amd64 they are always
    good: -A makes the ACPI tables up to 14 and is accepted and ignored from 15.0.
    """
    device_rom: bool
    """``rom=`` of passthru (14.0); earlier releases parse it as part of the address."""
    uefi_variables: bool
    """``-l bootrom,CODE,VARS`` (14.0); earlier releases parse all of it as one file name."""
    vcpu_tunable: bool
    """Whether hw.vmm.maxcpu limits the number of vCPUs (14.0); the limit of earlier releases is 16."""
    member_addresses: bool
    """Whether a member of a bridge may have an IP address; if_bridge(4) refuses that from 15.0."""


def _features(release: str, arch: str) -> Features:
    major, _, minor = release.partition(".")
    version = (int(major), int(minor))
    pc = arch == "amd64"
    return Features(
        release=release,
        arch=arch,
        pc=pc,
        device_rom=version >= (14, 0),
        uefi_variables=pc and version >= (14, 0),
        vcpu_tunable=version >= (14, 0),
        member_addresses=version < (15, 0),
    )


def _is_supported(release: str, arch: str) -> bool:
    return arch == "amd64" or int(release.partition(".")[0]) >= _ARM64_SINCE


TABLE = {
    (release, arch): _features(release, arch)
    for release in RELEASES
    for arch in ("amd64", "arm64")
    if _is_supported(release, arch)
}


@cache
def features(release: str, arch: str) -> Features:
    """What a release can do on an architecture; a later release of a known branch counts as the last known one.

    ``KeyError`` when bhyve does not run there or the branch is not known; rules refuse such hosts.
    """
    found = TABLE.get((release, arch))
    if found is not None:
        return found
    major, _, minor = release.partition(".")
    older = [known for known in RELEASES if known.startswith(f"{major}.") and int(known.partition(".")[2]) < int(minor)]
    return TABLE[older[-1] if older else release, arch]
