"""One fault in a valid site is one error, where the fault is; and a remedy that can be followed as it stands works."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from conftest import write_files
from hivewright.diagnostics import Diagnostic
from one_fault import Breakage, breakages, errors_of, line_of
from projects import CHECKOUT

FILES = sorted(
    path.relative_to(CHECKOUT / "site").as_posix()
    for path in (CHECKOUT / "site").rglob("*.toml")
    if path.parent.name != "locks"
)
EVERY = 9
"""In the everyday run one breakage of so many is tried."""


@pytest.fixture(name="example", scope="module")
def copy_example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one-fault")
    shutil.copytree(CHECKOUT / "site", folder / "site")
    assert errors_of(folder)[0] == []
    return folder


def found_for(folder: Path, breakage: Breakage) -> list[tuple[Diagnostic, tuple[str, int]]]:
    """The errors with one breakage, each with its file and line; the site is whole again afterwards."""
    path = folder / "site" / breakage.file
    whole = path.read_text()
    lines = whole.split("\n")
    lines[breakage.line : breakage.line + 1] = breakage.text.split("\n")
    path.write_text("\n".join(lines))
    try:
        errors, sources = errors_of(folder)
        return [(error, line_of(error, sources)) for error in errors]
    finally:
        path.write_text(whole)


def one_error(folder: Path, breakage: Breakage) -> None:
    found = found_for(folder, breakage)
    assert len(found) == 1, (breakage, [error.message for error, _ in found])
    file, line = found[0][1]
    assert file == breakage.file, (breakage, found)
    assert line - 1 in range(breakage.line, breakage.line + breakage.text.count("\n") + 1), (breakage, found)


@pytest.mark.parametrize("file", FILES)
def test_one_fault_is_one_error_at_its_place(example: Path, file: str) -> None:
    text = (example / "site" / file).read_text()
    for number, breakage in enumerate(breakages(file, text)):
        if (number + len(file)) % EVERY == 0:
            one_error(example, breakage)


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_each_fault_of_every_line_is_one_error_at_its_place(example: Path, file: str) -> None:
    found = list(breakages(file, (example / "site" / file).read_text()))
    assert found
    for breakage in found:
        one_error(example, breakage)


@pytest.mark.parametrize("file", FILES)
def test_what_did_you_mean_names_is_what_was_meant(example: Path, file: str) -> None:
    """Following the remedy of a misspelt key gives the line that stood there before."""
    lines = (example / "site" / file).read_text().split("\n")
    for breakage in breakages(file, "\n".join(lines)):
        if breakage.kind != "misspelt key":
            continue
        ((error, _),) = found_for(example, breakage)
        meant = re.fullmatch('did you mean "(.*)"\\?', error.help)
        assert meant is not None, (breakage, error)
        written = breakage.text.partition(" = ")[0].strip().rpartition(".")[2]
        assert breakage.text.replace(f"{written} =", f"{meant[1]} =", 1) == lines[breakage.line]


BROKEN_BESIDE: dict[str, str | bytes] = {
    "a syntax error": "[template.small]\nmemory = 2G\n",
    "a file of bytes": b"\xff\xfe",
    "an unknown key": '[template.small]\nmemory = "1G"\ncolour = 1\n',
    "a wrong value": '[template.small]\nmemory = "2X"\n',
    "a table that there is not": "[tempalte.small]\n",
}
TWO_ALIKE = """\
[site]
name = "example"
[host.alpha]
freebsd = "14.3"
[vm.one]
host = "alpha"
memory = "1G"
uuid = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
[vm.two]
host = "alpha"
memory = "1G"
uuid = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
"""


@pytest.mark.parametrize("broken", BROKEN_BESIDE)
def test_rules_are_told_beside_a_fault_of_another_file(tmp_path: Path, broken: str) -> None:
    uses: str | bytes = '[vm.three]\nhost = "alpha"\ninherit = ["small"]\n'
    files = {"site.toml": TWO_ALIKE, "three.toml": uses, "broken.toml": BROKEN_BESIDE[broken]}
    write_files(tmp_path, files)
    errors, sources = errors_of(tmp_path)
    assert sorted(line_of(error, sources)[0] for error in errors) == ["broken.toml", "site.toml"], errors
    assert "VM010" in {error.code for error in errors}


def test_what_stands_below_a_fault_of_syntax_in_the_same_file_is_checked(tmp_path: Path) -> None:
    text = TWO_ALIKE.replace('[vm.one]\nhost = "alpha"', '[vm.zero]\nmemory = 2G\n[vm.one]\nhost = "alhpa"', 1)
    write_files(tmp_path, text)
    errors, _ = errors_of(tmp_path)
    assert [error.code for error in errors] == ["SRC001", "REF001"]


@pytest.mark.parametrize(
    "text",
    [
        '[vm.a]\nhost = """alpha\n[host.alpha]\nfreebsd = "14.3"\n',
        "[vm.a\n[vm.a.nic.lan]\n",
        "[vm.a b]\nmemory = 1\n[vm.a.nic.lan]\n",
        f"[vm.a]\ncpus = {'9' * 5000}\n",
        f"[vm.a]\ndns = {'[' * 2000}\n",
        "x\n" * 200,
    ],
)
def test_a_document_that_cannot_be_read_is_one_error(tmp_path: Path, text: str) -> None:
    write_files(tmp_path, {"site.toml": '[site]\nname = "example"\n', "broken.toml": text})
    errors, sources = errors_of(tmp_path)
    assert [line_of(error, sources)[0] for error in errors] == ["broken.toml"]
