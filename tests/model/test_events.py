"""What two events of devd(8) have in common, with values in which stars stand for any text."""

from __future__ import annotations

import pytest

from hivewright.model.events import Condition, meet, within

A = "*" + "a*" * 60


def told(kind: str) -> Condition:
    return Condition("notify", (("type", kind),))


@pytest.mark.parametrize(
    ("first", "second", "met", "inside"),
    [
        ("ab", "ab", True, True),
        ("ab", "a", False, False),
        ("a*", "ab", True, False),
        ("ab", "a*", True, True),
        ("a*b", "*", True, True),
        ("*", "a*b", True, False),
        ("a*", "*b", True, False),
        ("a*", "b*", False, False),
        ("*a", "*b", False, False),
        ("a", "a**", True, True),
        (f"{A}b", f"{A}c", False, False),
        (f"{A}b", "a" * 120, False, False),
        ("a" * 120, f"{A}b", False, False),
        (f"{A}b", A, True, True),
    ],
)
def test_stars_stand_for_any_text(first: str, second: str, met: bool, inside: bool) -> None:
    """However many there are: tried one after the other, the last ones would take years."""
    assert meet(told(first), told(second)) is met
    assert meet(told(second), told(first)) is met
    assert within(told(first), told(second)) is inside
