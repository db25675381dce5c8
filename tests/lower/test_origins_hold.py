"""Origins are true: where a word says that it follows from a key, another value there makes another word, and no other.

``hivewright show --origin`` tells people these places.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from full_house import full_tables
from hivewright.source import Project, find_project, read_site
from host.campaign import stride
from origin_changes import Fault, Workshop, faults_of, places_of, workshop
from projects import CHECKOUT

NOWHERE = Path("/nowhere")
SCENARIOS = CHECKOUT / "tests" / "host" / "scenarios"
FOLDERS = {"example": CHECKOUT, "everything": CHECKOUT / "tests" / "sites" / "everything"}
SMALL = ("debug", "devices", "iscsi", "passthrough")
PARTS = {"example": 4}
"""Of the places of a site ``make test`` tries one of so many, where other sites have the like."""
LARGE = ("example", "everything", "storage", "13.2-amd64", "14.4-amd64", "15.1-amd64", "15.1-arm64")


def site_called(name: str) -> Workshop:
    """The example, a site of tests or of scenarios, or the full house of a release and architecture."""
    release, _, arch = name.partition("-")
    if arch:
        tables = {"site": {"name": "full"}, **full_tables(release, arch)}
        return workshop(Project(NOWHERE, NOWHERE, NOWHERE, (CHECKOUT / "profiles",)), {"full.toml": tables})
    project = find_project(FOLDERS.get(name, SCENARIOS / name))
    return workshop(project, {file.name: file.values for file in read_site(project).files})


@dataclass(frozen=True, slots=True)
class Excepted:
    """Faults that are none: patterns of the place, without its file, and of the words, and the reason."""

    place: str
    what: str
    words: str
    reason: str

    def covers(self, fault: Fault) -> bool:
        place = ".".join(str(part) for part in fault.place.path)
        words = " ".join((fault.line.kind, *fault.line.words)) if fault.line is not None else ""
        return fault.what == self.what and fnmatchcase(place, self.place) and fnmatchcase(words, self.words)


NO_VALUE, SAME, OTHER = "has no other valid value", "does not change", "changes"

EXCEPTIONS = (
    Excepted("*", OTHER, "prepare provisioned *", "a digest of the seed as well, whose text follows from many keys"),
    Excepted("*", OTHER, "provision seed_file *", "a digest of the file, whose text follows from many keys"),
    Excepted("*.nic.*.network", OTHER, "host.conf network *", "a host has the networks that its guests use"),
    Excepted("host.*.freebsd", OTHER, "provision variables *", "only from 14.0 on there are variables to make"),
    Excepted("*.firmware.*", OTHER, "provision image *", "an image of UEFI variables is for firmware that has some"),
    Excepted("network.*.kind", NO_VALUE, "", "each kind asks for keys that the others do not have"),
    Excepted("network.*.vlan_filter", NO_VALUE, "", "its NICs say their VLANs, which only such a network takes"),
    Excepted("*.nic.*.network", NO_VALUE, "", "the NIC has keys that only networks of that kind take"),
    Excepted("*.nic.inner.network", SAME, "bhyve *", "it says its own MTU and is private, so each that fits has a tap"),
    Excepted("*.nic.*.gateway4", NO_VALUE, "", "the subnet of a /31 has no other address"),
    Excepted("*.topology", SAME, "bhyve -c *", "one vCPU has one topology"),
    Excepted("*.cpus", NO_VALUE, "", "the topology, or the memory domains, say how many"),
    Excepted("*.numa.?.cpus", NO_VALUE, "", "domains have all vCPUs, each once"),
    Excepted("*.numa.?.size", NO_VALUE, "", "the sizes of domains add up to the memory"),
    Excepted("vm.*.host", NO_VALUE, "", "no other host has what the guest asks for"),
    Excepted("vm.*.hosts", NO_VALUE, "", "no other hosts have what the guest asks for"),
    Excepted("*.replicate.to", NO_VALUE, "", "there is one other host"),
    Excepted("vm.*.memory", NO_VALUE, "", "the sizes of domains add up to the memory"),
    Excepted("*.disk.*.bus", NO_VALUE, "", "the disk has keys that only its bus takes"),
    Excepted("*.disk.lun*.readonly", SAME, "prepare disk *", "refused for a port of ctl(4)"),
    Excepted("*.disk.*.storage", NO_VALUE, "", "the others are no storages of LUNs"),
    Excepted("*.disk.*.storage", SAME, "bhyve *", "another target makes the same link"),
    Excepted("*.disk.*.image", SAME, "provision image *", "two disks are made from it"),
    Excepted("*.disk.*.storage", SAME, "provision dataset *", "two disks lie in it"),
    Excepted("*.cd.*.controller", OTHER, "bhyve -s *,ahci-cd,*", "without one the drive has a slot of its own"),
    Excepted("slots.*", NO_VALUE, "", "function 0 of a slot stays where its other functions are"),
    Excepted("*.slot", NO_VALUE, "", "function 0 of a slot stays where its other functions are"),
    Excepted("*.event.*", NO_VALUE, "", "a program or an action, of which the site has one that fits"),
    Excepted("*.ready.hook", NO_VALUE, "", "the site has no other program for it"),
    Excepted("*.agent", SAME, "bhyve -s *,virtio-console,*", "it is stopped by its agent, so there has to be one"),
    Excepted("*.tablet", SAME, "bhyve -s *,xhci,tablet", "its slot stays in the lock; without it the screen's has 30"),
    Excepted("*.machine.acpi", SAME, "bhyve -A", "from 15.0 on it cannot be false"),
    Excepted("*.machine.hostbridge", SAME, "bhyve -s *", "arm64 has one"),
    Excepted("*.machine.mptable", SAME, "bhyve -Y", "a device beyond bus 0 is reason enough"),
    Excepted("*.passthrough", SAME, "bhyve -S", "a virtual function for a NIC is reason enough"),
    Excepted("*.nic.*.vf", SAME, "bhyve -S", "another function is one as well"),
    Excepted("*.vf", SAME, "bhyve -s *,passthru", "which function it is reaches bhyve in a file (rule:functions)"),
    Excepted("*.vf", SAME, "bhyve -k *", "which function it is stands in that file (rule:functions)"),
    Excepted("*.passthrough.*.vf", NO_VALUE, "", "the host makes no other of this kind"),
    Excepted("*.fwcfg", SAME, "bhyve -o lpc.fwcfg=qemu", "a boot index is reason enough"),
    Excepted("*.install", NO_VALUE, "", "the site has no other drive for the guest"),
    Excepted("*.serial.*.kind", NO_VALUE, "", "tcp asks for a port, and one port at most is in a window"),
    Excepted("*.serial.*.kind", SAME, "bhyve -l com*", "tcp asks for a port, and one port at most is in a window"),
    Excepted("*.sound.play", SAME, "prepare file sound *", "the same device records"),
    Excepted("*.tpm.kind", NO_VALUE, "", "the other asks for 15.0"),
    Excepted("host.*.freebsd", SAME, "prepare vcpus *", "its guests ask for 14.0"),
)


def untrue(name: str, used: set[Excepted]) -> Iterator[str]:
    """The faults of a site that no exception covers."""
    site = site_called(name)
    for place in places_of(site)[:: stride(PARTS.get(name, 1))]:
        for fault in faults_of(site, place):
            covering = [each for each in EXCEPTIONS if each.covers(fault)]
            used.update(covering)
            if not covering:
                yield f"{name}: {fault}"


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_origins_are_true(name: str) -> None:
    assert list(untrue(name, set())) == []


@pytest.mark.slow
def test_origins_of_large_sites_are_true_and_no_exception_is_idle() -> None:
    used: set[Excepted] = set()
    assert [fault for name in (*SMALL, *LARGE) for fault in untrue(name, used)] == []
    assert set(EXCEPTIONS) - used == set()
