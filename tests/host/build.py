"""The trees that run on the stand-in host: compiled by the same functions as every build."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from hivewright.allocation.allocate import allocate
from hivewright.allocation.lock_files import read_locks
from hivewright.diagnostics import Diagnostic
from hivewright.emit.render import render
from hivewright.emit.runtime import runtime_artifacts
from hivewright.lower import lower
from hivewright.rules import check_rules
from hivewright.site.load import load
from hivewright.source import find_project, read_site

if TYPE_CHECKING:
    from .sandbox import Host

SITE = Path(__file__).parent.parent / "sites" / "standin"
"""The site of tests that several topics share."""


def refuse_errors(diagnostics: Iterable[Diagnostic]) -> None:
    """The sites of the tests have no errors."""
    errors = [str(each) for each in diagnostics if each.severity == "error"]
    if errors:
        raise AssertionError("\n".join(errors))


def build_tree(directory: Path, host: str = "alpha", site: Path = SITE) -> Path:
    """Compile a site into a directory; returns what lands at / of the host."""
    project = find_project(site)
    loaded = load(read_site(project))
    refuse_errors(loaded.diagnostics)
    assert loaded.site is not None
    refuse_errors(check_rules(loaded.site))
    allocation = allocate(loaded.site, read_locks(project).locks)
    refuse_errors(allocation.diagnostics)
    lowered = lower(loaded.site, allocation)
    refuse_errors(lowered.diagnostics)
    plan = next(plan for plan in lowered.plans if plan.name == host)
    for name, artifact in {**runtime_artifacts(), **render(plan)}.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(artifact.content)
        path.chmod(artifact.mode)
    return directory / "root"


def install(host: Host, *replacements: tuple[str, str], site: Path = SITE) -> None:
    """Put a site with some texts replaced onto its host alpha, as configuration management would.

    As there, what the changed site does not make any more is left on the host.
    """
    with tempfile.TemporaryDirectory() as directory:
        changed = Path(directory) / "site"
        shutil.copytree(site, changed)
        for old, new in replacements:
            (path,) = [each for each in changed.rglob("*.toml") if old in each.read_text()]
            path.write_text(path.read_text().replace(old, new))
        shutil.copytree(build_tree(Path(directory) / "built", site=changed), host.root, dirs_exist_ok=True)
