"""What lowering looks up: what the bhyve of one release and architecture does, derived from ``facts``."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from hivewright.bhyve.facts import (
    ARM64,
    MEMBER_ADDRESSES,
    NUMBER_OF_VCPUS,
    PC,
    RELEASES,
    UEFI_VARIABLES,
    Fact,
    holds,
    version,
)


class Features(NamedTuple):
    """What the bhyve of one release and architecture does; ``facts`` describes each."""

    release: str
    arch: str
    pc: bool
    uefi_variables: bool
    vcpu_tunable: bool
    """Whether the number of vCPUs is limited by hw.vmm.maxcpu."""
    member_addresses: bool


def _features(release: str, arch: str) -> Features:
    def has(fact: Fact) -> bool:
        return holds(fact, version(release), arch)

    return Features(
        release=release,
        arch=arch,
        pc=has(PC),
        uefi_variables=has(PC) and has(UEFI_VARIABLES),
        vcpu_tunable=has(NUMBER_OF_VCPUS),
        member_addresses=has(MEMBER_ADDRESSES),
    )


TABLE = {
    (release, arch): _features(release, arch)
    for release in RELEASES
    for arch in ("amd64", "arm64")
    if arch != ARM64.value or holds(ARM64, version(release), arch)
}


@cache
def features(release: str, arch: str) -> Features:
    """What a release can do on an architecture; a later one of a known branch can do what the last known one can.

    ``KeyError`` when bhyve does not run there or the branch is not known; rules refuse such hosts.
    """
    found = TABLE.get((release, arch))
    if found is not None:
        return found
    major, minor = version(release)
    older = [known for known in RELEASES if known.startswith(f"{major}.") and version(known)[1] < minor]
    return TABLE[older[-1] if older else release, arch]
