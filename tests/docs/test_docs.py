"""The documents: well-formed, complete, and saying of the code what is true."""

from __future__ import annotations

import argparse
import re
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from hivewright import cli
from hivewright.schema.json_schema import COMPLETE, LAYERED, definitions
from hivewright.schema.manual_page import BEGIN, reference, replace_reference
from projects import CHECKOUT, LIBRARY
from runtime_parts import PARTS, VERBS, usages

DOCS = CHECKOUT / "docs"
MAN = DOCS / "man"
PAGES = sorted(MAN.glob("*.[1-9]"))
GUIDES = [CHECKOUT / "README.md", CHECKOUT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


def text(page: str) -> str:
    """A manual page as it is read, without the wrapping of its lines."""
    run = subprocess.run(["mandoc", "-Tascii", MAN / page], capture_output=True, text=True, check=True)
    return re.sub(r"\s+", " ", re.sub(".\b", "", run.stdout))


def test_there_is_a_page_for_each_command_and_file_format() -> None:
    assert [page.name for page in PAGES] == ["hivectl.8", "hivewright.1", "hivewright.toml.5"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_clean_under_mandoc(page: Path) -> None:
    run = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_refer_to_pages_of_ours_that_exist(page: Path) -> None:
    names = re.findall(r"^\.Xr (hive\S+) ([1-9])", page.read_text(), re.MULTILINE)
    assert {f"{name}.{section}" for name, section in names} <= {other.name for other in PAGES}


def test_the_key_reference_is_up_to_date() -> None:
    page = (MAN / "hivewright.toml.5").read_text()
    assert page == replace_reference(page), "run: make golden"


def test_the_key_reference_has_every_key_of_every_table() -> None:
    sections = [re.findall(r"^\.It Ic (\S+)", section, re.MULTILINE) for section in reference().split("\n.Ss ")]
    tables = definitions((*COMPLETE, *LAYERED)).values()
    expected = [list(table["properties"]) for table in tables]
    # A table that several keys may hold has a section for each.
    assert {*map(tuple, sections)} == {*map(tuple, expected)}
    assert len(sections) >= len(expected)


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="no markers"):
        replace_reference("a page\n")
    with pytest.raises(ValueError, match="no markers"):
        replace_reference(f"{BEGIN}\n")


def parsers() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for verb in cli.VERBS:
        parser = argparse.ArgumentParser(add_help=False)
        import_module(f"hivewright.commands.{verb.replace('-', '_')}").add_arguments(parser)
        yield verb, parser


def options(parser: argparse.ArgumentParser) -> set[str]:
    return {option for action in parser._actions for option in action.option_strings}


def test_the_page_of_the_compiler_has_its_commands_and_options_and_no_others() -> None:
    source = (MAN / "hivewright.1").read_text()
    synopsis, described = source.split(".Sh DESCRIPTION")
    assert re.findall(r"^\.Cm ([a-z-]+)$", synopsis, re.MULTILINE) == list(cli.VERBS)
    commands, common = described.split("Options of every command are:")
    found = dict(re.findall(r"\n\.It Cm ([\w-]+)\n((?s:.*?))(?=\n\.It Cm|\Z)", commands))
    assert list(found) == list(cli.VERBS)
    for verb, parser in parsers():
        assert options(parser) == set(flags(found[verb])), verb
    everywhere = argparse.ArgumentParser()
    cli._add_global_flags(everywhere)
    assert options(everywhere) == set(flags(common.partition(".Sh ")[0]))


def flags(source: str) -> list[str]:
    """Options as they are typed, from the items of a list."""
    items = re.findall(r"^\.It (Fl .*)$", source, re.MULTILINE)
    return [f"-{flag}" for item in items for flag in re.findall(r"(?:^Fl |, )(-?[A-Za-z][a-z-]*)", item)]


def test_exit_statuses_are_those_of_the_command_line() -> None:
    statuses = re.findall(r"\b(?:return|end\.code|else) ([1-9][0-9]*)\b", Path(str(cli.__file__)).read_text())
    page = (MAN / "hivewright.1").read_text().partition(".Sh EXIT STATUS")[2].partition(".Sh ")[0]
    assert set(statuses) | {"0", "3"} == set(re.findall(r"^\.It ([0-9]+)$", page, re.MULTILINE))


def test_the_page_of_sites_names_every_profile() -> None:
    page = text("hivewright.toml.5")
    for path in (CHECKOUT / "profiles").rglob("*.toml"):
        assert re.search(rf"\b{re.escape(path.stem)}\b", page), path.stem


def test_the_page_of_the_host_has_the_environment_of_hooks() -> None:
    runtime = (LIBRARY / "guest" / "surroundings.subr").read_text()
    items = re.findall(r"^\.It Ev (HIVE_.*)", (MAN / "hivectl.8").read_text(), re.MULTILINE)
    documented = [name for item in items for name in item.split(" , ")]
    assert sorted(set(re.findall(r"\bHIVE_\w+", runtime))) == sorted(documented)


def test_the_page_of_the_host_has_the_phases_of_the_runtime() -> None:
    sources = "".join(path.read_text() for path in [*PARTS, *VERBS])
    phases = set(re.findall(r"(?:write_phase |\bending=|\tphase=)([a-z]+)", sources))
    phases |= set(re.findall(r'_without .*\n.*" ([a-z]+)$', sources, re.MULTILINE))
    section = (MAN / "hivectl.8").read_text().partition(".Ss Phases")[2].partition(".Ss ")[0]
    assert phases == set(re.findall(r"^\.It Li ([a-z]+)$", section, re.MULTILINE))


def test_the_page_of_the_host_has_the_usage_of_hivectl() -> None:
    synopsis = (MAN / "hivectl.8").read_text().partition(".Sh SYNOPSIS\n")[2].partition(".Sh ")[0]
    documented = [in_mdoc(verb) for verb in synopsis.split(".Nm\n")[1:]]
    assert sorted(documented) == sorted(line for usage in usages().values() for line in usage)


def in_mdoc(source: str) -> str:
    """One command of a synopsis, as a usage message writes it."""
    words = re.sub(r"^\.Op (.*)$", r"[\1]", source, flags=re.MULTILINE).replace(" | ", "|")
    words = re.sub(r"\.?\bFl ", "-", words)
    return " ".join(re.sub(r"\.?\b(?:Cm|Ar) ", "", words).split())


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_guides_link_to_files_that_exist(guide: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", guide.read_text()):
        assert target.startswith("https://") or (guide.parent / target).exists(), target


def excerpts() -> list[tuple[str, str]]:
    """(path, text) of each block of the README that says which file it is from."""
    readme = (CHECKOUT / "README.md").read_text()
    return re.findall(r"`((?:site|build)/[^`]+)`:\n\n```[a-z]*\n(.*?)```", readme, re.DOTALL)


def test_the_readme_shows_input_and_output() -> None:
    assert {path.partition("/")[0] for path, _ in excerpts()} == {"site", "build"}


@pytest.mark.parametrize(("path", "shown"), excerpts(), ids=[path for path, _ in excerpts()])
def test_excerpts_of_the_readme_stand_in_the_files_they_name(path: str, shown: str) -> None:
    whole = (CHECKOUT / path).read_text()
    position = 0
    for part in shown.split("…\n"):
        position = whole.find(part, position)
        assert position >= 0, part
        position += len(part)
