"""The digest of a host changes with everything that its files follow from."""

from __future__ import annotations

from typing import Any

import pytest

from builders import build_site
from hivewright.allocation.allocate import Allocation, allocate
from hivewright.allocation.lock import Lock
from hivewright.pipeline.digests import definition_digests, host_digests
from hivewright.site import Site

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
