"""What several tests share: sites on disk, made from text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hivewright.load import Loaded, load
from hivewright.source import find_project, read_site

Files = Mapping[str, str | bytes]
LoadSite = Callable[[str | Files], Loaded]

BASE = '[site]\nname = "example"\n[host.alpha]\nfreebsd = "14.3"\n'
"""The smallest site that VMs can be added to."""


def write_files(folder: Path, files: str | Files) -> Path:
    """Writes files below a folder; a text alone is site.toml."""
    for name, content in ({"site.toml": files} if isinstance(files, str) else files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test builds or checks is remembered for that test alone, and not in the home of whoever runs it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def load_site(tmp_path: Path) -> LoadSite:
    """Loads a site from the text of its files."""
    return lambda files: load(read_site(find_project(write_files(tmp_path, files))))
