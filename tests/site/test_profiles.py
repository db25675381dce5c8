"""Profiles: those that come with hivewright can be read, and give a guest what its system needs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hivewright.catalogue.profiles import read_entries
from hivewright.diagnostics import Diagnostic
from hivewright.model.image import MEDIA
from hivewright.model.readers import READERS, ReaderName
from hivewright.rules import check_rules
from hivewright.site import Site
from hivewright.site.load import load
from hivewright.source import find_project, read_site
from projects import CHECKOUT

FOLDER = CHECKOUT / "profiles"
NAMES = sorted(str(path.relative_to(FOLDER))[: -len(".toml")] for path in FOLDER.rglob("*.toml"))


def profile(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text())


def compiled(folder: Path, name: str, more: str = "", freebsd: str = "14.3") -> tuple[Site, list[Diagnostic]]:
    """A site whose only guest has hardly more than a profile."""
    (folder / "site.toml").write_text(
        f'[site]\nname = "test"\n[host.one]\nfreebsd = "{freebsd}"\n[storage.plain]\nkind = "directory"\n'
        f'path = "/srv/vms"\n[defaults]\nmemory = "1G"\n[vm.guest]\nhost = "one"\nprofile = "{name}"\n'
        f'disk.root.storage = "plain"\ndisk.root.size = "64G"\n{more}'
    )
    sources = read_site(find_project(folder))
    loaded = load(sources)
    assert loaded.site is not None, [*sources.diagnostics, *loaded.diagnostics]
    return loaded.site, [*sources.diagnostics, *loaded.diagnostics, *check_rules(loaded.site)]


def test_there_are_profiles_of_every_family() -> None:
    families = {"dragonfly", "freebsd", "illumos", "linux", "netbsd", "openbsd", "other", "windows"}
    assert {name.partition("/")[0] for name in NAMES} == families
    assert {f"{name}.toml" for name in NAMES} == {
        str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file()
    }
    assert len(NAMES) >= 60


@pytest.mark.parametrize("name", NAMES)
def test_notes_say_where_images_are_published(name: str) -> None:
    notes = profile(name)["notes"]
    assert name == "other/other" or re.search("https?://", notes)
    assert "  " not in notes
    assert "\n" not in notes


def test_openbsd_has_the_host_bridge_of_amd_and_a_framebuffer_without_vga(tmp_path: Path) -> None:
    site, _ = compiled(tmp_path, "openbsd-7")
    guest = site.vms["guest"]
    assert guest.machine.hostbridge == "amd"
    assert guest.machine.ignore_msr
    assert guest.vnc is not None
    assert (guest.vnc.vga, guest.vnc.tablet) == ("off", False)


def test_windows_has_disks_and_nics_that_it_has_drivers_for_unless_the_guest_says_otherwise(tmp_path: Path) -> None:
    more = (
        'disk.data = { storage = "plain", size = "1G", bus = "virtio-blk" }\n'
        '[network.lan]\nkind = "bridge"\nuplink = "none"\n[vm.guest.nic.a]\nnetwork = "lan"\n'
        '[vm.guest.nic.b]\nnetwork = "lan"\nmodel = "virtio-net"\n'
    )
    site, _ = compiled(tmp_path, "windows-server-2025", more)
    guest = site.vms["guest"]
    assert {name: disk.bus for name, disk in guest.disk.items()} == {"root": "nvme", "data": "virtio-blk"}
    assert {name: nic.model for name, nic in guest.nic.items()} == {"a": "e1000", "b": "virtio-net"}


def test_the_power_button_of_illumos_is_pressed_once(tmp_path: Path) -> None:
    """A second press during the shutdown cancels it."""
    site, _ = compiled(tmp_path, "illumos")
    assert (site.vms["guest"].stop.method, site.vms["guest"].stop.press_every) == ("acpi", 0)


def test_a_system_that_is_installed_on_a_screen_has_one(tmp_path: Path) -> None:
    entries, _ = read_entries(read_site(find_project(tmp_path)), [name.rpartition("/")[2] for name in NAMES])
    assert len(entries) == len(NAMES)
    for entry in entries:
        media = {image.format for image in entry.profile.image.values()} & {*MEDIA}
        if entry.profile.console == "vnc" or (entry.profile.console == "both" and media):
            assert entry.profile.vm.get("vnc"), entry.name


@pytest.mark.parametrize("name", ["windows-11", "windows-server-2022"])
def test_windows_has_a_local_clock_and_a_screen_with_a_tablet(name: str, tmp_path: Path) -> None:
    site, _ = compiled(tmp_path, name)
    guest = site.vms["guest"]
    assert guest.machine.rtc == "localtime"
    assert guest.memory == 4 * 2**30
    assert guest.vnc is not None
    assert guest.vnc.tablet


@pytest.mark.parametrize("name", ["openbsd-7", "windows-11", "windows-server-2022"])
def test_a_guest_can_do_without_the_screen_of_its_profile(name: str, tmp_path: Path) -> None:
    site, faults = compiled(tmp_path, name, "vnc = false\n")
    assert site.vms["guest"].vnc is None
    assert not faults


@pytest.mark.parametrize("name", ["debian-12", "debian-13", "freebsd-14", "freebsd-15", "ubuntu-24.04"])
def test_guests_with_a_driver_for_it_have_an_entropy_device(name: str, tmp_path: Path) -> None:
    site, _ = compiled(tmp_path, name)
    assert site.vms["guest"].rng is not None


def test_a_profile_of_the_site_may_bring_an_image_for_each_architecture(tmp_path: Path) -> None:
    (tmp_path / "profiles" / "linux").mkdir(parents=True)
    (tmp_path / "profiles" / "linux" / "own.toml").write_text(
        'os = "linux"\ndescription = "Our own"\n'
        f'[image.amd64]\nurl = "https://images.example.net/own.raw"\nsha256 = "{"0" * 64}"\n'
    )
    site, faults = compiled(tmp_path, "own", 'disk.root.image = "own"\n')
    assert not faults
    image = site.image("own", "amd64")
    assert image is not None
    assert image.url == "https://images.example.net/own.raw"
    assert site.image("own", "arm64") is None


@pytest.mark.parametrize(
    ("name", "reader"),
    [
        ("debian-13", "cloud-init"),
        ("debian-13-install", "none"),
        ("fedora-coreos", "ignition"),
        ("flatcar", "ignition-networkd"),
        ("freebsd-14", "nuageinit-14.3"),
        ("freebsd-15.1-zfs", "nuageinit-15.1"),
        ("illumos", "none"),
        ("omnios-cloud", "cloud-init"),
        ("openbsd-7.9", "none"),
        ("other", "cloud-init"),
        ("windows-server-2025", "cloudbase-init"),
    ],
)
def test_a_profile_knows_what_reads_first_boot_data(name: str, reader: ReaderName, tmp_path: Path) -> None:
    site, _ = compiled(tmp_path, name, "cloud_init = true\n")
    assert site.reader(site.vms["guest"]) is READERS[reader]


@pytest.mark.parametrize(("name", "warned"), [("windows-11", True), ("windows-server-2022", False)])
def test_client_editions_of_windows_use_two_sockets(name: str, warned: bool, tmp_path: Path) -> None:
    _, faults = compiled(tmp_path, name, "cpus = 8\n")
    assert [fault.code for fault in faults] == ["VM094"] * warned
    if warned:
        assert faults[0].help == "write topology = { sockets = 1, cores = 8 }"
        assert not compiled(tmp_path, name, "cpus = 8\ntopology = { sockets = 1, cores = 8 }\n")[1]
