"""The start order within a host."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from builders import build_site
from hivewright.model.vm import Vm
from hivewright.site.start_order import cycles, depths, waves

NAMES = "abcdefgh"


def vms(**keys: dict[str, Any]) -> dict[str, Vm]:
    return dict(build_site(keys).vms)


def test_a_vm_is_one_deeper_than_the_deepest_it_waits_for() -> None:
    found = depths(vms(a={}, b={"after": ["a"]}, c={"after": ["b", "a"]}, d={"after": ["a"]}))
    assert found == {"a": 0, "b": 1, "c": 2, "d": 1}


def test_another_order_adds_no_depth() -> None:
    found = depths(vms(a={"order": 1}, b={"order": 2, "after": ["a"]}, c={"order": 2, "after": ["b"]}))
    assert found == {"a": 0, "b": 0, "c": 1}


def test_names_elsewhere_and_circles_do_no_harm() -> None:
    found = depths(vms(a={"after": ["b", "elsewhere"]}, b={"after": ["a"]}, c={"after": ["b"]}, d={"after": ["d"]}))
    assert found == {"a": 0, "b": 0, "c": 0, "d": 0}


def test_naming_a_vm_twice_changes_nothing() -> None:
    assert depths(vms(a={}, b={"after": ["a", "a"]})) == {"a": 0, "b": 1}


def test_waves_ascend() -> None:
    found = waves(vms(a={"order": 9}, b={"order": 9, "after": ["c"]}, c={"order": 9}, d={"order": 1}))
    assert list(found.items()) == [((1, 0), ["d"]), ((9, 0), ["a", "c"]), ((9, 1), ["b"])]


def test_circles_begin_with_their_first_name() -> None:
    assert cycles({"c": ["b"], "b": ["a"], "a": ["c"], "x": ["a"]}) == [["a", "c", "b"]]


def test_separate_circles_are_all_found() -> None:
    assert cycles({"a": ["b"], "b": ["a"], "c": ["c"], "d": ["e"], "e": []}) == [["a", "b"], ["c"]]


def test_a_long_chain_needs_no_deep_stack() -> None:
    chain = {str(number): [str(number + 1)] for number in range(5_000)}
    assert cycles(chain) == []
    assert len(cycles({**chain, "5000": ["0"]})[0]) == 5_001


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=4)))
def test_circles_are_found_exactly_when_graphlib_finds_one(after: dict[str, list[str]]) -> None:
    from graphlib import CycleError, TopologicalSorter

    found = cycles(after)
    try:
        order = list(TopologicalSorter(after).static_order())
    except CycleError:
        order = []
        assert found
    else:
        assert not found
    for circle in found:
        assert all(other in after[name] for name, other in zip(circle, [*circle[1:], circle[0]], strict=True))
    assert len({name for circle in found for name in circle}) == sum(map(len, found))
    assert not order or set(order) >= set(after)
