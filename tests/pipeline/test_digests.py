"""The digest of a host changes with everything that its files follow from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

import pytest

from builders import build_site
from hivewright.allocation.allocate import Allocation, allocate
from hivewright.allocation.lock import Lock
from hivewright.lower import lower_host
from hivewright.lower.seed.nocloud import SeedWriter
from hivewright.pipeline.digests import definition_digests, host_digests
from hivewright.site import Site
from hivewright.site.load import load
from hivewright.source import find_project, read_site
from projects import CHECKOUT

WEB1: dict[str, Any] = {"nic": {"lan": {"network": "lan"}}, "disk": {"root": {"storage": "fast", "size": "20G"}}}
CHANGED: dict[str, Any] = {
    "uuid": "01234567-89ab-cdef-0123-456789abcdef",
    "vnc": 5999,
    "slots": {"disk.root": "0:9:0"},
    "macs": {"lan": "58:9c:fc:00:00:09"},
    "taps": {"lan": "tap-other"},
    "consoles": {"com1": "nmdm-other.1"},
    "ports": {"disk.root": "main:9"},
    "pipes": {"lan": "990"},
    "name": "www",
    "home": "beta",
    "moves": 2,
}


def digests(site: Site, allocation: Allocation | None = None) -> dict[str, str]:
    return host_digests(site, definition_digests(site), allocation or allocate(site, {}))


@pytest.mark.parametrize("name", Lock._fields)
def test_a_changed_number_changes_the_digest(name: str) -> None:
    site = build_site({"web1": WEB1})
    allocation = allocate(site, {})
    lock = allocation.locks["web1"]._replace(**{name: CHANGED[name]})
    assert digests(site, Allocation({"web1": lock})) != digests(site, allocation)


def test_a_changed_definition_changes_the_digest_of_its_host_alone() -> None:
    hosts = {"alpha": {"freebsd": "14.3"}, "beta": {"freebsd": "14.3"}}
    vms = {"web1": WEB1, "web2": {**WEB1, "host": "beta"}}
    before, after = build_site(vms, hosts=hosts), build_site({**vms, "web1": {**WEB1, "cpus": 2}}, hosts=hosts)
    old, new = digests(before), digests(after)
    assert [host for host in hosts if old[host] != new[host]] == ["alpha"]


class _Seen(Mapping[str, Any]):
    """Objects of a site, and the names of those that somebody looked at."""

    def __init__(self, objects: Mapping[str, Any]) -> None:
        self.objects = objects
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.names.add(name)
        return self.objects[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.objects)

    def __len__(self) -> int:
        return len(self.objects)


WATCHED = ("hosts", "profiles", "files")
"""What the digest of a host holds only as far as its guests name it."""


def whole_sites() -> dict[str, Site]:
    found = {}
    for name in sorted(path.name for path in (CHECKOUT / "tests" / "sites").iterdir()):
        loaded = load(read_site(find_project(CHECKOUT / "tests" / "sites" / name)))
        if loaded.site is not None:
            found[name] = loaded.site
    found["example"] = load(read_site(find_project(CHECKOUT))).rest
    return found


@pytest.mark.parametrize("kind", WATCHED)
def test_what_lowering_looks_at_is_in_the_digest(kind: str) -> None:
    """Each object that the files of a host follow from changes its digest when it changes."""
    looked_at = 0
    for site in whole_sites().values():
        allocation = allocate(site, {})
        before = digests(site, allocation)
        for host in site.hosts:
            seen = _Seen(getattr(site, kind))
            lower_host(replace_in(site, **{kind: seen}), allocation, host, SeedWriter())
            for name in seen.names & {*seen.objects}:
                looked_at += 1
                changed = replace_in(site, **{kind: {**seen.objects, name: "another"}})
                after = host_digests(changed, definition_digests(changed, [host]), allocation)
                assert after[host] != before[host], (host, name)
    assert looked_at > len(WATCHED)


def replace_in(site: Site, **parts: Any) -> Site:
    """A site with other objects; its guests are by host as they were."""
    changed = copy(site)
    for name, value in parts.items():
        object.__setattr__(changed, name, value)
    return changed


def test_a_host_is_told_where_the_others_of_its_guests_are() -> None:
    hosts = {name: {"freebsd": "14.3", "address": "192.0.2.1"} for name in ("alpha", "beta", "gamma")}
    vms = {"web1": {**WEB1, "host": None, "hosts": ["alpha", "beta"]}, "web2": {**WEB1, "host": "gamma"}}
    moved = {**hosts, "beta": {"freebsd": "14.3", "address": "192.0.2.9"}}
    old, new = digests(build_site(vms, hosts=hosts)), digests(build_site(vms, hosts=moved))
    assert [host for host in hosts if old[host] != new[host]] == ["alpha", "beta"]
