"""Facts about releases and architectures: what came with a release of FreeBSD, what went, what one architecture has.

They stand as annotations on the keys of the models. Those that lowering or a rule needs as well, or that belong to no
key, have a name here. A fact is data: it is compared with a host by ``holds``, and nothing else compares releases.

``source`` says where it is documented. ``value`` narrows a fact to a value of its key, or to one of several (for a
table of tables, to some of its names); ``above`` narrows it to values beyond a bound. ``instead`` is what to do beside
choosing another host, where that is not to delete the key.
"""

from __future__ import annotations

from functools import cache

RELEASES = ("13.2", "13.3", "13.4", "13.5", "14.0", "14.1", "14.2", "14.3", "14.4", "15.0", "15.1")

Version = tuple[int, int]


@cache
def version(release: str) -> Version:
    """``(14, 3)`` from ``"14.3"``."""
    major, _, minor = release.partition(".")
    return int(major), int(minor)


class Since:
    """What came with a release: ``"14.0"``; or with one of each branch, later branches having it: ``"13.4 14.2"``."""

    __slots__ = ("above", "instead", "releases", "source", "value")

    def __init__(
        self, releases: str, source: str, *, value: object = None, above: int | str | None = None, instead: str = ""
    ) -> None:
        self.releases, self.source, self.value, self.above, self.instead = releases, source, value, above, instead


class Until:
    """What went with a release, the first one without it."""

    __slots__ = ("instead", "release", "source", "value")

    def __init__(self, release: str, source: str, *, value: object = None, instead: str = "") -> None:
        self.release, self.source, self.value, self.instead = release, source, value, instead


class Only:
    """What one architecture has."""

    __slots__ = ("arch", "instead", "source", "value")

    def __init__(self, arch: str, source: str, *, value: object = None, instead: str = "") -> None:
        self.arch, self.source, self.value, self.instead = arch, source, value, instead


Fact = Since | Until | Only


def holds(fact: Fact, release: Version, arch: str) -> bool:
    """Whether it is so on a host of this release and architecture."""
    if isinstance(fact, Only):
        return arch == fact.arch
    if isinstance(fact, Until):
        return release < version(fact.release)
    firsts = [version(each) for each in fact.releases.split()]
    return release[0] > firsts[-1][0] or any(each[0] == release[0] and each <= release for each in firsts)


def first_after(fact: Since, release: Version) -> str:
    """The first release behind one that does not have it, and has it."""
    return next(each for each in fact.releases.split() if version(each) > release)


def asks(fact: Fact, value: object) -> bool:
    """Whether a value of a key needs what a fact is about. Nothing, ``false`` and an empty array or table do not."""
    if isinstance(fact, Since) and fact.above is not None:
        return any(mine > bound for mine, bound in zip(_numbers(value), _numbers(fact.above), strict=True))
    if fact.value is not None:
        return value in fact.value if isinstance(fact.value, tuple) else value == fact.value
    return value is not None and value is not False and value != () and value != {}


def _numbers(value: object) -> list[int]:
    """``[1920, 1200]`` of ``"1920x1200"``, ``[16]`` of 16."""
    return [int(each) for each in str(value).split("x")]


def words(fact: Fact) -> str:
    """A fact for the manual: ``since FreeBSD 14.0``, ``"tcp" since FreeBSD 15.0``, ``amd64 only``."""
    which = _which(fact)
    if isinstance(fact, Only):
        return f"{which} on {fact.arch} only" if which else f"{fact.arch} only"
    if isinstance(fact, Until):
        return f"{which} before FreeBSD {fact.release} only".lstrip()
    return f"{which} since FreeBSD {' and '.join(fact.releases.split())}".lstrip()


def _which(fact: Fact) -> str:
    """The values that a fact is about; empty for all values."""
    if isinstance(fact, Since) and fact.above is not None:
        return f"above {fact.above}"
    if fact.value is None:
        return ""
    values = fact.value if isinstance(fact.value, tuple) else (fact.value,)
    *front, last = (f'"{each}"' if isinstance(each, str) else str(each).lower() for each in values)
    return f"{', '.join(front)} and {last}" if front else last


ARM64 = Since("15.0", "bhyve(8); release notes of 15.0", value="arm64", instead="correct arch")
UEFI_VARIABLES = Since("14.0", "bhyve(8), -l bootrom: before, all behind the comma is taken for a file name")
NUMBER_OF_VCPUS = Since("14.0", "bhyve(8), -c: hw.vmm.maxcpu; before, 16 is the limit everywhere", above=16)
FIRMWARE_FILES = Since("14.0", "bhyve(8), -f")
MEMORY_DOMAINS = Since("15.0", "bhyve(8), -n")
VLAN_FILTER = Since("15.0", "if_bridge(4), vlanfilter")
MEMBER_ADDRESSES = Until("15.0", "if_bridge(4), net.link.bridge.member_ifaddrs; release notes of 15.0")
"""A member of a bridge may have an IP address."""
TAGS_REACH_VLANS = Since("15.0", "if_bridge(4); before, a bridge keeps frames with tags that its member receives")
"""VLANs of a member of a bridge get their frames, if not certainly all."""
PC = Only("amd64", "bhyve(8), SYNOPSIS")
"""Serial ports and the boot ROM hang off the LPC bridge, and -A -H -P -w -u -Y exist.

On arm64 there is no LPC bridge, and bhyve ends with a usage message at these options. On amd64 they are always good:
-A makes the ACPI tables up to 14 and is accepted and ignored from 15.0.
"""
