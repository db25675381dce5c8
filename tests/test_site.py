"""The example site: without faults, and with the other sites of the tests, showing every key there is."""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hivewright.load import load
from hivewright.report import Diagnostic
from hivewright.rules import check_rules
from hivewright.schema import COMPLETE, LAYERED, Schema, definitions
from hivewright.source import find_project, read_site

ROOT = Path(__file__).parent.parent
EVERYTHING = ROOT / "tests" / "sites" / "everything"
NETWORKS = ROOT / "tests" / "sites" / "networks"

DOCUMENTATION = [
    ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]
"""RFC 5737 and RFC 3849."""

TOP = {
    "site": ("SiteTable",),
    "user": ("User",),
    "host": ("Host",),
    "network": ("Bridge", "Manual", "Routed", "Nat", "Vale", "Netgraph", "Vxlan", "Slirp"),
    "storage": ("Zfs", "Directory"),
    "image": ("Image",),
    "topology": ("Topology",),
    "defaults": ("Vm",),
    "template": ("Vm",),
    "vm": ("Vm",),
}
SINGLE = ("site", "defaults")


def files(project: Path) -> dict[str, dict[str, Any]]:
    folder = project / "site" if (project / "site").is_dir() else project
    paths = sorted(path for path in folder.rglob("*.toml") if "locks" not in path.parts)
    return {str(path.relative_to(folder)): tomllib.loads(path.read_text()) for path in paths}


def used_keys(values: dict[str, Any], table: str, tables: dict[str, Schema]) -> Iterator[tuple[str, str]]:
    """(class, key) of every key below a table, those of tables within it too."""
    for key, value in values.items():
        yield table, key
        node = tables[table]["properties"][key]
        choices = [node, *node.get("anyOf", ())]
        named = [inner for group in ("patternProperties", "properties") for inner in node.get(group, {}).values()]
        for holder, found in ((value, choices), *((inner, named) for inner in _tables(value))):
            for reference in {choice["$ref"] for choice in found if "$ref" in choice}:
                if isinstance(holder, dict):
                    yield from used_keys(holder, reference.rpartition("/")[2], tables)


def _tables(value: object) -> list[object]:
    return list(value.values()) if isinstance(value, dict) else []


def faults(project: Path) -> list[Diagnostic]:
    sources = read_site(find_project(project))
    loaded = load(sources)
    found = [*sources.diagnostics, *loaded.diagnostics]
    assert loaded.site is not None, found
    return [*found, *check_rules(loaded.site)]


def keys_of(project: Path, tables: dict[str, Schema]) -> set[tuple[str, str]]:
    used: set[tuple[str, str]] = set()
    for values in files(project).values():
        for kind, objects in values.items():
            for table in [objects] if kind in SINGLE else objects.values():
                names = TOP[kind]
                name = next((name for name in names if name.lower() == table.get("kind")), names[0])
                used |= set(used_keys(table, name, tables))
    return used


def test_the_example_has_neither_errors_nor_warnings() -> None:
    assert not faults(ROOT)


@pytest.mark.parametrize("project", [EVERYTHING, NETWORKS], ids=["everything", "networks"])
def test_the_sites_of_keys_have_no_errors(project: Path) -> None:
    assert not [fault for fault in faults(project) if fault.severity == "error"]


def test_every_key_occurs_in_the_example_or_in_everything() -> None:
    tables = definitions((*COMPLETE, *LAYERED))
    known = {(name, key) for name, table in tables.items() if name != "Profile" for key in table["properties"]}
    unused = known - keys_of(ROOT, tables) - keys_of(EVERYTHING, tables) - keys_of(NETWORKS, tables)
    assert not sorted(unused)


def test_the_example_has_the_hosts_and_guests_it_promises() -> None:
    loaded = load(read_site(find_project(ROOT)))
    assert loaded.site is not None
    hosts = {(host.freebsd, host.arch) for host in loaded.site.hosts.values()}
    assert {("14.3", "amd64"), ("15.0", "amd64"), ("15.0", "arm64"), ("13.5", "amd64")} <= hosts
    assert len(loaded.site.vms) >= 12
    profiles = {path.stem for path in (ROOT / "profiles").rglob("*.toml")}
    assert {vm.profile for vm in loaded.site.vms.values()} == profiles


def test_the_example_has_addresses_and_names_of_documentation_ranges_only() -> None:
    for path in (ROOT / "site").rglob("*"):
        if not path.is_file() or "locks" in path.parts:
            continue
        text = path.read_text()
        for address in re.findall(r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b|\b2[0-9a-f]{3}:[0-9a-f:]+", text):
            parsed = ipaddress.ip_address(address)
            assert parsed.is_loopback or any(parsed in network for network in DOCUMENTATION), (path, address)
        for host in re.findall(r"\b[a-z0-9-]+\.(?:com|org|net|io|de)\b", text):
            assert host == "example.net", (path, host)


def test_public_keys_of_the_example_belong_to_its_domain() -> None:
    """Public keys are three words: type, data, and a name of the example's domain."""
    users = files(ROOT)["users.toml"]["user"].values()
    keys = [key for user in users for key in user["ssh_keys"]]
    assert len(keys) == len(set(keys)) == 3
    assert all(re.fullmatch(r"ssh-ed25519 [A-Za-z0-9+/]{68} [a-z]+@example\.net", key) for key in keys)


def test_hooks_of_the_example_are_executable_shell_scripts() -> None:
    hooks = sorted((ROOT / "site" / "hooks").iterdir())
    assert hooks
    for hook in hooks:
        assert hook.stat().st_mode & 0o111 == 0o111, hook
        assert hook.read_text().startswith("#!/bin/sh\n"), hook
