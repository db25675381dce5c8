"""extra_args cannot give once more what hivewright gives itself."""

from __future__ import annotations

import pytest

from full_house import full_site
from hivewright.allocation.allocate import allocate
from hivewright.lower import lower
from hivewright.rules import check_rules
from parts import Part


@pytest.mark.parametrize(("release", "arch"), [("13.2", "amd64"), ("15.1", "amd64"), ("15.0", "arm64")])
def test_every_option_of_the_full_house_is_refused_there(release: str, arch: str) -> None:
    site = full_site(release, arch)
    (plan,) = lower(site, allocate(site, {})).plans
    options = {option.words: None for option in plan.vms[0].options if option.words[0] != "-s"}
    assert len(options) > 10
    words = [word for option in options for word in option]
    again = full_site(release, arch, Part("again", {"extra_args": words}))
    told = [each.message for each in check_rules(again) if each.code == "VM040"]
    refused = {message.partition(" has ")[2].partition(", which hivewright decides")[0] for message in told}
    assert {" ".join(option) for option in options} - refused == set()
