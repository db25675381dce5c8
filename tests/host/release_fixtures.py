"""Fixtures of the tests on hosts to which the files of another release come; conftest.py loads them."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from .releases import NEXT, SETTINGS, SITE, Open
from .sandbox import Host


def as_later(tree: Path) -> None:
    """Make a tree of this release that of a later one: each file of sh is longer, and tells when its end is read."""
    for path in tree.rglob("*"):
        if not path.is_file():
            continue
        text = path.read_text()
        if path.name == "host.conf":
            read_on = 'test "${read_from_its_beginning-}" || printf "host.conf\\n" >>/tmp/read-on\n'
            path.write_text(f"read_from_its_beginning=yes\n{text}{'# longer' * 10}\n{read_on}")
        elif path.suffix == ".subr":
            path.write_text(f'{text}printf "%s {path.name}\\n" "$$" >>/tmp/loaded\n')
        elif text.startswith("#!/bin/sh") and "hooks" not in path.parts:
            path.write_text(f'{text}[ -n "${{hive_reading-}}" ] || printf "%s\\n" "$0" >>/tmp/read-on\n')


@pytest.fixture(scope="session")
def trees(tmp_path_factory: pytest.TempPathFactory, tree_of: Callable[[Path, str], Path]) -> dict[str, Path]:
    """What lands at / by release."""
    directory = tmp_path_factory.mktemp("releases")
    with tarfile.open(SITE / "before.tar.xz") as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                path = directory / "before" / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())
                path.chmod(member.mode)
    shutil.copytree(tree_of(SITE, "alpha"), directory / "later")
    as_later(directory / "later")
    return {"before": directory / "before" / "root", "this": tree_of(SITE, "alpha"), "later": directory / "later"}


@pytest.fixture
def open_release(open_tree: Open, trees: dict[str, Path]) -> Open:
    """Opens hosts with a release, ``open_release(release, shell, **settings)``, to which the next one can come."""

    def open_one(release: str, shell: str, **settings: object) -> Host:
        host = open_tree(trees[release], shell, **SETTINGS, **settings)
        shutil.copytree(trees["this" if release == "before" else "later"], host.path(NEXT))
        return host

    return open_one
