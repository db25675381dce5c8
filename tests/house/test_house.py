"""The house: sizes, linters, types, and what a file must not hold."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from programs import linter
from projects import CHECKOUT

LONGEST_FILE, LONGEST_FUNCTION, LONGEST_LINE = 350, 60, 120
SHELL = (".sh", ".subr")
OURS = (".gitignore", "Makefile", "pyproject.toml", "build_data.py", "README.md", "CHANGELOG.md", ".ci", "compiler",
        "docs", "profiles", "site", "templates", "tests")  # fmt: skip
NOT_OURS = {"__pycache__", "locks", "golden", "snapshots", "before.tar.xz"}
SAMPLES = CHECKOUT / "tests" / "errors"
"""Broken sites; what they hold is wrong on purpose."""


@cache
def files() -> tuple[Path, ...]:
    """Every file that somebody wrote: no output, no samples of what is wrong, no links."""
    found = [each for name in OURS for each in (CHECKOUT / name, *(CHECKOUT / name).rglob("*"))]
    return tuple(
        path
        for path in found
        if path.is_file()
        and not path.is_symlink()
        and SAMPLES not in path.parents
        and not NOT_OURS.intersection(path.relative_to(CHECKOUT).parts)
    )


def with_suffix(*suffixes: str) -> list[Path]:
    return [path for path in files() if path.suffix in suffixes]


def name_of(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


def is_shell(path: Path) -> bool:
    return path.suffix in SHELL or path.read_bytes().startswith((b"#!/bin/sh", b"#!/usr/bin/env bash"))


@cache
def syntax_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def test_no_file_is_long() -> None:
    sources = {*with_suffix(".py", ".j2", *SHELL), *filter(is_shell, files())}
    sizes = {name_of(path): len(path.read_text().splitlines()) for path in sources}
    assert {name: size for name, size in sizes.items() if size > LONGEST_FILE} == {}


@pytest.mark.slow
def test_no_function_is_long() -> None:
    long = {}
    for path in with_suffix(".py"):
        for node in ast.walk(syntax_of(path)):
            if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                if (size := node.end_lineno - first + 1) > LONGEST_FUNCTION:
                    long[f"{name_of(path)} {node.name}"] = size
    assert long == {}


@pytest.mark.slow
def test_most_functions_of_the_compiler_are_short() -> None:
    sizes = [
        node.end_lineno - node.lineno + 1
        for path in with_suffix(".py")
        if "compiler" in path.parts
        for node in ast.walk(syntax_of(path))
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None
    ]
    assert sum(size < 30 for size in sizes) >= 0.9 * len(sizes)


@pytest.mark.slow
def test_every_module_and_test_says_what_it_is_for() -> None:
    missing = [name_of(path) for path in with_suffix(".py") if not ast.get_docstring(syntax_of(path))]
    assert missing == []


NOT_OF_THE_COMPILER = {"docs", "host", "house", "runtime"}
"""Rooms of tests that are not rooms of the compiler."""


def test_tests_lie_in_the_rooms_of_what_they_test() -> None:
    """Under the names of the compiler's folders, or in one of the few others."""
    tests, compiler = CHECKOUT / "tests", CHECKOUT / "compiler" / "hivewright"
    homeless = []
    for path in tests.rglob("test_*.py"):
        room = path.parent.relative_to(tests)
        if room.parts[:1] and room.parts[0] in NOT_OF_THE_COMPILER:
            continue
        if not (room.name and (compiler / room).is_dir()):
            homeless.append(path.name)
    assert homeless == []


def test_modules_of_tests_have_names_of_their_own() -> None:
    names = [path.name for path in (CHECKOUT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


FORBIDDEN = {
    "a note for later": re.compile("TO" + "DO|FIX" + "ME|X" + "XX"),
    "a folder of this machine": re.compile(
        rf"(?<![\w.]){re.escape(str(CHECKOUT))}(?=/)|/ho" + r"me/(?!alice\b)|pytest-" + "of-"
    ),
    "a merge marker": re.compile("^(?:<<<<<<<|>>>>>>>) ", re.MULTILINE),
}


def test_no_file_holds_what_it_must_not() -> None:
    found = []
    for path in files():
        for what, pattern in FORBIDDEN.items():
            for match in pattern.finditer(path.read_text()):
                line = path.read_text().count("\n", 0, match.start()) + 1
                found.append(f"{name_of(path)}:{line}: {what}")
    assert found == []


def test_lines_end_as_they_should() -> None:
    """One newline at the end of a file, no blanks at the end of a line, no carriage returns."""
    faults = []
    for path in files():
        content = path.read_bytes()
        if re.search(rb"[ \t]\n|\r|\n\n\Z", content) or not content.endswith(b"\n"):
            faults.append(name_of(path))
    assert faults == []


def test_shell_is_indented_by_tabs() -> None:
    """Continued lines by four blanks more."""
    faults = []
    for path in filter(is_shell, files()):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            indent = line[: len(line) - len(line.lstrip())]
            if line and not re.fullmatch(r"\t*(?: {4})?", indent):
                faults.append(f"{name_of(path)}:{number}")
    assert faults == []


def run(*words: str) -> None:
    command = [linter(words[0]), *words[1:]]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing() -> None:
    run("ruff", "check", "--quiet", "--no-cache", ".")


def test_ruff_would_format_nothing_else() -> None:
    run("ruff", "format", "--check", "--quiet", "--no-cache", ".")


@pytest.mark.slow
def test_types_are_right() -> None:
    run("mypy", "--no-error-summary")
    run("mypy", "--no-error-summary", "tests", "build_data.py")


def test_no_assignment_has_a_redirection() -> None:
    """In FreeBSD's sh it does not hold for the commands that are substituted: x=$(...) 2>/dev/null."""
    for path in filter(is_shell, files()):
        within = ""
        for number, line in enumerate(path.read_text().splitlines(), 1):
            opened = re.match(r"(\t*)[a-z_]+=\$\($", line)
            if opened:
                within = opened[1] + ")"
            elif within and line.startswith(within):
                assert not re.match(r"\t*\)\s*\d?[<>]", line), f"{name_of(path)}:{number}"
                within = ""
