"""One fault in a valid site is one error, where the fault is; and a remedy that can be followed as it stands works."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tomlkit

from conftest import write_files
from full_house import full_tables
from hivewright.diagnostics import Diagnostic
from one_fault import ARBITRARY, REMEDIED, Breakage, breakages, errors_of, line_of
from projects import CHECKOUT
from remedies import followed

SITES = {"example": CHECKOUT / "site", "everything": CHECKOUT / "tests" / "sites" / "everything"}
EVERY = 101
"""In the everyday run one breakage of so many is tried."""
MANY = 200
"""Of a file with more breakages than so many, every second one is tried, every third of one with twice as many …"""


def files_of(site: Path) -> list[str]:
    return [path.relative_to(site).as_posix() for path in sorted(site.rglob("*.toml")) if path.parent.name != "locks"]


FILES = [(name, file) for name, site in SITES.items() for file in files_of(site)]
FILES += [("full house", f"{kind}.toml") for kind in full_tables("15.1", "amd64")]


@pytest.fixture(name="sites", scope="module")
def copy_sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sites, and one with everything that the newest release can do; each is a folder with ``site`` in it."""
    folders = {name: tmp_path_factory.mktemp("one-fault") for name in (*SITES, "full house")}
    for name, site in SITES.items():
        shutil.copytree(site, folders[name] / "site")
    tables = full_tables("15.1", "amd64")
    generated = {f"site/{kind}.toml": tomlkit.dumps({kind: named}) for kind, named in tables.items()}
    generated["site/user.toml"] += '[site]\nname = "example"\n'
    write_files(folders["full house"], generated)
    for folder in folders.values():
        assert errors_of(folder)[0] == []
    return folders


@contextmanager
def broken(folder: Path, breakage: Breakage) -> Iterator[Path]:
    """The site with one breakage, whole again afterwards; the path of the file."""
    path = folder / "site" / breakage.file
    whole = path.read_text()
    lines = whole.split("\n")
    lines[breakage.line : breakage.line + 1] = breakage.text.split("\n")
    path.write_text("\n".join(lines))
    try:
        yield path
    finally:
        path.write_text(whole)


def one_error(folder: Path, breakage: Breakage) -> Diagnostic:
    """The error, which must be the only one and where the breakage is."""
    errors, sources = errors_of(folder)
    assert len(errors) == 1, (breakage, [error.message for error in errors])
    file, line = line_of(errors[0], sources)
    assert file == breakage.file, (breakage, errors)
    assert line - 1 in range(breakage.line, breakage.line + breakage.text.count("\n") + 1), (breakage, errors)
    return errors[0]


def try_breakage(folder: Path, breakage: Breakage) -> str | None:
    """Whether the remedy was followed; then the site is valid, or at least has another fault than before."""
    with broken(folder, breakage) as path:
        error = one_error(folder, breakage)
        text = followed(path.read_text(), error)
        if text is None:
            return None
        path.write_text(text)
        left, _ = errors_of(folder)
        if breakage.kind in ARBITRARY:
            assert error.message not in [each.message for each in left], (breakage, error)
        else:
            assert left == [], (breakage, error.help, left)
        return breakage.kind


@pytest.mark.parametrize(("site", "file"), FILES)
def test_one_fault_is_one_error_and_its_remedy_works(sites: dict[str, Path], site: str, file: str) -> None:
    text = (sites[site] / "site" / file).read_text()
    for number, breakage in enumerate(breakages(file, text)):
        if (number + len(file)) % EVERY == 0:
            try_breakage(sites[site], breakage)


@pytest.mark.slow
@pytest.mark.parametrize(("site", "file"), FILES)
def test_each_fault_of_every_line_is_one_error_and_its_remedy_works(
    sites: dict[str, Path], site: str, file: str
) -> None:
    found = list(breakages(file, (sites[site] / "site" / file).read_text()))
    assert found
    for breakage in found[:: 1 + len(found) // MANY]:
        try_breakage(sites[site], breakage)


@pytest.mark.slow
def test_remedies_that_say_what_to_write_are_followed(sites: dict[str, Path]) -> None:
    """Of each kind of breakage for which there is such a remedy, some are undone by it."""
    file = "site.toml"
    kinds: dict[str, list[Breakage]] = {}
    for breakage in breakages(file, (sites["everything"] / "site" / file).read_text()):
        kinds.setdefault(breakage.kind, []).append(breakage)
    missing = REMEDIED - kinds.keys()
    assert missing == set()
    for kind in sorted(REMEDIED):
        tried = [try_breakage(sites["everything"], breakage) for breakage in kinds[kind][:4]]
        assert kind in tried, (kind, tried)


@pytest.mark.slow
@pytest.mark.parametrize(("site", "file"), FILES)
def test_what_did_you_mean_names_is_what_was_meant(sites: dict[str, Path], site: str, file: str) -> None:
    """Following the remedy of a misspelt key gives the line that stood there before."""
    lines = (sites[site] / "site" / file).read_text().split("\n")
    misspelt = [each for each in breakages(file, "\n".join(lines)) if each.kind == "misspelt key"]
    for breakage in misspelt[:: 1 if site == "example" else 7]:
        with broken(sites[site], breakage):
            error = one_error(sites[site], breakage)
        meant = re.fullmatch('did you mean "(.*)"\\?', error.help)
        assert meant is not None, (breakage, error)
        written = breakage.text.partition(" = ")[0].strip().rpartition(".")[2]
        assert breakage.text.replace(f"{written} =", f"{meant[1]} =", 1) == lines[breakage.line]


@pytest.mark.slow
@pytest.mark.parametrize(("site", "file"), FILES)
def test_a_table_without_its_name_is_one_error_and_takes_a_name(sites: dict[str, Path], site: str, file: str) -> None:
    """The name is one's own; the one that the remedy names may be taken as well."""
    text = (sites[site] / "site" / file).read_text()
    lines = text.split("\n")
    for breakage in [each for each in breakages(file, text) if each.kind == "no name"][:6]:
        with broken(sites[site], breakage) as path:
            error = one_error(sites[site], breakage)
            wanted = re.fullmatch(r"write (\[.*\.)NAME\], with a name of its own such as (\S+)", error.help)
            if wanted is None:  # there is a table of that name elsewhere, or a table of that kind has other keys
                continue
            assert lines[breakage.line].startswith(wanted[1])
            path.write_text(path.read_text().replace(breakage.text, f"{wanted[1]}{wanted[2]}]", 1))
            assert "KEY003" not in {each.code for each in errors_of(sites[site])[0]}


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


@pytest.mark.parametrize("beside", BROKEN_BESIDE)
def test_rules_are_told_beside_a_fault_of_another_file(tmp_path: Path, beside: str) -> None:
    uses: str | bytes = '[vm.three]\nhost = "alpha"\ninherit = ["small"]\n'
    files = {"site.toml": TWO_ALIKE, "three.toml": uses, "broken.toml": BROKEN_BESIDE[beside]}
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
