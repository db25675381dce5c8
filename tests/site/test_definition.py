"""The definition of a VM as it is shown: what stands there is what TOML takes."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from builders import build_site
from full_house import full_site
from hivewright.model.vm import Vm
from hivewright.site.definition import definition, in_toml


def table(entries: dict[str, Any]) -> dict[str, Any]:
    return tomllib.loads("".join(f"{key} = {in_toml(value)}\n" for key, value in entries.items()))


@pytest.mark.parametrize("release", ["13.5", "15.1"])
def test_defaults_are_shown_as_they_are_written(release: str) -> None:
    """Each may be copied into the site, and says there what it says without."""
    site = full_site(release, "amd64")
    entries = list(definition(site, "full"))
    whole = table({entry.key: entry.value for entry in entries})
    whole["channel"]["clipboard"] = {}  # a table without a key or default is not shown
    assert Vm.model_validate(whole) == site.vms["full"]


def test_defaults_of_a_plain_vm() -> None:
    site = build_site({"web1": {}})
    defaults = table({entry.key: entry.value for entry in definition(site, "web1") if entry.origin == "default"})
    assert defaults["stop_timeout"] == "1m"
    assert defaults["stop"]["press_every"] == "5s"
    assert defaults["restart_limit"]["within"] == "10m"
    assert Vm.model_validate({"memory": "1G", **defaults}).stop_timeout == 60
