"""What a build of a large site remembers of its definitions, so that the next one reads what changed alone.

Of each file of the site the tables of others than VMs, as they are, and of each VM a digest of its table, its hosts,
and what no VM of another host may have as well. It lies in the user's cache folder; losing it costs time only.
"""

from __future__ import annotations

import json
import marshal
from contextlib import suppress
from hashlib import blake2b
from typing import NamedTuple

from hivewright.pipeline.fingerprints import Inputs
from hivewright.rules import Claims, lengths_of, site_claims
from hivewright.site import Site
from hivewright.source import Project, SourceFile
from hivewright.system.cache import cache_path, keep

VMS_WORTH_A_MEMORY = 1000
"""Reading and checking fewer takes no longer than to find out what need not be read."""


class VmMemory(NamedTuple):
    """A VM as its table was: a digest of it, its hosts, its claims, and a digest of how it sees its subnets."""

    table: str
    hosts: list[str]
    claims: list[str]
    subnets: str


class FileMemory(NamedTuple):
    """A file of the site: all its tables but those of VMs, as JSON, and its VMs."""

    others: str
    vms: dict[str, VmMemory]


class SiteMemory(NamedTuple):
    """A site that a build had nothing to say about."""

    inputs: str
    """The fingerprint of what it was read from."""
    marks: dict[str, str]
    """A digest of the metadata of each file by its path."""
    files: dict[str, FileMemory]
    """By the name of the file."""
    lengths: dict[str, list[str]]
    """The prefix lengths of each subnet."""


def split_file(file: SourceFile) -> tuple[str, dict[str, object]] | None:
    """The tables of a file that are none of VMs, as JSON, and those that are.

    ``None`` for what JSON does not have, such as dates, and where VMs are not what they should be.
    """
    others = {kind: value for kind, value in file.values.items() if kind != "vm"}
    vms = file.values.get("vm", {})
    if not isinstance(vms, dict):
        return None
    try:
        return json.dumps(others), vms
    except (TypeError, ValueError, RecursionError):
        return None


def own_hosts(values: object) -> list[str] | None:
    """The hosts that a VM itself names."""
    if not isinstance(values, dict):
        return None
    host, hosts = values.get("host"), values.get("hosts")
    if isinstance(host, str) and hosts is None:
        return [host]
    if isinstance(hosts, list) and hosts and host is None and all(isinstance(each, str) for each in hosts):
        return hosts
    return None


def table_digest(values: object) -> str:
    """Of the table of a VM, with the order of its keys."""
    try:
        content = marshal.dumps(values, 2)  # type: ignore[arg-type]
    except ValueError:  # a date
        content = repr(values).encode()
    return blake2b(content, digest_size=8).hexdigest()


def remember_vm(site: Site, claims: Claims, name: str, values: object) -> VmMemory:
    """A VM of a valid site."""
    subnets = blake2b("\n".join(claims.subnets[name]).encode(), digest_size=8).hexdigest()
    return VmMemory(table_digest(values), [*site.hosts_of(site.vms[name])], claims.alone[name], subnets)


def remember(site: Site, files: tuple[SourceFile, ...], inputs: Inputs) -> bytes:
    """The memory of a valid site, to be kept by ``keep_memory``; empty for a small one, and where there is a date."""
    if len(site.vms) < VMS_WORTH_A_MEMORY:
        return b""
    claims = site_claims(site)
    found = {}
    for file in files:
        parts = split_file(file)
        if parts is None:
            return b""
        others, vms = parts
        remembered = {name: remember_vm(site, claims, name, values) for name, values in vms.items()}
        found[file.name] = FileMemory(others, remembered)
    lengths = {subnet: sorted(found) for subnet, found in lengths_of(claims.prefixes).items()}
    return encode_memory(SiteMemory(inputs.fingerprint, inputs.marks, found, lengths))


def read_memory(project: Project, inputs: str) -> SiteMemory | None:
    """That of the last build of a project, if it is of inputs with this fingerprint."""
    path = cache_path(project.site, ".site")
    try:
        checksum, _, content = path.read_bytes().partition(b"\n") if path is not None else (b"", b"", b"")
    except OSError:
        return None
    # What is as it was written has the form in which it was written.
    if checksum != _checksum(content, inputs):
        return None
    marks, files, lengths = json.loads(content)
    remembered = {
        name: FileMemory(others, {vm: VmMemory(*each) for vm, each in vms.items()})
        for name, (others, vms) in files.items()
    }
    return SiteMemory(inputs, marks, remembered, lengths)


def encode_memory(memory: SiteMemory) -> bytes:
    content = json.dumps(memory[1:]).encode()
    return _checksum(content, memory.inputs) + b"\n" + content


def keep_memory(project: Project, memory: bytes) -> None:
    """Keep it; an empty one forgets what there is."""
    path = cache_path(project.site, ".site")
    if memory:
        keep(path, memory)
    elif path is not None:
        with suppress(OSError):
            path.unlink()


def _checksum(content: bytes, inputs: str) -> bytes:
    return blake2b(content, key=inputs.encode(), digest_size=16).hexdigest().encode()
