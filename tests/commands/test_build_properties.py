"""What always holds of a build: order does not matter, nothing moves, and the machine does not show."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import write_files
from hivewright import cli
from projects import CHECKOUT, GUESTS, HIVE, changed, files_below, hivewright

pytestmark = pytest.mark.slow

pytest_plugins = ["project_fixtures"]

Guests = Mapping[str, Mapping[str, Any]]

budget = settings(max_examples=12, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])

HOSTS = ("alpha", "beta")
OBJECTS: dict[str, dict[str, Any]] = {
    "site": {"name": "example", "domain": "example.net"},
    "host.alpha": {"freebsd": "14.3", "arch": "amd64", "cpus": 64},
    "host.beta": {"freebsd": "15.0", "arch": "amd64"},
    "network.lan": {"kind": "bridge", "uplink": "none", "mtu": 1500},
    "network.dmz": {"kind": "manual", "bridge": "bridge7"},
    "storage.plain": {"kind": "directory", "path": "/srv/vms"},
    "user.alice": {"ssh_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ alice"], "shell": "/bin/sh"},
    "template.seeded": {"cloud_init": {"users": ["alice"]}, "rng": True},
}
names = st.sampled_from([f"{stem}{number}" for stem in ("web", "db", "x-y-") for number in range(3)])
devices = st.sampled_from(["root", "data", "lan", "a", "b"])
guests = st.fixed_dictionaries(
    {
        "host": st.sampled_from(HOSTS),
        "memory": st.sampled_from(["1G", "512M"]),
        "cpus": st.integers(1, 4),
        "disk": st.dictionaries(devices, st.just({"storage": "plain", "size": "10G"}), max_size=3),
        "nic": st.dictionaries(
            devices, st.fixed_dictionaries({"network": st.sampled_from(["lan", "dmz"])}), max_size=3
        ),
    },
    optional={"vnc": st.just(True), "inherit": st.just(["seeded"]), "order": st.integers(1, 3)},
)
sites = st.dictionaries(names, guests, min_size=1, max_size=5)


def toml(table: str, values: Mapping[str, Any], random: Any = None) -> list[str]:
    """The text of a table and of those in it, in order or in any."""
    plain = {key: value for key, value in values.items() if not isinstance(value, dict)}
    inner = {key: value for key, value in values.items() if isinstance(value, dict)}
    lines = [f"{key} = {toml_value(value)}" for key, value in plain.items()]
    tables = [text for key, value in inner.items() for text in toml(f"{table}.{key}", value, random)]
    if random is not None:
        random.shuffle(lines)
    return ["\n".join([f"[{table}]", *lines, ""]), *tables]


def toml_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(toml_value, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def write_site(folder: Path, vms: Guests, random: Any = None) -> None:
    """One file for each VM, so that the name of its file does not change with the others."""
    files = {"site/site.toml": [text for table, values in OBJECTS.items() for text in toml(table, values, random)]}
    for name, values in vms.items():
        files[f"site/vms/{name}.toml"] = toml(f"vm.{name}", values, random)
    order = list(files)
    if random is not None:
        random.shuffle(order)
        for texts in files.values():
            random.shuffle(texts)
    shutil.rmtree(folder / "site" / "vms", ignore_errors=True)
    write_files(folder, {name: "\n".join(files[name]) for name in order})


def build(folder: Path) -> dict[str, bytes]:
    """Everything a build wrote: build/ and site/locks/."""
    told = io.StringIO()
    with redirect_stderr(told):
        status = cli.main(["-C", str(folder), "-q", "build"])
    assert status == 0, told.getvalue()
    locks = {f"site/locks/{path}": text for path, text in files_below(folder / "site/locks").items()}
    return {**files_below(folder / "build", folder), **locks}


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


@pytest.mark.slow
@pytest.mark.usefixtures("cache")
class TestProperties:
    @budget
    @given(sites, st.randoms(use_true_random=False))
    def test_the_order_of_keys_tables_and_files_moves_nothing(self, vms: Guests, random: Any) -> None:
        """The order decides about the first addresses of devices, which are in the lock then."""
        with folder() as ordered, folder() as shuffled:
            write_site(ordered, vms)
            write_site(shuffled, vms, random)
            whole = build(ordered)
            shutil.copytree(ordered / "site/locks", shuffled / "site/locks")
            assert build(shuffled) == whole

    @budget
    @given(sites, st.data())
    def test_adding_or_removing_a_guest_changes_no_other(self, vms: Guests, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(vms)))
        fewer = {other: values for other, values in vms.items() if other != name}
        with folder() as project:
            write_site(project, vms)
            whole = build(project)
            write_site(project, fewer)
            less = build(project)
            assert not {path for path in less if f"/{name}/" in path}
            assert less[f"site/locks/{name}.toml"] == whole[f"site/locks/{name}.toml"]
            self.assert_only_shared(whole, less, name)
            write_site(project, vms)
            assert build(project) == whole
        with folder() as project:
            write_site(project, fewer)
            before = build(project)
            write_site(project, vms)
            self.assert_only_shared(before, build(project), name)

    def assert_only_shared(self, one: Mapping[str, bytes], other: Mapping[str, bytes], name: str) -> None:
        """Besides the files of a guest only those differ that list all guests of a host."""
        of_guest = {f"site/locks/{name}.toml", *(f"build/{host}/{GUESTS}/{name}/" for host in HOSTS)}
        shared = {
            f"build/{host}/{path}"
            for host in HOSTS
            for path in (
                *("MANIFEST", "INVENTORY.md", f"{HIVE}/host.conf"),
                *("root/usr/local/etc/devd/hivewright.conf", "root/boot/loader.conf.d/hivewright.conf"),
            )
        }
        rest = {path for path in changed(one, other) if not path.startswith(tuple(of_guest))} - shared
        assert not rest

    @budget
    @given(sites)
    def test_a_second_build_changes_nothing(self, vms: Guests) -> None:
        with folder() as project:
            write_site(project, vms)
            first = build(project)
            assert build(project) == first
            assert cli.main(["-C", str(project), "-q", "build", "--check", "--locked"]) == 0


MACHINES = {
    "a": ({"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "UTC"}, ""),
    "deep/er with blanks/ünicode": (
        {"PYTHONHASHSEED": "4242", "LC_ALL": "C.UTF-8", "TZ": "Pacific/Apia", "USER": "x", "HOSTNAME": "y"},
        "import os; os.umask(0o077)",
    ),
}
"""Folder -> environment, and what runs before the compiler."""


def test_the_machine_does_not_show(tmp_path: Path) -> None:
    """The example, built from nothing but its site/ in different places and environments, is the same bytes."""
    built = []
    for place, (environment, prelude) in MACHINES.items():
        project = tmp_path / place
        shutil.copytree(CHECKOUT / "site", project / "site", symlinks=True)
        cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
        done = hivewright("build", folder=project, prelude=prelude, **environment, **cache)
        assert done.returncode == 0, done.stderr
        built.append(files_below(project))
    assert changed(*built) == set()
