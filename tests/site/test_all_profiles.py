"""Every profile compiles for every release of FreeBSD on every architecture that it claims; images are well-formed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pytest

from hivewright.allocation.allocate import Allocation
from hivewright.allocation.lock_files import Locks, allocate_numbers
from hivewright.catalogue.profiles import read_entries
from hivewright.catalogue.trial import ARCHES, guest_of, hosts_of, trial_sources
from hivewright.diagnostics import Diagnostic
from hivewright.lower.seed.nocloud import SeedWriter
from hivewright.model.image import CONVERTED, MEDIA, Image, chain_of
from hivewright.model.profile import Profile
from hivewright.pipeline.compile_host import compile_plan
from hivewright.rules import check_rules
from hivewright.site import Site
from hivewright.site.load import load
from hivewright.source import Sources, find_project
from projects import CHECKOUT

NAMES = sorted(path.stem for path in (CHECKOUT / "profiles").rglob("*.toml"))


class Fleet(NamedTuple):
    """One guest of each profile on each host that it claims to run on."""

    profiles: Mapping[str, Profile]
    site: Site
    diagnostics: list[Diagnostic]
    allocation: Allocation


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    project = find_project(CHECKOUT)
    entries, faulty = read_entries(Sources(project), NAMES)
    assert not faulty
    loaded = load(trial_sources(project, entries))
    assert loaded.site is not None, loaded.diagnostics[:3]
    numbers = allocate_numbers(loaded.site, Locks({}, ()))
    found = [*loaded.diagnostics, *check_rules(loaded.site), *numbers.diagnostics]
    return Fleet({entry.name: entry.profile for entry in entries}, loaded.site, found, numbers.allocation)


@pytest.mark.slow
@pytest.mark.parametrize("host_name", hosts_of(ARCHES))
def test_every_host_compiles_a_guest_of_each_profile_that_claims_it(fleet: Fleet, host_name: str) -> None:
    compiled, diagnostics = compile_plan(fleet.site, fleet.allocation, host_name, SeedWriter())
    assert not diagnostics
    assert compiled is not None
    arch = host_name.rpartition("-")[2]
    assert len(compiled.plan.vms) == sum(arch in profile.arches for profile in fleet.profiles.values()) > 30


@pytest.mark.parametrize("name", NAMES)
def test_a_guest_with_hardly_more_than_a_profile_has_no_faults(fleet: Fleet, name: str) -> None:
    guests = {guest_of(NAMES.index(name), host_name) for host_name in hosts_of(fleet.profiles[name].arches)}
    places = [fault for fault in fleet.diagnostics if fault.place is not None]
    assert guests
    assert not [fault for fault in places if guests & set(map(str, getattr(fault.place, "path", ())))]
    assert not [fault for fault in fleet.diagnostics if fault.place is None]


@pytest.mark.parametrize("name", NAMES)
def test_images_are_well_formed(fleet: Fleet, name: str) -> None:
    """Address, checksum and chain of formats; an image is there for no architecture that the system is not made for."""
    profile = fleet.profiles[name]
    assert set(profile.image) <= set(profile.arches)
    for image in profile.image.values():
        assert image.url is not None
        assert "://" in image.url
        assert " " not in image.url
        assert sum((image.sha256 is not None, image.sha512 is not None)) + bool(image.checksums) >= 1
        assert image.sha256 != "none" or image.checksums is None
        assert all(mirror.rpartition("/")[2] == image.file_name for mirror in image.mirrors)
        assert len({image.url, *image.mirrors}) == 1 + len(image.mirrors)
        assert_chain(image)


def assert_chain(image: Image) -> None:
    """What a name says of its packing and format is what the profile says."""
    chain = chain_of(image.file_name)
    inner = image.file_name
    for _ in chain:
        inner = inner.rpartition(".")[0]
    ending = inner.rpartition(".")[2]
    assert len(chain) <= 1
    if ending in (*CONVERTED, *MEDIA, "raw"):
        allowed = {ending} if ending != "img" else {"img", "raw", "qcow2"}
        assert image.format in allowed
    else:
        assert inner.endswith("-iso")
