"""Fixtures of the tests on the stand-in host; conftest.py loads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
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
def built_tree(tree_of: Callable[[Path, str], Path]) -> Path:
    """What lands at / of the host of tests/sites/standin."""
    return tree_of(SITE, "alpha")


@pytest.fixture(scope="session")
def tree_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, str], Path]:
    """What lands at / of a host of a site: ``tree_of(site, host)``, each compiled once."""
    trees: dict[tuple[Path, str], Path] = {}

    def tree(site: Path, host: str) -> Path:
        if (site, host) not in trees:
            trees[site, host] = build_tree(tmp_path_factory.mktemp(f"{site.name}-{host}"), host, site)
        return trees[site, host]

    return tree


@pytest.fixture
def open_tree(tmp_path: Path, standin: Path) -> Iterator[Callable[..., Host]]:
    """Opens hosts with a built tree, ``open_tree(tree, shell, **settings)``, and closes them."""
    hosts: list[Host] = []

    def open_one(tree: Path, shell: str, **settings: Any) -> Host:
        directory = tmp_path / f"host{len(hosts)}"
        directory.mkdir()
        hosts.append(Host(tree, directory, standin, shell, **settings))
        return hosts[-1]

    yield open_one
    for host in hosts:
        host.close()


@pytest.fixture
def open_site(open_tree: Callable[..., Host], tree_of: Callable[[Path, str], Path]) -> Callable[..., Host]:
    """Opens hosts of any site: ``open_site(site, host, shell, **settings)``."""

    def open_one(site: Path, name: str, shell: str, **settings: Any) -> Host:
        return open_tree(tree_of(site, name), shell, hostname=name, **settings)

    return open_one


@pytest.fixture
def open_host(open_tree: Callable[..., Host], built_tree: Path) -> Callable[..., Host]:
    """Opens hosts with the built tree: ``open_host(shell, **settings)``."""
    return partial(open_tree, built_tree)


@pytest.fixture
def open_empty(tmp_path: Path, standin: Path) -> Iterator[Callable[..., Host]]:
    """Opens hosts without anything of ours, ``open_empty(shell, **settings)``, their modules loaded; their bhyve is no
    stricter than the real one."""
    hosts: list[Host] = []

    def open_one(shell: str = "dash", **settings: Any) -> Host:
        directory = tmp_path / f"empty{len(hosts)}"
        (directory / "tree").mkdir(parents=True)
        settings = {"strict": False, "modules": ["vmm", "nmdm"], **settings}
        hosts.append(Host(directory / "tree", directory, standin, shell, **settings))
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
