"""``hivewright edit`` where it cannot begin."""

from __future__ import annotations

import pytest

from hivewright.commands import edit
from projects import Project

pytest_plugins = ["project_fixtures"]


def test_without_the_extra_it_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit, "find_spec", lambda _name: None)
    done = project.run("edit")
    assert (done.status, done.err) == (
        1,
        "hivewright: edit needs Textual, an optional part: pip install 'hivewright[edit]'\n",
    )


def test_without_a_screen_the_verbs_for_scripts_are_named(project: Project) -> None:
    done = project.run("edit", "web1")
    assert done.status == 1
    assert done.err == "hivewright: edit needs a terminal; hivewright set and get do the same for scripts\n"


def test_a_guest_that_does_not_exist_is_misuse(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit, "_has_screen", lambda: True)
    done = project.run("edit", "web9")
    assert (done.status, done.err) == (2, """hivewright: there is no VM 'web9'; did you mean "web1"?\n""")
