"""Edits of one TOML file: they do what they are asked for, and comments, order and all else stay."""

from __future__ import annotations

import difflib
from typing import Any

import pytest
import tomli

from hivewright.editing.assignment import AssignmentError, key_path, read_assignment
from hivewright.editing.document import UneditableError, changed, set_key
from projects import CHECKOUT

VMS = sorted((CHECKOUT / "site" / "vms").glob("*.toml"))


def differing(before: str, after: str) -> list[str]:
    """The lines that went, with a minus, and those that came, with a plus."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[0] in "+-"]


def leaves(table: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for key, value in table.items():
        found += leaves(value, (*path, key)) if isinstance(value, dict) and value else [(*path, key)]
    return found


KEYS = [(path, key) for path in VMS for key in leaves(tomli.loads(path.read_text()))]


@pytest.mark.slow
@pytest.mark.parametrize(("path", "key"), KEYS, ids=lambda part: getattr(part, "name", None) or ".".join(part))
def test_every_key_of_the_example_can_be_changed_and_deleted(path: Any, key: tuple[str, ...]) -> None:
    text = path.read_text()
    other = set_key(text, key, "another value")
    assert tomli.loads(other) == changed(tomli.loads(text), key, "another value")
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert [line for line in other.splitlines() if line.startswith("#")] == comments
    assert tomli.loads(set_key(other, key, None)) == changed(tomli.loads(text), key, None)


@pytest.mark.parametrize(
    ("text", "key", "value", "lines"),
    [
        ("[vm.a]\ncpus = 2  # two\n", "vm.a.cpus", 4, ["- cpus = 2  # two", "+ cpus = 4  # two"]),
        ("[vm.a]\ncpus = 2\n\n[vm.b]\n", "vm.a.memory", "2G", ['+ memory = "2G"']),
        ("vm.a.cpus = 2 # two\nvm.b.cpus = 3\n", "vm.a.memory", "2G", ['+ vm.a.memory = "2G"']),
        ('[vm]\na = { memory = "1G" } # d\n', "vm.a.memory", "2G", ["-", "+"]),
        (
            '[vm.a.disk.root]\nsize = "1G"\n[host.x]\n',
            "vm.a.disk.data.size",
            "2G",
            ["+ ", "+ [vm.a.disk.data]", '+ size = "2G"', "+ "],
        ),
        ("[vm.a]\ncpus = 2\nmemory = '1G'\n", "vm.a.cpus", None, ["- cpus = 2"]),
        ("[vm.a]\ncpus = 2\n", "vm.a.disk.root.size", None, []),
    ],
)
def test_only_what_is_asked_for_changes(text: str, key: str, value: Any, lines: list[str]) -> None:
    found = differing(text, set_key(text, key_path(key), value))
    assert len(found) == len(lines)
    assert all(line.startswith(start) for line, start in zip(found, lines, strict=True))


def test_what_cannot_be_edited_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tomlkit.dumps", lambda _: "vm.a.cpus = 3\n")
    with pytest.raises(UneditableError, match=r"vm\.a\.cpus is written in a way that cannot be edited here"):
        set_key("vm.a.cpus = 2\n", ("vm", "a", "cpus"), 4)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("memory=8G", "8G"),
        ("cpus=4", 4),
        ("autostart=false", False),
        ('description="5"', "5"),
        ("after=['db1', 'db2']", ["db1", "db2"]),
        ("ready = { tcp = '192.0.2.1:80' }", {"tcp": "192.0.2.1:80"}),
        ("description=two words", "two words"),
        ("description=1\nx=2", "1\nx=2"),
        ("memory=", None),
    ],
)
def test_values_are_read_as_in_toml_or_as_text(typed: str, value: object) -> None:
    assert read_assignment(typed).value == value


def test_keys_are_read_as_in_toml() -> None:
    assert read_assignment('disk."a.b".size=1G').path == ("disk", "a.b", "size")


@pytest.mark.parametrize("typed", ["memory", "=4", "a b=4", "[x]=1", "a..b=1", ""])
def test_what_is_no_assignment_is_told(typed: str) -> None:
    with pytest.raises(AssignmentError, match=r"is no key|gives nothing a value"):
        read_assignment(typed)
