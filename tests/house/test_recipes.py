"""docs/internals/recipes.md: each recipe is followed in a copy of the checkout, where it makes what it promises.

A recipe's edits are in tests/recipes. They touch the files that the recipe names, in its order, and no other; then the
tests that guard the project pass in the copy, so that no place is missing, and a site has what was added.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conftest import write_files
from projects import CHECKOUT

PAGE = (CHECKOUT / "docs" / "internals" / "recipes.md").read_text()
FILES = sorted((CHECKOUT / "tests" / "recipes").glob("*.toml"))
COPIED = ("build", "compiler", "docs", "profiles", "site", "templates", "tests", ".ci", ".gitignore", ".shellcheckrc",
          "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "build_data.py", "pyproject.toml")  # fmt: skip
HOUSE = ["tests/house/test_house.py", "tests/house/test_imports.py"]
"""What every recipe is guarded by, beside the tests that it names."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A copy of the checkout."""

    root: Path

    def run(self, *words: str, folder: Path | None = None) -> str:
        """The standard output of a module of Python, which must succeed."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV", "HIVEWRIGHT"))
        }
        environment |= {"PYTHONPATH": str(self.root / "compiler"), "XDG_CACHE_HOME": str(self.root / "cache")}
        command = [sys.executable, "-P", "-m", *words]
        done = subprocess.run(
            command, cwd=folder or self.root, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def edit(self, place: dict[str, str]) -> None:
        path = self.root / place["file"]
        text = place["text"]
        if "before" not in place and "replace" not in place:
            path.write_text(text)
            path.chmod(int(place.get("mode", "644"), 8))
            return
        anchor = place.get("before") or place["replace"]
        source = path.read_text()
        assert source.count(anchor) == 1, f"{place['file']} has {anchor!r} {source.count(anchor)} times"
        path.write_text(source.replace(anchor, text + anchor if "before" in place else text))

    def golden(self) -> None:
        """What ``make golden`` does, as far as a recipe can change it."""
        self.run("hivewright", "-q", "build")
        self.run("hivewright.schema.manual_page", "docs/man/hivewright.toml.5")
        self.pytest("tests/pipeline/test_full_house.py", "--snapshot-update", "--allow-snapshot-deletion")

    def pytest(self, *arguments: str) -> None:
        self.run("pytest", "-q", "-x", "-p", "no:cacheprovider", "-n", "0", *arguments)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root = tmp_path / "copy"
    for name in COPIED:
        if (CHECKOUT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(CHECKOUT / name, root / name, ignore=ignored, symlinks=True)
        else:
            shutil.copy2(CHECKOUT / name, root / name)
    return Checkout(root)


def read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text())


def places(recipe: dict[str, Any]) -> list[str]:
    """The files that a recipe touches by hand, as its text names them, in order."""
    return list(dict.fromkeys(place.get("named", place["file"]) for place in recipe["place"]))


def sections() -> Iterator[tuple[str, list[str]]]:
    """The title of each recipe of the page, and the files that its items begin with."""
    for section in PAGE.split("\n## ")[1:]:
        yield section.partition("\n")[0], re.findall(r"^[0-9]+\. `([^`]+)`", section, re.MULTILINE)


def test_the_page_names_the_places_in_their_order() -> None:
    recipes = {recipe["title"]: places(recipe) for recipe in map(read, FILES)}
    assert dict(sections()) == recipes


def test_the_page_says_how_many_there_are() -> None:
    for section in PAGE.split("\n## ")[1:]:
        named = re.findall(r"^[0-9]+\. `([^`]+)`", section, re.MULTILINE)
        assert f"{len(named)} files" in section, section.partition("\n")[0]


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_recipe_is_all_that_it_takes(path: Path, checkout: Checkout, tmp_path: Path) -> None:
    recipe = read(path)
    for place in recipe["place"]:
        checkout.edit(place)
    checkout.golden()
    site = write_files(tmp_path / "project", {"site.toml": recipe["site"]})
    shown = checkout.run("hivewright", "-C", str(site), "show", "web1")
    checkout.run("hivewright", "-C", str(site), "-q", "build")
    checkout.run("hivewright", "-C", str(site), "-q", "build", "--check")
    build = "".join(file.read_text() for file in sorted((site / "build").rglob("*")) if file.is_file())
    for word in recipe["words"]:
        assert word in shown + build, f"{word} is nowhere"
    checkout.pytest(*HOUSE, *recipe["guards"], "-m", "not slow")
