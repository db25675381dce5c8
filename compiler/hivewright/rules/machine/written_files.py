"""First-boot data: files that guests write, and what only a host with fw_cfg can hand to ignition."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.bhyve.facts import FIRMWARE_FILES, PC
from hivewright.diagnostics import Diagnostic
from hivewright.rules.host.support import hosts_without, lacking
from hivewright.rules.site_index import SiteIndex, diagnose

_CONTENTS = ("content", "source", "secret")


def written_file_content(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, vm in index.using("cloud_init"):
        for place, file in enumerate(vm.cloud_init.write_files if vm.cloud_init is not None else ()):
            given = [key for key in _CONTENTS if getattr(file, key) is not None]
            if len(given) != 1:
                has = f"both {given[0]} and {given[1]}" if given else "no content"
                yield diagnose(
                    "SEED006",
                    f"the file {file.path} of the first boot of {name} has {has}",
                    site.place("vm", name, "cloud_init", "write_files", place, *given[1:2], part="table"),
                    'write one of content = "…", source = "files/…" and secret = "…"',
                )


def same_written_file(index: SiteIndex) -> Iterator[Diagnostic]:
    """cloud-init would keep the last, and ignition would stop the boot."""
    site = index.site
    for name, vm in index.using("cloud_init"):
        seen: dict[str, int] = {}
        for place, file in enumerate(vm.cloud_init.write_files if vm.cloud_init is not None else ()):
            first = seen.setdefault(file.path, place)
            if first != place:
                path = ("vm", name, "cloud_init", "write_files")
                yield diagnose(
                    "SEED007",
                    f"two files of the first boot of {name} are {file.path}",
                    site.place(*path, place, "path"),
                    "keep one of the two, or write another path",
                    [site.place(*path, first, "path")],
                )


def ignition_reaches(index: SiteIndex) -> Iterator[Diagnostic]:
    """Ignition gets its config by fw_cfg (bhyve(8), -f)."""
    site = index.site
    for name, vm in index.using("cloud_init"):
        if site.medium(vm) != "ignition":
            continue
        for fact in (PC, FIRMWARE_FILES):
            hosts = hosts_without(index, fact, index.hosts_of[name])
            if hosts:
                place = site.place("vm", name, "cloud_init", part="table")
                asking = f"{name} has first-boot data for ignition, by fw_cfg"
                yield lacking(index, fact, asking, [place], hosts)
                break


def ignition_has_no_drive(index: SiteIndex) -> Iterator[Diagnostic]:
    """The config of ignition is a file of fw_cfg, so no drive has the address."""
    site = index.site
    for name, vm in index.using("cloud_init"):
        if vm.cloud_init is not None and vm.cloud_init.slot is not None and site.medium(vm) == "ignition":
            yield diagnose(
                "SEED010",
                f"first-boot data of {name} is for ignition, which reads it by fw_cfg, and no drive could have the "
                "address that cloud_init.slot says",
                site.place("vm", name, "cloud_init", "slot"),
                "delete slot; if the guest has another reader, write it as cloud_init.reader",
            )
