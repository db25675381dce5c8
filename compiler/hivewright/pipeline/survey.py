"""The parts of a large site: groups of hosts whose VMs are read, checked and compiled together, and no others.

Files are parsed once. What VMs say is kept as bytes until their part is read, so that no process ever has all of them.
"""

from __future__ import annotations

import json
import marshal
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from hivewright.pipeline.site_memory import own_hosts, split_file
from hivewright.source import Project, SourceFile, Sources, read_source, site_files
from hivewright.system.parallel import in_background

VMS_OF_A_PART = 5000
"""A process needs about 50 MiB for so many."""


class SurveyedVm(NamedTuple):
    """The hosts that a VM names, and its table."""

    hosts: list[str]
    table: bytes


class SurveyedFile(NamedTuple):
    """The tables of a file that are none of VMs, as JSON, and its VMs."""

    others: str
    vms: dict[str, SurveyedVm]


class Survey(NamedTuple):
    """All files of a site by name, and its hosts by name."""

    files: Mapping[str, SurveyedFile]
    hosts: list[str]


def survey(project: Project) -> Survey | None:
    """``None`` where something cannot be read, or a VM takes its host from elsewhere: then the whole site is read."""
    there = site_files(project)
    if there is None:
        return None
    names = sorted(there.items(), key=lambda each: each[1])
    rest = in_background(lambda: _read_files(names[1::2]), worthwhile=True)
    try:
        found = _read_files(names[0::2])
    finally:
        others = rest()
    if found is None or others is None:
        return None
    files = dict(sorted((found | others).items()))
    if len({vm for file in files.values() for vm in file.vms}) < sum(len(file.vms) for file in files.values()):
        return None  # one is defined twice
    tables = [json.loads(file.others).get("host", {}) for file in files.values()]
    if not all(isinstance(hosts, dict) for hosts in tables):
        return None
    return Survey(files, sorted({host for hosts in tables for host in hosts}))


def _read_files(names: Iterable[tuple[str, str]]) -> dict[str, SurveyedFile] | None:
    found = {}
    for path, name in names:
        file = read_source(path, name)
        parts = split_file(file) if file is not None else None
        if parts is None:
            return None
        others, tables = parts
        vms = {}
        for vm, values in tables.items():
            hosts = own_hosts(values)
            if hosts is None:
                return None
            try:
                vms[vm] = SurveyedVm(hosts, marshal.dumps(values, 2))  # type: ignore[arg-type]
            except ValueError:  # a date
                return None
        found[name] = SurveyedFile(others, vms)
    return found


class Part(NamedTuple):
    """Hosts whose VMs are read together."""

    hosts: list[str]
    vms: dict[str, list[str]]
    """File -> those of its VMs that may run on these hosts."""


def parts_of(found: Survey) -> list[Part]:
    """Hosts that have a VM in common are in one part; a host that does not exist is in none."""
    leader = {host: host for host in found.hosts}

    def lead(host: str) -> str:
        while leader[host] != host:
            leader[host] = host = leader[leader[host]]
        return host

    count = dict.fromkeys(found.hosts, 0)
    for file in found.files.values():
        for vm in file.vms.values():
            first, *others = [host for host in vm.hosts if host in leader] or [""]
            for host in others:
                leader[lead(host)] = lead(first)
            if first:
                count[first] += 1
    together: dict[str, list[str]] = {}
    for host in found.hosts:
        together.setdefault(lead(host), []).append(host)
    parts: list[Part] = []
    part_of: dict[str, Part] = {}
    size = 0
    for hosts in together.values():
        number = sum(count[host] for host in hosts)
        if not parts or size + number > VMS_OF_A_PART:
            parts.append(Part([], {}))
            size = 0
        size += number
        parts[-1].hosts.extend(hosts)
        part_of.update(dict.fromkeys(hosts, parts[-1]))
    for name, file in found.files.items() if parts else ():
        for key, each in file.vms.items():
            part = next((part_of[host] for host in each.hosts if host in part_of), parts[0])
            part.vms.setdefault(name, []).append(key)
    return parts


def read_tables(project: Project, found: Survey, part: Part) -> Sources:
    """The files of a site as if it had no VMs but those of a part."""
    files = []
    for name, file in found.files.items():
        values = json.loads(file.others)
        if name in part.vms:
            values["vm"] = {vm: marshal.loads(file.vms[vm].table) for vm in part.vms[name]}
        if values:
            files.append(SourceFile(name, "", values))
    return Sources(project, tuple(files))
