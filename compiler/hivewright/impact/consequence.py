"""What a change can lead to, by weight, and what it asks of the operator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple


class Consequence(IntEnum):
    """From light to heavy; ``code`` is how it is written."""

    NOTHING = 0
    RELOAD = 1
    NEXT_BOOT = 2
    FIRST_BOOT = 3
    INTERRUPTION = 4
    HOST_REBOOT = 5
    DATA = 6

    @property
    def code(self) -> str:
        return self.name.lower().replace("_", "-")


CODES = {each.code: each for each in Consequence}


class Needs(NamedTuple):
    """What a change asks of the operator; ``steps`` puts it in order.

    All but ``reload`` and ``by_hand`` are of one guest or of one host: a guest is off before the files come, and starts
    behind them, for the first time (``start``) or again, or is provisioned before that; a host loses its networks,
    makes them again, or reboots.
    """

    off: bool = False
    start: bool = False
    restart: bool = False
    provision: bool = False
    networks_down: bool = False
    networks_up: bool = False
    reboot: bool = False
    install: bool = True
    by_hand: tuple[str, ...] = ()
    """Before the files come, while the guests concerned are off."""
    reload: tuple[str, ...] = ()
    """Commands behind the files."""


INSTALL = Needs()
RESTART = Needs(restart=True)


class Finding(NamedTuple):
    """One thing that changes, with the keys that cause it and a short sentence."""

    consequence: Consequence
    keys: tuple[str, ...]
    reason: str
    needs: Needs


@dataclass(slots=True)
class Impact:
    """All that changes for one guest of a host, or for the host itself, whose ``guest`` is empty."""

    host: str
    guest: str
    findings: list[Finding] = field(default_factory=list)
    is_gone: bool = False
    """The guest is no longer of this host."""

    @property
    def consequence(self) -> Consequence:
        return max((finding.consequence for finding in self.findings), default=Consequence.NOTHING)

    @property
    def heaviest(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.consequence == self.consequence]

    @property
    def keys(self) -> list[str]:
        """The keys that cause the heaviest consequence, each once."""
        return list(dict.fromkeys(key for finding in self.heaviest for key in finding.keys))

    @property
    def needs(self) -> Needs:
        return together(finding.needs for finding in self.findings)


def together(needs: Iterable[Needs]) -> Needs:
    """The needs of several changes as one."""
    found = list(needs)
    return Needs(
        off=any(each.off for each in found),
        start=any(each.start for each in found),
        restart=any(each.restart for each in found),
        provision=any(each.provision for each in found),
        networks_down=any(each.networks_down for each in found),
        networks_up=any(each.networks_up for each in found),
        reboot=any(each.reboot for each in found),
        install=any(each.install for each in found),
        by_hand=tuple(dict.fromkeys(text for each in found for text in each.by_hand)),
        reload=tuple(dict.fromkeys(text for each in found for text in each.reload)),
    )
