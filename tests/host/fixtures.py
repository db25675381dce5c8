"""Fixtures of the tests on the stand-in host; a test module that uses them names this plugin."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .build import SITE, build_tree
from .sandbox import Host, prepare

SITES = SITE.parent


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-ins, compiled."""
    return prepare(tmp_path_factory.mktemp("standin"))


@pytest.fixture(scope="session")
def built_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What lands at / of the host of tests/sites/standin."""
    return build_tree(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="session")
def tree_of(tmp_path_factory: pytest.TempPathFactory, built_tree: Path) -> Callable[[str, str], Path]:
    """What lands at / of a host of a site below tests/sites: ``tree_of(site, host)``, each compiled once."""
    trees = {("standin", "alpha"): built_tree}

    def tree(site: str, host: str) -> Path:
        if (site, host) not in trees:
            trees[site, host] = build_tree(tmp_path_factory.mktemp(f"{site}-{host}"), host, SITES / site)
        return trees[site, host]

    return tree


@pytest.fixture
def open_site(tmp_path: Path, standin: Path, tree_of: Callable[[str, str], Path]) -> Iterator[Callable[..., Host]]:
    """Opens hosts of any site: ``open_site(site, host, shell, **settings)``."""
    hosts: list[Host] = []

    def open_one(site: str, name: str, shell: str, **settings: Any) -> Host:
        directory = tmp_path / f"site{len(hosts)}"
        directory.mkdir()
        hosts.append(Host(tree_of(site, name), directory, standin, shell, hostname=name, **settings))
        return hosts[-1]

    yield open_one
    for host in hosts:
        host.close()


@pytest.fixture
def open_host(tmp_path: Path, standin: Path, built_tree: Path) -> Iterator[Callable[..., Host]]:
    """Opens hosts with the built tree: ``open_host(shell, **settings)``."""
    hosts: list[Host] = []
    numbers = itertools.count()

    def open_one(shell: str, **settings: Any) -> Host:
        directory = tmp_path / str(next(numbers))
        directory.mkdir()
        hosts.append(Host(built_tree, directory, standin, shell, **settings))
        return hosts[-1]

    yield open_one
    for host in hosts:
        host.close()


@pytest.fixture
def empty_host(tmp_path: Path, standin: Path) -> Iterator[Host]:
    """A host without anything of ours, with dash; its bhyve is no stricter than the real one."""
    (tmp_path / "tree").mkdir()
    host = Host(tmp_path / "tree", tmp_path, standin, "dash", strict=False)
    yield host
    host.close()
