"""Every profile compiles for every release of FreeBSD on every architecture that it claims; images are well-formed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from hivewright.allocation.allocate import Allocation
from hivewright.allocation.lock_files import Locks, allocate_numbers
from hivewright.bhyve.facts import RELEASES
from hivewright.diagnostics import Diagnostic
from hivewright.lower.seed.nocloud import SeedWriter
from hivewright.model.image import CONVERTED, MEDIA, Image, chain_of
from hivewright.model.profile import Profile
from hivewright.pipeline.compile_host import compile_plan
from hivewright.rules import check_rules
from hivewright.site import Site
from hivewright.site.load import load
from hivewright.site.profiles import Profiles
from hivewright.source import find_project, read_site
from hivewright.values import format_size
from projects import CHECKOUT

NAMES = sorted(path.stem for path in (CHECKOUT / "profiles").rglob("*.toml"))
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPVJXPVSyvJo9qHBb2Zo0L1aWm8yX3uCPfPHyMOCKsTA alice"
ARCHES = ("amd64", "arm64")
FIRST_ARM64 = "15.0"
"""bhyve(8) for arm64 came with it."""


def host(release: str, arch: str) -> str:
    return f"h{release.replace('.', '-')}-{arch}"


def hosts(arches: tuple[str, ...]) -> list[str]:
    return [
        host(release, arch)
        for arch in ARCHES
        for release in RELEASES
        if arch in arches and (arch == "amd64" or release >= FIRST_ARM64)
    ]


def guest(number: int, host_name: str) -> str:
    return f"g{number}-{host_name}"[:31]


def whole(folder: Path) -> dict[str, Profile]:
    """Every profile with what it extends."""
    sources = read_site(find_project(folder))
    profiles = Profiles(sources)
    found = {name: Profile.model_validate(profiles.whole(name)[0]) for name in NAMES}
    assert not profiles.diagnostics
    return found


def tables(number: int, profile: Profile, name: str, host_name: str) -> str:
    """A guest with the image of its profile as its publisher means it: a disk, a cd, or a disk beside its own."""
    image = profile.image.get("arm64" if host_name.endswith("arm64") else "amd64")
    size = format_size(profile.smallest.disk) if profile.smallest and profile.smallest.disk else "20G"
    root = f'storage = "plain", size = "{size}"'
    lines = [f"[vm.{guest(number, host_name)}]", f'host = "{host_name}"', f'profile = "{name}"']
    if image is not None and image.format == "iso":
        lines.append(f'cd.install.image = "{name}"')
    elif image is not None and image.format == "img":
        lines.append(f'disk.install = {{ storage = "plain", size = "8G", image = "{name}" }}')
    elif image is not None:
        root += f', image = "{name}"'
    lines += [f"disk.root = {{ {root} }}", 'nic.lan.network = "lan"']
    if profile.reader != "none":
        lines.append('cloud_init = { users = ["alice"] }')
    return "\n".join(lines)


class Fleet(NamedTuple):
    """One guest of each profile on each host that it claims to run on."""

    profiles: Mapping[str, Profile]
    site: Site
    diagnostics: list[Diagnostic]
    allocation: Allocation


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    folder = tmp_path_factory.mktemp("fleet")
    text = [
        '[site]\nname = "fleet"\n[defaults]\nmemory = "1G"\n[network.lan]\nkind = "bridge"\nuplink = "none"',
        '[storage.plain]\nkind = "directory"\npath = "/srv/vms"',
        f'[user.alice]\nssh_keys = ["{KEY}"]',
    ]
    text += (
        f'[host.{host(release, arch)}]\nfreebsd = "{release}"\narch = "{arch}"'
        for release in RELEASES
        for arch in (ARCHES if release >= FIRST_ARM64 else ARCHES[:1])
    )
    (folder / "site.toml").write_text("\n".join(text) + "\n")
    profiles = whole(folder)
    for number, (name, profile) in enumerate(profiles.items()):
        text += (tables(number, profile, name, host_name) for host_name in hosts(profile.arches))
    (folder / "site.toml").write_text("\n".join(text) + "\n")
    loaded = load(read_site(find_project(folder)))
    assert loaded.site is not None, loaded.diagnostics[:3]
    numbers = allocate_numbers(loaded.site, Locks({}, ()))
    found = [*loaded.diagnostics, *check_rules(loaded.site), *numbers.diagnostics]
    return Fleet(profiles, loaded.site, found, numbers.allocation)


@pytest.mark.parametrize("host_name", hosts(ARCHES))
def test_every_host_compiles_a_guest_of_each_profile_that_claims_it(fleet: Fleet, host_name: str) -> None:
    compiled, diagnostics = compile_plan(fleet.site, fleet.allocation, host_name, SeedWriter())
    assert not diagnostics
    assert compiled is not None
    arch = host_name.rpartition("-")[2]
    assert len(compiled.plan.vms) == sum(arch in profile.arches for profile in fleet.profiles.values()) > 30


@pytest.mark.parametrize("name", NAMES)
def test_a_guest_with_hardly_more_than_a_profile_has_no_faults(fleet: Fleet, name: str) -> None:
    guests = {guest(NAMES.index(name), host_name) for host_name in hosts(fleet.profiles[name].arches)}
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
