"""Fixtures of the tests on the stand-in host; a test module that uses them names this plugin."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .build import SITE, build_tree
from .sandbox import Host, prepare


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-ins, compiled."""
    return prepare(tmp_path_factory.mktemp("standin"))


@pytest.fixture(scope="session")
def built_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What lands at / of the host of tests/sites/standin."""
    return build_tree(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="session")
def storage_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What lands at / of the host of tests/sites/storage."""
    return build_tree(tmp_path_factory.mktemp("storage"), site=SITE.parent / "storage")


def opener(tree: Path, tmp_path: Path, standin: Path) -> Iterator[Callable[..., Host]]:
    """Opens hosts with a built tree, ``open_host(shell, **settings)``, and closes them."""
    hosts: list[Host] = []
    numbers = itertools.count()

    def open_one(shell: str, **settings: Any) -> Host:
        directory = tmp_path / str(next(numbers))
        directory.mkdir()
        hosts.append(Host(tree, directory, standin, shell, **settings))
        return hosts[-1]

    yield open_one
    for host in hosts:
        host.close()


@pytest.fixture
def open_host(tmp_path: Path, standin: Path, built_tree: Path) -> Iterator[Callable[..., Host]]:
    """Opens hosts of tests/sites/standin."""
    yield from opener(built_tree, tmp_path, standin)


@pytest.fixture
def open_storage_host(tmp_path: Path, standin: Path, storage_tree: Path) -> Iterator[Callable[..., Host]]:
    """Opens hosts of tests/sites/storage."""
    yield from opener(storage_tree, tmp_path, standin)


@pytest.fixture
def empty_host(tmp_path: Path, standin: Path) -> Iterator[Host]:
    """A host without anything of ours, with dash; its bhyve is no stricter than the real one."""
    (tmp_path / "tree").mkdir()
    host = Host(tmp_path / "tree", tmp_path, standin, "dash", strict=False)
    yield host
    host.close()
