"""What passthrough devices ask of a release."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.report import Diagnostic
from hivewright.rules.survey import Survey, diagnose, ordered


def device_rom(survey: Survey) -> Iterator[Diagnostic]:
    site = survey.site
    for name, vm in survey.using("passthrough"):
        for host in survey.hosts_of[name]:
            if survey.releases[host] >= (14, 0):
                continue
            for key, passthrough in ordered(vm.passthrough):
                if passthrough.rom is not None:
                    yield diagnose(
                        "PCI001",
                        f"passthrough {key} of {name} has a ROM, which bhyve of FreeBSD {site.hosts[host].freebsd} "
                        f"on {host} does not take",
                        site.place("vm", name, "passthrough", key, "rom"),
                        "delete rom, or bring the host to FreeBSD 14.0 or later",
                        [site.place("host", host, "freebsd")],
                    )
