"""Checks a site that has all tables but only some of the VMs, of which it is demanded that nothing is to be said."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from hivewright.allocation.lock import Lock
from hivewright.allocation.lock_files import Locks, Numbers, allocate_numbers
from hivewright.pipeline.hook_scripts import check_hooks
from hivewright.pipeline.new_guests import new_guests
from hivewright.pipeline.session import Session, load_sources
from hivewright.rules import Claims, check_rules, claim_text, site_claims
from hivewright.site import Site
from hivewright.source import Sources

HELD_BY_LOCKS = ("mac", "interface", "console")
"""Claims that locks hold too, for VMs that do not set them."""

OF_ITS_HOST = ("interface", "console", "vnc")
"""Claims that VMs of two hosts may both set; what a lock holds is nobody else's, but a port only once its VM left."""

SHARED = ("unit",)
"""Claims that two VMs may have if both say so, as one that changed may do no more."""


class ReadPart(NamedTuple):
    """A part of a site that is valid in itself."""

    session: Session
    site: Site


class CheckedPart:
    """A part of a site about which there is nothing to say, its numbers, and what its VMs claim."""

    def __init__(self, session: Session, site: Site, locks: Locks, numbers: Numbers) -> None:
        self.session = session
        self.site = site
        self.locks = locks
        self.numbers = numbers

    @cached_property
    def claims(self) -> Claims:
        return site_claims(self.site)

    @cached_property
    def new_numbers(self) -> set[str] | None:
        """What locks hold since now, as claims; ``None`` for what is the lowest that is free in the whole site."""
        found: set[str] = set()
        for name in self.numbers.changed_locks:
            vm = name.removesuffix(".toml")
            old = self.locks.locks.get(vm, Lock(""))
            new = {*held_claims(self.numbers.allocation.locks[vm])} - {*held_claims(old)}
            if any(not each.startswith(HELD_BY_LOCKS) for each in new):
                return None
            found |= new
        return found


def held_claims(lock: Lock) -> list[str]:
    """The numbers and names of a lock that no other lock has."""
    held = [claim_text("mac", mac) for mac in lock.macs.values()]
    held += [claim_text("interface", tap) for tap in lock.taps.values()]
    held += [claim_text("console", console) for console in lock.consoles.values()]
    held += [claim_text("pipe", pipe) for pipe in lock.pipes.values()]
    return held if lock.vnc is None else [*held, claim_text("vnc", lock.vnc)]


def read_part(arguments: Namespace, sources: Sources) -> ReadPart | None:
    """``None`` when there is anything to say."""
    session, diagnostics = load_sources(arguments, sources.project, sources)
    return ReadPart(session, session.site) if session.site is not None and not diagnostics else None


def check_part(part: ReadPart, locks: Locks, given: Mapping[str, Lock]) -> CheckedPart | None:
    """Checks rules, and completes locks, of which some may be given; ``None`` as soon as there is anything to say."""
    session, site = part
    if check_hooks(site, session.project.site, whole=False) or check_rules(site):
        return None
    numbers = allocate_numbers(site, locks, given)
    if numbers.diagnostics or [*new_guests(site, session.project, locks.locks)]:
        return None
    return CheckedPart(session, site, locks, numbers)
