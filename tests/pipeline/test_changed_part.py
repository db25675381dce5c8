"""Of a large site a build reads and compiles what changed alone, and never says or writes anything else for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import write_files
from hivewright.commands import build as build_command
from hivewright.pipeline import changed_part, site_memory
from hivewright.rules import CLAIMS
from large_projects import CLASHES, ELSEWHERE, FILES, OTHER, add, drop, told, vms
from projects import GUESTS, Project

pytestmark = pytest.mark.slow

pytest_plugins = ["project_fixtures"]

WEB = "gamma.toml"


@pytest.fixture(name="parts")
def watch(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """For each build that read only a part of its site, the VMs of that part."""
    monkeypatch.setattr(site_memory, "VMS_WORTH_A_MEMORY", 0)
    read: list[list[str]] = []
    original = build_command._Build._read_part

    def read_part(self: build_command._Build) -> object:
        found = original(self)
        if found is not None:
            read.append(sorted(found[1].site.vms))
        return found

    monkeypatch.setattr(build_command._Build, "_read_part", read_part)
    return read


@pytest.fixture(name="large")
def build_large(
    tmp_path: Path,
    cache: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    parts: list[list[str]],
) -> Project:
    """A project of three hosts, built once; ten VMs count as many."""
    assert cache.exists()
    folder = write_files(tmp_path / "project", FILES)
    monkeypatch.chdir(tmp_path)
    project = Project(folder, capsys)
    project.succeed("build", "--strict")
    assert parts == []
    return project


CHANGES: dict[str, tuple[Callable[[Project], object], set[str]]] = {
    "a key": (lambda project: project.edit(WEB, 'ipv4 = "192.0.2.31/24"', 'ipv4 = "192.0.2.99/24"'), {"gamma"}),
    "a comment": (lambda project: add(project, "# nothing\n"), set()),
    "a new VM": (lambda project: add(project, OTHER.format(name="new1")), {"gamma"}),
    "a new VM with a NIC": (
        lambda project: add(project, OTHER.format(name="new1") + '[vm.new1.nic.lan]\nnetwork = "lan"\n'),
        {"gamma"},
    ),
    "a new file": (lambda project: project.add("more/new.toml", OTHER.format(name="new1")), {"gamma"}),
    "a VM that left": (lambda project: drop(project, "gamma2"), {"gamma"}),
    "a new disk": (
        lambda project: add(project, '[vm.gamma3.disk.data]\nstorage = "plain"\nsize = "1G"\n'),
        {"gamma"},
    ),
    "a file changed by hand": (
        lambda project: (project.build / "beta" / GUESTS / "beta1" / "start").write_text("mine\n"),
        {"beta"},
    ),
    "a host that is gone": (lambda project: shutil.rmtree(project.build / "beta"), {"beta"}),
    "the runtime": (lambda project: shutil.rmtree(project.build / "runtime"), set()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_alone_is_read(large: Project, change: str, parts: list[list[str]]) -> None:
    make, hosts = CHANGES[change]
    make(large)
    large.succeed("build", "--strict")
    new = {"new1"} if "new" in change and "disk" not in change else set()
    gone = {"gamma2"} if change == "a VM that left" else set()
    if change not in ("a file changed by hand", "a host that is gone", "the runtime"):
        assert parts == [sorted({vm for host in hosts for vm in vms(host)} - gone | new)]
    assert large.run("build", "--check", "--locked").status == 0
    parts.clear()
    assert large.succeed("build").err.endswith(" is up to date\n")
    assert parts == []


def test_a_part_follows_a_part(large: Project, parts: list[list[str]]) -> None:
    large.edit(WEB, 'ipv4 = "192.0.2.31/24"', 'ipv4 = "192.0.2.99/24"')
    large.succeed("build")
    large.edit("beta.toml", 'ipv4 = "192.0.2.21/24"', 'ipv4 = "192.0.2.31/24"')  # free since
    large.succeed("build")
    assert parts == [vms("gamma"), vms("beta")]
    large.edit("alpha.toml", 'ipv4 = "192.0.2.11/24"', 'ipv4 = "192.0.2.99/24"')
    assert large.run("build").err.startswith("error[VM015]: alpha1 and gamma1 have the same address")
    assert len(parts) == 2


@pytest.mark.parametrize("clash", CLASHES)
def test_what_another_host_has_is_found(large: Project, clash: str, parts: list[list[str]]) -> None:
    add(large, ELSEWHERE, "alpha.toml")
    large.succeed("build", "--strict")
    parts.clear()
    lock = (large.locks / "alpha1.toml").read_text()
    mac = lock.partition('[macs]\nlan = "')[2][:17]
    add(large, CLASHES[clash].replace("MAC", mac))
    expected = told(large.run("--format", "short", "check"))
    assert expected
    assert told(large.run("--format", "short", "build")) == expected
    assert parts == []


def test_each_claim_is_tried() -> None:
    """Ports are compared on one host, and with locks of VMs that left."""
    assert CLASHES.keys() >= CLAIMS.keys() - {"vnc"}


def edit_two_hosts(project: Project) -> None:
    project.edit("alpha.toml", "192.0.2.11/24", "192.0.2.111/24")
    project.edit("beta.toml", "192.0.2.21/24", "192.0.2.121/24")


NOT_CHANGED_ALONE: dict[str, Callable[[Project], object]] = {
    "a template": lambda project: project.edit("site.toml", 'memory = "512M"', 'memory = "768M"'),
    "a host": lambda project: project.edit("beta.toml", 'freebsd = "14.3"', 'freebsd = "14.2"'),
    "a file that is none of ours": lambda project: project.add("NOTES", "mine\n"),
    "a lock": lambda project: (project.locks / "beta1.toml").unlink(),
    "a number of the whole site": lambda project: add(project, OTHER.format(name="new1") + "vnc = true\n"),
    "most of the site": edit_two_hosts,
    "a VM whose host comes from elsewhere": lambda project: add(project, '[vm.new1]\ninherit = ["small"]\n'),
    "no TOML any more": lambda project: add(project, "[vm.\n"),
}


@pytest.mark.parametrize("change", NOT_CHANGED_ALONE)
def test_otherwise_the_whole_site_is_read(large: Project, change: str, parts: list[list[str]]) -> None:
    NOT_CHANGED_ALONE[change](large)
    expected = large.run("--format", "short", "check")
    done = large.run("--format", "short", "build")
    assert parts == []
    assert (done.status, told(done)) == (expected.status, told(expected))
    if done.status == 0:
        assert large.run("build", "--check", "--locked").status == 0


UNIT = '[vm.{vm}]\nhost = "{host}"\nmemory = "1G"\n[vm.{vm}.disk.root]\nstorage = "san"\nlun = 9\n'
WITH_NIC = '[vm.{vm}]\nhost = "{host}"\nmemory = "1G"\n[vm.{vm}.nic.lan]\nnetwork = "lan"\n'


def read_only(project: Project, change: str) -> None:
    """A unit that two hosts read, until one of them writes, or until the one is gone with which both could share it."""
    first, second, third = ("readonly = true\n", "readonly = true\n", "")
    if change == "leaves":
        first, third = first + "shared = true\n", UNIT.format(vm="beta9", host="beta") + "shared = true\n"
    add(project, UNIT.format(vm="alpha9", host="alpha") + first, "alpha.toml")
    add(project, UNIT.format(vm="gamma9", host="gamma") + second)
    add(project, third, "beta.toml")
    project.succeed("build", "--strict")
    if change == "leaves":
        rewrite_without(project, "alpha.toml", "[vm.alpha9]")
    else:
        rewrite_without(project, "gamma.toml", second)


def rewrite_without(project: Project, file: str, begin: str) -> None:
    """The file up to a text."""
    path = project.root / "site" / file
    path.write_text(path.read_text().rpartition(begin)[0])


def hidden(project: Project, table: str, own: str, change: str) -> None:
    """What a lock holds is free for others while its VM has one that the site sets."""
    add(project, WITH_NIC.format(vm="alpha9", host="alpha"), "alpha.toml")
    add(project, WITH_NIC.format(vm="gamma9", host="gamma"))
    project.succeed("build", "--strict")
    held = (project.locks / "gamma9.toml").read_text().partition(f'[{table}s]\nlan = "')[2].partition('"')[0]
    add(project, f'{table} = "{own}"\n')
    add(project, f'{table} = "{held}"\n', "alpha.toml")
    project.succeed("build", "--strict")
    rewrite_without(project, "gamma.toml", {"unset": f"{table} = ", "leaves": "[vm.gamma9]"}[change])


def leave_a_port(project: Project) -> None:
    add(project, OTHER.format(name="gamma9") + "vnc = true\n")
    project.succeed("build", "--strict")
    add(project, '[vm.alpha9]\nhost = "alpha"\nmemory = "1G"\nvnc = { port = 5900 }\n', "alpha.toml")
    project.succeed("build", "--strict")
    rewrite_without(project, "gamma.toml", "[vm.gamma9]")


def write_a_lock_otherwise(project: Project) -> None:
    lock = project.locks / "alpha1.toml"
    lock.write_text(lock.read_text().replace('"tap-alpha1-lan"', '"\\u0074ap-alpha1-lan"'))
    project.succeed("build", "--strict")
    add(project, WITH_NIC.format(vm="gamma9", host="gamma") + 'tap = "tap-alpha1-lan"\n')


LATE: dict[str, tuple[str, Callable[[Project], object]]] = {
    "a unit is written to": ("STO009", lambda project: read_only(project, "writes")),
    "a unit loses its first user": ("STO009", lambda project: read_only(project, "leaves")),
    "a MAC address is not set any more": (
        "LOCK005",
        lambda project: hidden(project, "mac", "58:9c:fc:00:00:77", "unset"),
    ),
    "a VM with a hidden MAC address leaves": (
        "LOCK005",
        lambda project: hidden(project, "mac", "58:9c:fc:00:00:77", "leaves"),
    ),
    "a tap is not set any more": ("LOCK005", lambda project: hidden(project, "tap", "tap-own", "unset")),
    "a VM with a port leaves": ("LOCK005", leave_a_port),
    "a lock is written otherwise": ("LOCK005", write_a_lock_otherwise),
}


@pytest.mark.parametrize("change", LATE)
def test_what_was_not_at_fault_before_is_found(large: Project, change: str) -> None:
    """What a change does to VMs of other hosts, of which it makes a fault what was none."""
    code, make = LATE[change]
    make(large)
    done = large.run("--format", "short", "build")
    assert [line.partition("[")[2][: len(code)] for line in told(done)] == [code]


def test_what_a_host_cannot_be_told_is_shown_where_it_stands(large: Project) -> None:
    """What is found when a host is compiled is told with its line, though only a part of the site was read."""
    large.edit("site.toml", "[network.lan]\n", '[network.sw]\nkind = "vale"\nswitch = "valex"\n[network.lan]\n')
    large.succeed("build", "--strict")
    for name, mac in (("new1", "58:9c:f0:11:22:33"), ("new2", "58:9c:f1:11:22:33")):
        add(large, f'{OTHER.format(name=name)}[vm.{name}.nic.sw]\nnetwork = "sw"\nmac = "{mac}"\n')
    assert 'mac = "58:9c:f1:11:22:33"' in large.run("build").err


def test_a_folder_by_another_path_keeps_its_guests(large: Project) -> None:
    """Files below a folder that a link leads to as well are called by the link."""
    folder = large.root / "site" / "a"
    folder.mkdir()
    (folder / "more.toml").write_text(OTHER.format(name="gamma9"))
    large.succeed("build", "--strict")
    (large.root / "site" / "z").symlink_to("a")
    large.edit("beta.toml", "192.0.2.21/24", "192.0.2.121/24")
    large.succeed("build", "--strict")
    assert (large.build / "gamma" / GUESTS / "gamma9").is_dir()
    assert large.run("build", "--check", "--locked").status == 0


def test_locked_refuses_a_new_lock_of_a_part(large: Project) -> None:
    add(large, OTHER.format(name="new1"))
    assert "LOCK009" in large.run("build", "--locked").err
    assert not (large.locks / "new1.toml").exists()


@pytest.mark.parametrize("damage", ["{}", "", "0\n[]", "of another"])
def test_a_memory_that_is_not_as_it_was_written_is_none(
    large: Project, damage: str, cache: Path, parts: list[list[str]]
) -> None:
    (memory,) = cache.rglob("*.site")
    if damage == "of another":
        checksum, _, content = memory.read_bytes().partition(b"\n")
        memory.write_bytes(checksum + b"\n" + content.replace(b"alpha1", b"alpha7"))
    else:
        memory.write_text(damage)
    large.edit(WEB, 'ipv4 = "192.0.2.31/24"', 'ipv4 = "192.0.2.99/24"')
    large.succeed("build", "--strict")
    assert parts == []
    large.edit(WEB, 'ipv4 = "192.0.2.99/24"', 'ipv4 = "192.0.2.98/24"')
    large.succeed("build", "--strict")
    assert parts == [vms("gamma")]


def test_a_site_about_which_something_was_said_has_no_memory(
    large: Project, cache: Path, parts: list[list[str]]
) -> None:
    """What was said is to be said again by the next build."""
    add(
        large,
        '[vm.alone]\nhost = "gamma"\nmemory = "1G"\n[vm.alone.nic.lan]\nnetwork = "lan"\nipv4 = "192.0.2.66/24"\n',
    )
    for number in (66, 67):
        path = large.root / "site" / WEB
        path.write_text(path.read_text().replace("192.0.2.66", f"192.0.2.{number}"))
        assert "warning[VM023]" in large.succeed("build").err
    assert parts == []
    assert not list(cache.rglob("*.site")) or not json.loads(next(cache.rglob("*.json")).read_text())["inputs"]


def test_what_json_has_not_is_no_part_of_a_memory() -> None:
    from datetime import date

    from hivewright.source import SourceFile

    assert site_memory.split_file(SourceFile("a.toml", "", {"site": {"since": date(2026, 1, 1)}})) is None
    assert site_memory.split_file(SourceFile("a.toml", "", {"vm": 1})) is None
    deep: dict[str, object] = {}
    for _ in range(2000):
        deep = {"a": deep}
    assert site_memory.split_file(SourceFile("a.toml", "", deep)) is None
    assert site_memory.split_file(SourceFile("a.toml", "", {"vm": {}, "host": {"a": {}}})) == (
        '{"host": {"a": {}}}',
        {},
    )


def test_the_largest_part_is_less_than_the_whole() -> None:
    assert 0 < changed_part.LARGEST_PART < 1
