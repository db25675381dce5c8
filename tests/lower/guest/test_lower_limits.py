"""Limits of guests: the calls of the runtime, and what the host is booted with."""

from __future__ import annotations

from builders import build_site
from hivewright.allocation.allocate import allocate
from hivewright.lower import lower
from lowering import plan_of, steps

LIMITS = {
    "nice": -5,
    "protect": True,
    "cpuset": "4-7",
    "rctl": {"writebps": "throttle=50M", "pcpu": "deny=200"},
}


def test_limits_are_set_by_the_runtime() -> None:
    assert steps(plan_of({"limits": LIMITS}), "limit") == [
        ("limit", "cpuset", "4-7"),
        ("limit", "nice", "-5"),
        ("limit", "protect"),
        ("limit", "rctl", "pcpu:deny=200"),
        ("limit", "rctl", "writebps:throttle=52428800"),
    ]
    assert steps(plan_of({"limits": {}}), "limit") == []


def test_a_host_counts_resources_only_where_they_are_limited() -> None:
    for limits, expected in ((LIMITS, ["1"]), ({"nice": 5}, [])):
        site = build_site({"web1": {"limits": limits}})
        loader = lower(site, allocate(site, {})).plans[0].loader
        assert [setting.value for setting in loader if setting.name == "kern.racct.enable"] == expected
