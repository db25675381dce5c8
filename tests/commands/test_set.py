"""``hivewright set`` and ``get``: keys of guests by the command line, with comments kept and nothing wrong written."""

from __future__ import annotations

import json

import pytest

from projects import Project, files_below

pytest_plugins = ["project_fixtures"]


def text_of(project: Project, file: str) -> str:
    return (project.root / "site" / file).read_text()


def test_a_value_is_set_and_got(project: Project) -> None:
    assert project.succeed("get", "web1", "memory").out == "4G\n"
    done = project.succeed("set", "web1", "memory=8G", "disk.root.size=20G")
    assert done.err == "project/site/vms/web.toml: written\n" or done.err.endswith("vms/web.toml: written\n")
    assert project.succeed("get", "web1", "memory").out == "8G\n"
    assert 'memory = "8G"\n' in text_of(project, "vms/web.toml")
    assert 'size = "20G"\n' in text_of(project, "vms/web.toml")
    assert project.succeed("set", "web1", "memory=8G").err == "nothing changes\n"


def test_tables_in_an_array_are_got_as_they_are_set(project: Project) -> None:
    routes = '[{ to = "10.0.0.0/8", via = "192.0.2.254" }]'
    project.succeed("set", "web1", f"nic.lan.routes={routes}")
    assert project.succeed("get", "web1", "nic.lan.routes").out == f"{routes}\n"


def test_several_guests_in_several_files(project: Project) -> None:
    project.succeed("-q", "set", "web1", "db*", "cpus=2")
    assert project.succeed("get", "web1,db1", "cpus", "memory").out.splitlines() == [
        "web1.cpus = 2",
        'web1.memory = "4G"',
        "db1.cpus = 2",
        'db1.memory = "8G"',
    ]
    same = project.succeed("get", "web1", "db*", "cpus", "memory").out
    assert same == project.succeed("get", "web1,db1", "cpus", "memory").out
    assert json.loads(project.succeed("get", "*", "cpus", "--json").out) == {
        "db1": {"cpus": 2},
        "mail1": {"cpus": 1},
        "web1": {"cpus": 2},
    }


def test_all_keys_of_a_table(project: Project) -> None:
    assert 'nic.lan.ipv4 = "192.0.2.10/24"' in project.succeed("get", "web1", "nic.lan").out
    assert "memory" not in project.succeed("get", "web1", "nic").out
    assert 'memory = "4G"' in project.succeed("get", "web1").out


def test_a_key_is_deleted(project: Project) -> None:
    project.edit("vms/web.toml", 'memory = "4G"', 'memory = "4G"  # enough\ncpus = 4')
    project.succeed("set", "web1", "cpus=")
    assert "cpus" not in text_of(project, "vms/web.toml")
    assert "# enough" in text_of(project, "vms/web.toml")


def test_a_number_may_be_meant_as_text(project: Project) -> None:
    project.succeed("set", "web1", "description=5")
    assert project.succeed("get", "web1", "description").out == "5\n"


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["memory=8X"], "KEY004"),
        (["memroy=8G"], 'did you mean "memory"?'),
        (["host=gamma"], "REF001"),
        (["memory="], "KEY"),
        (["nic.lan.routes=[{to='198.51.100.0/24'}]"], "add via: The router, of the same family."),
        (['description="a\\nb"'], "KEY004"),
        (["nic.lan.ipv4=192.0.2.10/99"], "KEY004"),
    ],
)
def test_what_would_be_wrong_is_not_written(project: Project, words: list[str], fault: str) -> None:
    before = files_below(project.root)
    done = project.run("set", "web1", *words)
    assert done.status == 1
    assert fault in done.err
    assert done.err.count("error[") == 1
    assert files_below(project.root) == before


def test_faults_of_before_do_not_keep_from_mending_them(project: Project) -> None:
    project.edit("vms/web.toml", 'memory = "4G"', 'memory = "4X"')
    project.edit("vms/db.toml", 'memory = "2G"', 'memory = "2Y"')
    project.succeed("set", "web1", "memory=4G")
    assert project.run("check").err.count("error[") == 1


def test_a_dry_run_shows_the_difference(project: Project) -> None:
    before = files_below(project.root)
    done = project.succeed("set", "web1", "memory=8G", "--dry-run")
    assert [line for line in done.out.splitlines() if line[0] in "+-"] == [
        "--- vms/web.toml",
        "+++ vms/web.toml",
        '-memory = "4G"',
        '+memory = "8G"',
    ]
    assert files_below(project.root) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["set", "web9", "memory=1G"], """there is no VM 'web9'; did you mean "web1"?"""),
        (["set", "x*", "memory=1G"], "there is no VM 'x*'"),
        (["set", "web1"], "name VMs, then keys and their values"),
        (["set", "memory=1G"], "name VMs, then keys and their values"),
        (["set", "web1", "=1"], "'' is no key"),
        (["get", "web9", "memory"], """there is no VM 'web9'; did you mean "web1"?"""),
    ],
)
def test_words_that_make_no_sense_are_misuse(project: Project, words: list[str], said: str) -> None:
    done = project.run(*words)
    assert (done.status, said in done.err) == (2, True)


def test_a_key_that_a_guest_has_not(project: Project) -> None:
    done = project.run("get", "web1", "memroy")
    assert done.status == 1
    assert done.err == 'hivewright: web1 has no key "memroy"; did you mean "memory"?\n'


def test_a_file_keeps_its_mode_and_a_link_stays_one(project: Project) -> None:
    path = project.root / "site" / "vms" / "web.toml"
    target = project.root / "web.toml"
    path.rename(target)
    target.chmod(0o640)
    path.symlink_to(target)
    project.succeed("set", "web1", "memory=8G")
    assert path.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert 'memory = "8G"' in target.read_text()
    assert not list(project.root.rglob("*.new"))
