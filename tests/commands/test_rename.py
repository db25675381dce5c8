"""``hivewright rename``: a guest gets another name, with its lock and all that refers to it, and is no new guest."""

from __future__ import annotations

import json

import pytest

from projects import GUESTS, Project, files_below

pytest_plugins = ["project_fixtures"]


def text_of(project: Project, file: str) -> str:
    return (project.root / "site" / file).read_text()


def test_a_guest_gets_another_name_and_keeps_its_numbers(project: Project) -> None:
    project.edit("vms/web.toml", "[vm.web1]\n", "# Of the shop.\n[vm.web1]  # the first\n")
    project.edit("vms/db.toml", 'memory = "8G"\n', 'memory = "8G"\nafter = ["web1"]  # its files\n')
    project.succeed("build")
    lock, start = text_of(project, "locks/web1.toml"), project.build / "alpha" / GUESTS / "web1" / "start"
    words = [line for line in start.read_text().splitlines() if line.startswith("set --")]
    seed = (start.parent / "seed" / "meta-data").read_text()
    done = project.succeed("rename", "web1", "shop1")
    assert done.err.splitlines()[-1].startswith(
        "shop1: stop web1 on its host, install the files there, and start shop1"
    )
    assert text_of(project, "vms/web.toml").startswith("# Of the shop.\n[vm.shop1]  # the first\n")
    assert 'renamed_from = "web1"\n' in text_of(project, "vms/web.toml")
    assert 'after = ["shop1"]  # its files\n' in text_of(project, "vms/db.toml")
    assert not (project.locks / "web1.toml").exists()
    uuid, rest = lock.partition("\n")[2].split("\n", 1)
    assert text_of(project, "locks/shop1.toml").splitlines()[1:3] == [uuid, 'name = "web1"']
    assert text_of(project, "locks/shop1.toml").endswith(rest)
    project.succeed("build", "--locked")
    start = project.build / "alpha" / GUESTS / "shop1" / "start"
    again = [line for line in start.read_text().splitlines() if line.startswith("set --")]
    assert [line.replace("/shop1", "/web1") for line in again if "ser=" in line] == [
        line for line in words if "ser=" in line
    ]
    assert (start.parent / "seed" / "meta-data").read_text().splitlines()[0] == seed.splitlines()[0]
    assert "renamed_from web1 /srv/vms  # renamed_from\n" in (start.parent / "provision").read_text()


def test_a_plan_knows_that_its_disks_are_not_new(project: Project) -> None:
    project.succeed("build")
    before = project.root / "before"
    project.build.rename(before)
    project.succeed("rename", "web1", "shop1")
    done = project.run("plan", "--against", str(before), "--format", "json", "--fail-on", "data")
    assert done.status == 0
    found = {each["guest"]: each for each in json.loads(done.out)}
    assert {name: each["consequence"] for name, each in found.items() if name} == {
        "shop1": "next-boot",
        "web1": "next-boot",
    }
    assert found["web1"]["steps"][0] == "hivectl stop web1"


def test_a_second_name_is_kept_beside_the_first(project: Project) -> None:
    project.succeed("build")
    project.succeed("rename", "web1", "shop1")
    project.succeed("rename", "shop1", "store1")
    assert 'renamed_from = ["shop1", "web1"]\n' in text_of(project, "vms/web.toml")
    assert 'name = "web1"\n' in text_of(project, "locks/store1.toml")
    project.succeed("rename", "store1", "web1")
    assert 'renamed_from = ["store1", "shop1"]\n' in text_of(project, "vms/web.toml")


def test_a_file_that_is_called_like_the_guest_goes_along(project: Project) -> None:
    (project.root / "site/vms/web.toml").rename(project.root / "site/vms/web1.toml")
    project.succeed("rename", "web1", "shop1")
    assert text_of(project, "vms/shop1.toml").startswith("[vm.shop1]\n")
    assert not (project.root / "site/vms/web1.toml").exists()


@pytest.mark.parametrize(
    ("words", "status", "fault"),
    [
        (["web2", "shop1"], 2, "there is no VM 'web2'; did you mean"),
        (["web1", "db1"], 2, "there is a VM db1 already, in vms/db.toml"),
        (["web1", "Shop"], 2, "'Shop': a name has 1 to 31"),
        (["web1", "gone1"], 2, "locks/gone1.toml is that of a VM that left the site"),
        (["mail1", "post1"], 1, "vm.mail1 is not written as tables of its own"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_written(
    project: Project, words: list[str], status: int, fault: str
) -> None:
    project.edit("vms/db.toml", '[vm.mail1]\nhost = "beta"\nmemory = "2G"\nvnc = true\n', "")
    project.add("vms/mail.toml", '[vm]\nmail1 = { host = "beta", memory = "2G" }\n')
    project.add("locks/gone1.toml", '# x\nuuid = "01234567-89ab-4def-8123-456789abcdef"\n')
    before = files_below(project.root)
    done = project.run("rename", *words)
    assert (done.status, fault in done.err) == (status, True), done.err
    assert files_below(project.root) == before


def test_what_would_change_is_shown(project: Project) -> None:
    project.succeed("build")
    before = files_below(project.root)
    done = project.succeed("rename", "--dry-run", "web1", "shop1")
    assert "+[vm.shop1.disk.root]\n" in done.out
    assert '+name = "web1"\n' in done.out
    assert done.err == ""
    assert files_below(project.root) == before
