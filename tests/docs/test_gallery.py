"""Each page of docs/gallery is a site that builds without a warning, and shows what comes out of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conftest import write_files
from projects import CHECKOUT, Project

pytest_plugins = ["project_fixtures"]

PAGES = sorted(path for path in (CHECKOUT / "docs" / "gallery").glob("*.md") if path.name != "README.md")
_TOML = re.compile(r"```toml\n(.*?)```", re.DOTALL)
_EXCERPT = re.compile(r"^`(build/[^`]+)`:\n\n```\n(.*?)```", re.DOTALL | re.MULTILINE)
_NEEDS = re.compile(r"^- \[ \] .*$", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_is_a_site_that_builds_and_shows_what_comes_out(page: Path, project: Project) -> None:
    text = page.read_text()
    (toml,) = _TOML.findall(text)
    root = write_files(project.root.parent / "ready", {"site/site.toml": toml})
    Project(root, project.capsys).succeed("--strict", "-q", "build")
    excerpts = _EXCERPT.findall(text)
    assert excerpts
    for file, lines in excerpts:
        made = (root / file).read_text().splitlines()
        assert [line for line in lines.splitlines() if line not in made] == [], file
    (inventory,) = re.findall(r"^`(build/[^`]+/INVENTORY\.md)`:$", text, re.MULTILINE)
    needed = (root / inventory).read_text().partition("## To prepare")[2]
    assert _NEEDS.findall(text) == _NEEDS.findall(needed.partition("\n## ")[0])


def test_the_list_names_every_page() -> None:
    listed = (CHECKOUT / "docs" / "gallery" / "README.md").read_text()
    assert sorted(re.findall(r"\]\(([a-z0-9-]+\.md)\)", listed)) == [page.name for page in PAGES]
