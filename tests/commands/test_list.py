"""``hivewright list``: columns for people, objects for programs."""

from __future__ import annotations

import json

import pytest

from hivewright.commands.list import KINDS
from projects import CHECKOUT, Project

pytest_plugins = ["project_fixtures"]


def rows(project: Project, *words: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(project.succeed("-q", "list", *words, "--json").out)
    return found


def test_vms_are_listed_as_a_build_sees_them(project: Project) -> None:
    lines = project.succeed("-q", "list").out.splitlines()
    columns = ["NAME", "HOSTS", "CPUS", "MEMORY", "PROFILE", "AUTOSTART", "ADDRESSES", "TAGS", "ALIAS", "DESCRIPTION"]
    assert lines[0].split() == columns
    assert [line.split()[0] for line in lines[1:]] == ["db1", "mail1", "web1"]
    assert lines[3].split()[1:] == ["alpha", "1", "4G", "other", "yes", "192.0.2.10/24", "-", "-", "-"]
    assert len({line.index(word) for line, word in ((lines[0], "HOSTS"), (lines[1], "alpha"), (lines[2], "beta"))}) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_the_example_has_its_objects(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    example = Project(CHECKOUT, capsys)
    found = rows(example, kind)
    assert found
    names = [str(row["name"]) for row in found]
    assert names == sorted(names)
    assert all(row.keys() == found[0].keys() for row in found)
    assert len(example.succeed("-q", "list", kind).out.splitlines()) == len(found) + 1


def test_counts_are_of_those_who_use_them(project: Project) -> None:
    columns = {"hosts": "vms", "networks": "nics", "storage": "disks", "users": "vms", "profiles": "vms"}
    counts = {kind: {row["name"]: row[column] for row in rows(project, kind)} for kind, column in columns.items()}
    assert counts["hosts"] == {"alpha": 2, "beta": 1}
    assert counts["networks"] == {"lan": 2}
    assert counts["storage"]["plain"] == 1
    assert counts["users"]["alice"] == 1
    assert counts["profiles"] == {"other": 3}


def test_an_image_is_used_by_all_that_is_made_from_it(project: Project) -> None:
    text = '[image.one]\npath = "/srv/one"\n[vm.other1]\nhost = "alpha"\nmemory = "1G"\ncd.a.image = "one"\n'
    project.add("other.toml", f'{text}firmware.variables_template = "one"\n')
    assert [row["used"] for row in rows(project, "images") if row["name"] == "one"] == [2]


def test_names_and_patterns_select(project: Project) -> None:
    assert [row["name"] for row in rows(project, "vms", "web*", "db1")] == ["web1", "db1"]
    done = project.run("-q", "list", "hosts", "alhpa")
    assert (done.status, done.out) == (2, "")
    assert "there is no host 'alhpa'; did you mean \"alpha\"?" in done.err


def test_tags_select_wherever_vms_are_named(project: Project) -> None:
    project.edit("vms/web.toml", "[vm.web1]\n", '[vm.web1]\ntags = ["web", "prod"]\n')
    project.edit("vms/db.toml", "[vm.db1]\n", '[vm.db1]\ntags = ["prod"]\n')
    assert [(row["name"], row["tags"]) for row in rows(project, "vms", "@prod")] == [
        ("db1", ["prod"]),
        ("web1", ["web", "prod"]),
    ]
    assert project.succeed("get", "@web,db1", "memory").out == 'web1.memory = "4G"\ndb1.memory = "8G"\n'
    project.succeed("-q", "set", "@prod", "order=7")
    assert project.succeed("get", "@prod", "order").out == "db1.order = 7\nweb1.order = 7\n"
    shown = json.loads(project.succeed("show", "@prod", "--json").out)
    assert [each["vm"] for each in shown] == ["db1", "web1"]
    project.succeed("-q", "build")
    assert "tags=web,prod" in (project.root / "build/alpha/root/usr/local/etc/hivewright/host.conf").read_text()
    project.succeed("-q", "set", "@prod", "memory=9G")
    found = json.loads(project.run("--format", "json", "plan", "--against", str(project.root), "@web").out)
    assert [(each["guest"], each["keys"]) for each in found] == [("web1", ["memory"])]
    assert project.run("plan", "--against", str(project.root), "mail*").status == 0


def test_a_tag_that_no_vm_has_is_refused(project: Project) -> None:
    project.edit("vms/web.toml", "[vm.web1]\n", '[vm.web1]\ntags = ["web", "prod"]\n')
    for words in (("list", "vms", "@wbe"), ("get", "@wbe"), ("show", "@wbe"), ("set", "@wbe", "cpus=2")):
        done = project.run("-q", *words)
        assert (done.status, done.out) == (2, "")
        assert done.err == "hivewright: no VM has the tag 'wbe'; did you mean \"web\"?\n"


def test_a_tag_is_a_name_and_there_once(project: Project) -> None:
    project.edit("vms/web.toml", "[vm.web1]\n", '[vm.web1]\ntags = ["web", "web"]\n')
    assert "a tag is there twice" in project.run("check").err
    project.edit("vms/web.toml", 'tags = ["web", "web"]', 'tags = ["Web server"]')
    assert project.run("check").status == 1


def test_columns_are_chosen(project: Project) -> None:
    done = project.succeed("-q", "list", "vms", "web1", "--columns", "memory,name")
    assert done.out == "MEMORY  NAME\n4G      web1\n"
    assert rows(project, "hosts", "alpha", "--columns", "vms") == [{"vms": 2}]
    done = project.run("-q", "list", "--columns", "memroy")
    assert (done.status, done.out) == (2, "")
    assert "vms have no column 'memroy'; did you mean \"memory\"?" in done.err


def test_what_a_site_has_none_of_is_an_empty_list(project: Project) -> None:
    assert rows(project, "images") == []
    assert project.succeed("-q", "list", "images").out == ""


def test_a_site_with_a_fault_is_not_listed(project: Project) -> None:
    project.edit("vms/web.toml", '"4G"', "4")
    assert project.run("list").status == 1
