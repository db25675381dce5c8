"""The example site: without faults, and with the other sites of the tests, showing every key there is."""

from __future__ import annotations

import ipaddress
import re
import tomllib
from pathlib import Path

import pytest

from hivewright.diagnostics import Diagnostic
from hivewright.rules import check_rules
from hivewright.schema.json_schema import COMPLETE, LAYERED, Schema, definitions
from hivewright.site.load import load
from hivewright.source import find_project, read_site
from projects import CHECKOUT
from site_keys import PROJECTS, files, literals, used_keys, uses_of

DOCUMENTATION = [
    ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]
"""RFC 5737 and RFC 3849."""


def faults(project: Path) -> list[Diagnostic]:
    sources = read_site(find_project(project))
    loaded = load(sources)
    found = [*sources.diagnostics, *loaded.diagnostics]
    assert loaded.site is not None, found
    return [*found, *check_rules(loaded.site)]


@pytest.fixture(scope="module")
def tables() -> dict[str, Schema]:
    return definitions((*COMPLETE, *LAYERED))


@pytest.fixture(scope="module")
def uses(tables: dict[str, Schema]) -> set[tuple[str, str, object]]:
    """What the example, the sites of the tests and the profiles say."""
    found = {use for project in PROJECTS for use in uses_of(project, tables)}
    for path in [path for project in PROJECTS for path in (project / "profiles").rglob("*.toml")]:
        found.update(used_keys(tomllib.loads(path.read_text()), "Profile", tables))
    return found


def test_the_example_has_neither_errors_nor_warnings() -> None:
    assert not faults(CHECKOUT)


@pytest.mark.parametrize("project", PROJECTS[1:], ids=lambda project: project.name)
def test_the_sites_of_tests_have_no_errors(project: Path) -> None:
    assert not [fault for fault in faults(project) if fault.severity == "error"]


def test_every_key_occurs_in_some_site(tables: dict[str, Schema], uses: set[tuple[str, str, object]]) -> None:
    known = {(name, key) for name, table in tables.items() for key in table["properties"]}
    assert sorted(known - {(name, key) for name, key, _ in uses}) == []


def test_every_value_of_a_list_occurs_in_some_site(
    tables: dict[str, Schema], uses: set[tuple[str, str, object]]
) -> None:
    missing = {use for use in literals(tables) if use not in uses}
    assert not sorted(map(str, missing))


def test_the_example_has_the_hosts_and_guests_it_promises() -> None:
    loaded = load(read_site(find_project(CHECKOUT)))
    assert loaded.site is not None
    hosts = {(host.freebsd, host.arch) for host in loaded.site.hosts.values()}
    assert {("14.3", "amd64"), ("15.0", "amd64"), ("15.0", "arm64"), ("13.5", "amd64")} <= hosts
    assert len(loaded.site.vms) >= 12
    families = {path.parent.name for path in (CHECKOUT / "profiles").rglob("*.toml")}
    used = {profile.os for profile in loaded.site.profiles.values()}
    assert used | {"dragonfly", "netbsd"} == families


def test_the_example_has_addresses_and_names_of_documentation_ranges_only() -> None:
    for path in (CHECKOUT / "site").rglob("*"):
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
    users = files(CHECKOUT)["users.toml"]["user"].values()
    keys = [key for user in users for key in user["ssh_keys"]]
    assert len(keys) == len(set(keys)) == 3
    assert all(re.fullmatch(r"ssh-ed25519 [A-Za-z0-9+/]{68} [a-z]+@example\.net", key) for key in keys)


def test_hooks_of_the_example_are_executable_shell_scripts() -> None:
    hooks = sorted((CHECKOUT / "site" / "hooks").iterdir())
    assert hooks
    for hook in hooks:
        assert hook.stat().st_mode & 0o111 == 0o111, hook
        assert hook.read_text().startswith("#!/bin/sh\n"), hook
