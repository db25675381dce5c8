"""The look of diagnostics: full, short and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hivewright.diagnostics import Diagnostic, Place, Spot
from hivewright.diagnostics.printer import display_path, format_diagnostics, summary, visible


class Memory:
    """Texts that are in no file."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts

    def path(self, name: str) -> str:
        return f"site/{name}"

    def text(self, name: str) -> str | None:
        return self.texts.get(name)


def full(text: str, spot: Spot, **more: str) -> list[str]:
    diagnostic = Diagnostic("KEY001", "wrong", spot, **more)  # type: ignore[arg-type]
    return format_diagnostics([diagnostic], Memory(a=text), "full").rstrip("\n").split("\n")


def test_full_form() -> None:
    diagnostic = Diagnostic(
        "VM014", "the same", Place("a", ("vm", "web2", "mac")), "delete one", (Place("a", ("vm", "web1", "mac")),)
    )
    text = '[vm.web1]\nmac = "1"\n\n\n\n\n\n\n[vm.web2]\nmac = "1"\n'
    assert format_diagnostics([diagnostic], Memory(a=text), "full") == (
        "error[VM014]: the same\n"
        "  --> site/a:10:7\n"
        "   |\n"
        '10 | mac = "1"\n'
        "   |       ^^^\n"
        "   = also: site/a:2:7\n"
        "   = help: delete one\n"
        "\n"
    )


@pytest.mark.parametrize(
    ("line", "column", "length", "shown", "carets"),
    [
        ("\tx = 1", 2, 1, "    x = 1", "    ^"),
        ("a\tb", 1, 3, "a    b", "^^^^^^"),
        ('x = "日本" # y', 5, 4, 'x = "日本" # y', "    ^^^^^^"),
        ('"日本" = 1', 8, 1, '"日本" = 1', "         ^"),
        ("e\u0301 = 1", 6, 1, "e\u0301 = 1", "    ^"),
        ("x = 1\r", 5, 9, "x = 1", "    ^"),
        ("x", 2, 1, "x", " ^"),
        ("x\x1b[31m", 1, 1, "x\\u{1b}[31m", "^"),
        ("\u202ex = 1", 2, 1, "\\u{202e}x = 1", "        ^"),
    ],
)
def test_carets_stand_below_the_fault(line: str, column: int, length: int, shown: str, carets: str) -> None:
    lines = full(line, Spot("a", 1, column, length))
    assert lines[3:5] == [f"1 | {shown}", f"  | {carets}"]


@pytest.mark.parametrize("column", [1, 50, 99, 101, 150, 250, 299, 300])
def test_long_lines_are_cut_around_the_fault(column: int) -> None:
    line = "".join(chr(ord("a") + number % 26) for number in range(299)) + "!"
    lines = full(line, Spot("a", 1, column))
    source, caret = lines[3], lines[4]
    assert len(source) <= 106
    assert source[caret.index("^")] == line[column - 1]
    assert source.count("…") in (1, 2)


def test_fault_longer_than_the_line_is_marked_to_the_end() -> None:
    lines = full("x = [" + "1, " * 100, Spot("a", 1, 5, 300))
    assert lines[4].count("^") == 96


def test_place_in_a_file_that_cannot_be_read_has_no_source_line() -> None:
    diagnostic = Diagnostic("SRC004", "gone", Place("b", ("x",)))
    assert format_diagnostics([diagnostic], Memory(), "full") == "error[SRC004]: gone\n --> site/b:1:1\n\n"


def test_line_beyond_the_end_of_the_file_has_no_source_line() -> None:
    assert full("x", Spot("a", 7, 1)) == ["error[KEY001]: wrong", " --> site/a:7:1"]


def test_message_cannot_write_to_the_terminal() -> None:
    diagnostic = Diagnostic("KEY001", "a\x1b[2J\nb\u202e", help="c\x07")
    output = format_diagnostics([diagnostic], Memory(), "full", colour=False)
    assert output == "error[KEY001]: a\\u{1b}[2J b\\u{202e}\n = help: c\\u{7}\n\n"


def test_sorted_by_file_line_and_code() -> None:
    spots = [Spot("b", 1, 1), Spot("a", 10, 1), Spot("a", 9, 5), Spot("a", 9, 5), None]
    given = [Diagnostic(code, "x", spot) for code, spot in zip(["A", "B", "D", "C", "E"], spots, strict=True)]
    output = format_diagnostics(given, Memory(), "short")
    assert [line[line.index("[") + 1] for line in output.splitlines()] == ["E", "C", "D", "B", "A"]


def test_short_form() -> None:
    given = [Diagnostic("A1", "no\nplace", severity="warning"), Diagnostic("A2", "x", Spot("a", 3, 4))]
    assert format_diagnostics(given, Memory(), "short") == "warning[A1]: no place\nsite/a:3:4: error[A2]: x\n"


def test_json_form() -> None:
    given = [Diagnostic("A1", "é", Spot("a", 3, 4, 5), "do", (Spot("b", 1, 2),))]
    assert json.loads(format_diagnostics(given, Memory(), "json")) == [
        {
            "code": "A1",
            "severity": "error",
            "message": "é",
            "file": "site/a",
            "line": 3,
            "column": 4,
            "length": 5,
            "help": "do",
            "also": [{"file": "site/b", "line": 1, "column": 2, "length": 1}],
            "likewise": [],
        }
    ]


def test_json_without_place_and_without_diagnostics() -> None:
    (found,) = json.loads(format_diagnostics([Diagnostic("A1", "x")], Memory(), "json"))
    assert (found["file"], found["line"]) == (None, None)
    assert format_diagnostics([], Memory(), "json") == "[]\n"


def test_colour_is_only_escape_sequences() -> None:
    given = [Diagnostic("A1", "x", Spot("a", 1, 1), "do", (Spot("a", 1, 1),))]
    plain = format_diagnostics(given, Memory(a="x"), "full")
    coloured = format_diagnostics(given, Memory(a="x"), "full", colour=True)
    assert coloured.startswith("\x1b[1;31merror[A1]\x1b[0m")
    for sequence in ("\x1b[1;31m", "\x1b[1m", "\x1b[34m", "\x1b[0m"):
        coloured = coloured.replace(sequence, "")
    assert coloured == plain


@pytest.mark.parametrize(("errors", "warnings", "text"), [(0, 0, ""), (1, 0, "1 error"), (2, 1, "2 errors, 1 warning")])
def test_summary(errors: int, warnings: int, text: str) -> None:
    error, warning = Diagnostic("A1", "x"), Diagnostic("A1", "x", severity="warning")
    assert summary([error] * errors + [warning] * warnings) == text


def test_paths_are_shown_relative_to_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert display_path(str(tmp_path / "a" / "x")) == "x"
    assert display_path(str(tmp_path / "x")) == "../x"
    assert display_path("/etc/x") == "/etc/x"


def test_visible_text_keeps_what_people_write() -> None:
    assert visible("äé日本 – “x”\t") == "äé日本 – “x”\t"
