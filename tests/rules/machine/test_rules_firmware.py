"""What a guest starts with: a loader of one's own."""

from __future__ import annotations

from typing import Any

import pytest

from builders import build_site
from rule_checks import codes

NAMED = {"kind": "loader", "loader": {"program": "/usr/local/sbin/load"}}


@pytest.mark.parametrize(
    ("vm", "expected"),
    [
        ({"firmware": {"kind": "loader"}}, ["VM066"]),
        ({"firmware": NAMED, "serial": {}}, []),
        ({"firmware": NAMED, "vnc": {}}, ["VM068"]),
    ],
)
def test_a_loader_of_ones_own_has_to_be_named(vm: dict[str, Any], expected: list[str]) -> None:
    assert codes(build_site({"web1": vm})) == expected
