"""What a host cannot do by its release or architecture: the facts that the models carry, compared with each host.

No other rule compares releases (tests/test_rules_support.py).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from hivewright.bhyve.facts import RELEASES, Fact, Only, Since, Until, Version, asks, first_after, holds, version
from hivewright.diagnostics import Diagnostic, KeyPath, Part, Place
from hivewright.diagnostics.wording import value_text
from hivewright.model.annotations import annotated_keys
from hivewright.model.base import Table
from hivewright.model.vm import Vm
from hivewright.rules.site_index import SiteIndex, diagnose, listed, network_place

if TYPE_CHECKING:
    from hivewright.model.network import AnyNetwork

Gap = tuple[tuple[KeyPath, ...], Fact, object, Sequence[str]]
"""Key paths below an object that ask for the same, the fact that they run into, the value, the hosts without it."""

Keys = dict[str, tuple[tuple[Fact, ...], bool]]
"""Keys of a table -> their facts, and whether a table without the key asks for one."""


def host_release(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    oldest: dict[int, str] = {}
    for known in RELEASES:
        oldest.setdefault(version(known)[0], known)
    for host, release in index.releases.items():
        first = oldest.get(release[0])
        if first is None or release < version(first):
            firsts = [f"{known} and later releases of {branch}" for branch, known in oldest.items()]
            yield diagnose(
                "HOST001",
                f"{host} has FreeBSD {site.hosts[host].freebsd}, which hivewright does not know",
                site.place("host", host, "freebsd"),
                f"supported are {listed(firsts)}",
            )


def supported(index: SiteIndex) -> Iterator[Diagnostic]:
    """Hosts, networks and VMs ask for nothing that one of their hosts cannot do."""
    gaps = _Gaps(index)
    for host, definition in index.site.hosts.items():
        for gap in gaps.of_table(definition, (), (host,)):
            yield _told(index, ("host", host), gap)
    for network, hosts, found in _networks(index):
        for gap in gaps.of_table(found, (), hosts):
            yield _told(index, ("network", network), gap)
    written = frozenset().union(*index.alike)
    for key, (facts, _) in gaps.keys(Vm, written).items():
        for name, vm in index.using(key):
            for gap in gaps.of_key(getattr(vm, key), (key,), facts, index.hosts_of[name]):
                yield _told(index, ("vm", name), gap)


def _networks(index: SiteIndex) -> Iterator[tuple[str, Sequence[str], AnyNetwork]]:
    """The networks that guests are connected to, each with the hosts where it is the same."""
    found: dict[tuple[str, int], list[str]] = {}
    for host, names in index.networks_used.items():
        for name in names:
            found.setdefault((name, id(index.site.host_networks[host, name])), []).append(host)
    for (name, _), hosts in found.items():
        yield name, hosts, index.site.host_networks[hosts[0], name]


class _Gaps:
    """Finds what hosts cannot do. What every host of the site can do is not looked for."""

    def __init__(self, index: SiteIndex) -> None:
        self._places: dict[tuple[Version, str], list[str]] = {}
        for host, definition in index.site.hosts.items():
            self._places.setdefault((index.releases[host], definition.arch), []).append(host)
        self._without: dict[Fact, frozenset[str]] = {}
        self._keys: dict[type[Table], Keys] = {}

    def keys(self, table: type[Table], written: Container[str] | None = None) -> Keys:
        """The keys that some host cannot do, or that hold tables with such keys; and the facts.

        ``written``: only of these keys.
        """
        known = self._keys.get(table)
        if known is None:
            known = self._keys[table] = {}
            for key, facts, tables in annotated_keys(table):
                if written is not None and key not in written:
                    continue
                facts = tuple([fact for fact in facts if self._hosts_without(fact)])
                if facts or any(self.keys(each) for each in tables):
                    default = table.model_fields[key].get_default()
                    known[key] = facts, any(asks(fact, default) for fact in facts)
        return known

    def of_table(self, table: Table, path: KeyPath, hosts: Sequence[str]) -> Iterator[Gap]:
        written = table.model_fields_set
        for key, (facts, by_default) in self.keys(type(table)).items():
            if key in written or by_default:
                yield from self.of_key(getattr(table, key), (*path, key), facts, hosts)

    def of_key(self, value: object, path: KeyPath, facts: Sequence[Fact], hosts: Sequence[str]) -> Iterator[Gap]:
        whole = True
        for fact in facts:
            paths = _asking(fact, value, path)
            without = [host for host in hosts if host in self._hosts_without(fact)] if paths else []
            if without:
                whole = False
                yield paths, fact, value, without
        if whole:
            # What is in a table that cannot be had at all is of no interest.
            entries = value.items() if isinstance(value, dict) else ((None, value),)
            for name, entry in entries:
                if isinstance(entry, Table):
                    yield from self.of_table(entry, path if name is None else (*path, name), hosts)

    def _hosts_without(self, fact: Fact) -> frozenset[str]:
        known = self._without.get(fact)
        if known is None:
            lacking = [hosts for place, hosts in self._places.items() if not holds(fact, *place)]
            known = self._without[fact] = frozenset().union(*lacking)
        return known


def _asking(fact: Fact, value: object, path: KeyPath) -> tuple[KeyPath, ...]:
    """The key paths that ask for what a fact is about: of tables by name each table, of an array each element."""
    if isinstance(value, dict):
        chosen = value if fact.value is None else [name for name in value if asks(fact, name)]
        return tuple([(*path, name) for name in sorted(chosen)])
    if isinstance(value, tuple):
        return tuple([(*path, place) for place in range(len(value))])
    return (path,) if asks(fact, value) else ()


def _told(index: SiteIndex, owner: tuple[str, str], gap: Gap) -> Diagnostic:
    paths, fact, value, hosts = gap
    kind, name = owner
    keys = dict.fromkeys(".".join(part for part in path if isinstance(part, str)) for path in paths)
    narrow = fact.value is not None or (isinstance(fact, Since) and fact.above is not None)
    what = f"{listed(keys)} = {value_text(value)}" if narrow and not isinstance(value, dict) else listed(keys)
    if kind == "network":
        places = [network_place(index.site, hosts[0], name, str(path[0])) for path in paths]
    else:
        part: Part = "table" if isinstance(value, (dict, Table)) else "value"
        places = [index.site.place(*owner, *path, part=part) for path in paths]
    asking = f"the network {name}" if kind == "network" else name
    return lacking(index, fact, f"{asking} asks for {what}", places, hosts, movable=kind != "host")


def lacking(
    index: SiteIndex, fact: Fact, asking: str, places: Sequence[Place], hosts: Sequence[str], movable: bool = True
) -> Diagnostic:
    """``asking`` says what is asked for: ``web1 asks for vnc``. ``movable``: another host may be chosen."""
    site = index.site
    remedy = fact.instead or ("delete it" if len(places) == 1 else "delete them")
    releases = listed(f"{host} has {site.hosts[host].freebsd}" for host in hosts)
    also = [*places[1:], *(site.place("host", host, "arch" if isinstance(fact, Only) else "freebsd") for host in hosts)]
    if isinstance(fact, Only):
        are = "is an" if len(hosts) == 1 else "are"
        message = f"{asking}, which {fact.arch} alone has, but {listed(hosts)} {are} {site.hosts[hosts[0]].arch}"
        code, message = "REL002", f"{message} {'host' if len(hosts) == 1 else 'hosts'}"
        remedy += f", or choose an {fact.arch} host" if movable else ""
    elif isinstance(fact, Until):
        code, message = "REL003", f"{asking}, which is gone since FreeBSD {fact.release}, but {releases}"
        remedy += f", or choose a host with a release before {fact.release}"
    else:
        which = "which" if fact.above is None else f"and more than {fact.above}"
        remedy = f"write {fact.above} at most" if fact.above is not None and not fact.instead else remedy
        code, message = "REL001", f"{asking}, {which} came with FreeBSD {listed(fact.releases.split())}, but {releases}"
        first = max([first_after(fact, index.releases[host]) for host in hosts], key=version)
        remedy += f", or bring {listed(hosts)} to FreeBSD {first} or later"
    return diagnose(code, message, places[0], remedy, also)


def hosts_without(index: SiteIndex, fact: Fact, hosts: Iterable[str]) -> list[str]:
    return [host for host in hosts if not index.has(host, fact)]
