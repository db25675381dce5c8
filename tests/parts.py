"""Parts of the guest with everything, and what each needs of a host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

from hivewright.bhyve.facts import RELEASES, Fact, Since, asks, holds, version
from hivewright.model.annotations import annotated_keys
from hivewright.model.base import Table
from hivewright.model.network import Network
from hivewright.model.vm import Vm

Keys = Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """Keys of the guest, and what they need of the site."""

    name: str
    vm: Keys
    networks: Keys = field(default_factory=dict)

    @cached_property
    def needs(self) -> frozenset[Fact]:
        """What it needs of a host, as the models say at its keys."""
        tables: list[Table] = [Vm.model_validate({"memory": "1G", **self.vm})]
        tables += [TypeAdapter(Network).validate_python(network) for network in self.networks.values()]
        return frozenset(fact for table in tables for fact in needs(table))

    @property
    def since(self) -> str:
        """The first release that has all of it."""
        return max((each.releases for each in self.needs if isinstance(each, Since)), key=version, default=RELEASES[0])

    def fits(self, release: str, arch: str) -> bool:
        return all(holds(fact, version(release), arch) for fact in self.needs)


def needs(table: Table) -> Iterator[Fact]:
    """What the keys of a table, and of those within it, need of a host."""
    for key, facts, _ in annotated_keys(type(table)):
        value = getattr(table, key)
        for fact in facts:
            if any(asks(fact, each) for each in (value if isinstance(value, dict) and fact.value else [value])):
                yield fact
        for entry in value.values() if isinstance(value, dict) else [value]:
            if isinstance(entry, Table):
                yield from needs(entry)
