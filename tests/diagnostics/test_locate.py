"""Positions: what is located in a document reads back as the value that is looked for."""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Any

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from hivewright.diagnostics import KeyPath, Part
from hivewright.diagnostics.locate import locate

DOCUMENT = """\
# a comment with [vm.none] and x = 1
title = "top"  # behind

[vm.web1]
memory = "4G"
"quoted key" . 'and.dotted' = 1
pin = { 0 = "4", "1" = "5,6" }
after = ["db1", # not "db2"
    'db3',
]
text = \"\"\"
first \\"\"\"
# no comment
[vm.no] \"\"\"
nic.lan.network = "lan"
since = 1979-05-27 07:32:00

[vm.web1.disk.root]
size = "20G"
[vm.db1.disk."my disk"]
size = "1G"
[[step]]
run = 1
[[step]]
run = 2
[step.inner]
deep = true
"""


@pytest.mark.parametrize(
    ("path", "part", "line", "marked"),
    [
        (("title",), "value", 2, '"top"'),
        (("title",), "key", 2, "title"),
        (("vm", "web1"), "table", 4, "[vm.web1]"),
        (("vm", "web1"), "key", 4, "web1"),
        (("vm", "web1"), "value", 4, "[vm.web1]"),
        (("vm",), "table", 4, "[vm.web1]"),
        (("vm", "web1", "memory"), "value", 5, '"4G"'),
        (("vm", "web1", "quoted key", "and.dotted"), "value", 6, "1"),
        (("vm", "web1", "quoted key", "and.dotted"), "key", 6, "'and.dotted'"),
        (("vm", "web1", "pin", "1"), "value", 7, '"5,6"'),
        (("vm", "web1", "pin", "1"), "key", 7, '"1"'),
        (("vm", "web1", "pin"), "value", 7, '{ 0 = "4", "1" = "5,6" }'),
        (("vm", "web1", "pin"), "table", 7, "pin"),
        (("vm", "web1", "after", 0), "value", 8, '"db1"'),
        (("vm", "web1", "after", 1), "value", 9, "'db3'"),
        (("vm", "web1", "after"), "value", 8, '["db1", # not "db2"'),
        (("vm", "web1", "text"), "value", 11, '"""'),
        (("vm", "web1", "nic", "lan", "network"), "value", 15, '"lan"'),
        (("vm", "web1", "nic", "lan"), "table", 15, "lan"),
        (("vm", "web1", "since"), "value", 16, "1979-05-27 07:32:00"),
        (("vm", "web1", "disk"), "table", 18, "[vm.web1.disk.root]"),
        (("vm", "web1", "disk"), "key", 18, "disk"),
        (("vm", "db1"), "table", 20, '[vm.db1.disk."my disk"]'),
        (("vm", "db1", "disk", "my disk", "size"), "value", 21, '"1G"'),
        (("step", 0, "run"), "value", 23, "1"),
        (("step", 1, "run"), "value", 25, "2"),
        (("step", 1, "inner", "deep"), "value", 27, "true"),
        # Not written: the innermost table that is.
        (("vm", "web1", "cpus"), "value", 4, "[vm.web1]"),
        (("vm", "web1", "disk", "root", "bus"), "value", 18, "[vm.web1.disk.root]"),
        (("vm", "web1", "pin", "7"), "value", 7, "pin"),
        (("vm", "web1", "nic", "lan", "mac"), "value", 15, "lan"),
        (("vm", "web1", "after", 9), "value", 8, "after"),
        (("nothing", "at", "all"), "value", 1, "#"),
        ((), "value", 1, "#"),
    ],
)
def test_parts_of_a_document(path: KeyPath, part: Part, line: int, marked: str) -> None:
    for text in (DOCUMENT, DOCUMENT.replace("\n", "\r\n")):
        assert (locate(text, path, part)[0], span(text, path, part)) == (line, marked)


def span(text: str, path: KeyPath, part: Part) -> str:
    line, column, length = locate(text, path, part)
    return text.split("\n")[line - 1][column - 1 : column - 1 + length]


KEYS = st.one_of(
    st.text(string.ascii_lowercase + string.digits + "-_", min_size=1, max_size=5),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=5),
)
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)
TABLES = st.recursive(
    st.dictionaries(KEYS, VALUES, max_size=3),
    lambda inner: st.dictionaries(KEYS, st.one_of(VALUES, inner, st.lists(inner, min_size=1, max_size=2)), max_size=3),
    max_leaves=6,
)
STYLES = st.lists(st.integers(0, 5), min_size=20, max_size=20)


class Writer:
    """Writes TOML in styles that change from value to value, as people do."""

    def __init__(self, styles: list[int]) -> None:
        self.styles = styles
        self.count = 0

    def style(self, of: int) -> int:
        self.count += 1
        return self.styles[self.count % len(self.styles)] % of

    def key(self, key: str) -> str:
        bare = key and set(key) <= set(string.ascii_letters + string.digits + "-_")
        choice = self.style(3)
        if bare and choice:
            return key
        return f"'{key}'" if choice == 1 and "'" not in key else basic(key)

    def value(self, value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(value)
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            gap = ("", " ", "\n  # a comment ] }\n  ")[self.style(3)]
            return f"[{gap}{f',{gap}'.join(map(self.value, value))}{gap}]"
        pairs = (f"{self.key(key)} = {self.value(inner)}" for key, inner in value.items())
        return "{ " + ", ".join(pairs) + " }"

    def text(self, text: str) -> str:
        choice = self.style(3)
        if choice == 1 and "'" not in text and text.isprintable():
            return f"'{text}'"
        if choice == 2:
            return '"""\n' + basic(text)[1:-1].replace("\\n", "\n") + '"""'
        return basic(text)

    def table(self, values: dict[str, Any], prefix: list[str], header: str = "") -> Iterator[str]:
        inner = {key: value for key, value in values.items() if is_table(value) and self.style(2)}
        if header and (self.style(2) or header.startswith("[[") or len(inner) < len(values) or not values):
            yield header
        for key, value in values.items():
            if key not in inner:
                yield f"{' ' * self.style(3)}{self.key(key)} = {self.value(value)}  # x = [1"
        for key, value in inner.items():
            path = [*prefix, self.key(key)]
            for each in value if isinstance(value, list) else [value]:
                name = ".".join(path)
                yield from self.table(each, path, f"[[{name}]]" if isinstance(value, list) else f"[ {name} ]")


def basic(text: str) -> str:
    escaped = "".join(
        character if character.isprintable() and character not in '"\\' else f"\\U{ord(character):08x}"
        for character in text
    )
    return f'"{escaped}"'.replace("\\U0000000a", "\\n")


def is_table(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(each, dict) for each in value)
    return isinstance(value, dict)


def leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield path, value


@pytest.mark.slow
@settings(max_examples=150)
@given(TABLES, STYLES, st.booleans())
def test_located_text_reads_back_as_the_value(values: dict[str, Any], styles: list[int], windows: bool) -> None:
    text = "\n".join(Writer(styles).table(values, [])) + "\n"
    assert tomli.loads(text) == values
    if windows:
        text = text.replace("\n", "\r\n")
    for path, value in leaves(values):
        line, column, length = locate(text, path, "value")
        lines = text.replace("\r\n", "\n").split("\n")
        found = lines[line - 1][column - 1 : column - 1 + length]
        if found == '"""':  # the first line of several
            found = "\n".join([found, *lines[line:]])
            found = found[: found.index('"""', 3) + 3]
        assert tomli.loads(f"x = {found}")["x"] == value
        key_line, key_column, key_length = locate(text, path, "key")
        if isinstance(path[-1], str):
            key = lines[key_line - 1][key_column - 1 : key_column - 1 + key_length]
            assert tomli.loads(f"{key} = 1") == {path[-1]: 1}


@settings(max_examples=150)
@given(
    st.text(st.sampled_from("[]{}=.,\"'\\# \t\r\nab1\u00e9"), max_size=60),
    st.lists(st.sampled_from(["a", "b", "1", 0, 1]), max_size=3).map(tuple),
    st.sampled_from(["key", "value", "table"]),
)
def test_any_text_gives_a_position_inside_it(text: str, path: KeyPath, part: Part) -> None:
    line, column, length = locate(text, path, part)
    lines = text.split("\n")
    assert 1 <= line <= len(lines)
    assert 1 <= column <= len(lines[line - 1]) + 1
    assert 1 <= length <= max(1, len(lines[line - 1]))


def test_absurdly_nested_text_does_not_matter() -> None:
    assert locate("a = 1\nb = " + "[" * 100_000, ("a",), "value") == (1, 5, 1)
