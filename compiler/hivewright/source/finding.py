"""Finds the project that a folder belongs to."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from hivewright.diagnostics import Diagnostic
from hivewright.source.project import Project, Sources
from hivewright.system.data import data_directory

_SITE = "site"
_DEFINES_SITE = re.compile(r"^[ \t]*(?:\[[ \t]*site\b|site[ \t]*[.=])", re.MULTILINE)
"""The beginning of a table ``[site]``, whatever is wrong with the rest of the document."""


def find_project(directory: Path) -> Project:
    """The project that a folder is or lies in: ``DIR/site`` and ``DIR/build``, or ``DIR`` itself as a site.

    A project above is one whose site has the table ``[site]``, in a file at its top or one folder below. Folders in
    which everybody may write, such as /tmp, and what is above them are not looked at. A folder without a project is
    taken for a site itself.
    """
    root, site = directory, directory / _SITE
    if not site.is_dir() or _is_site_folder(directory):
        root, site = _project_around(directory) or (directory, directory)
    own = dict.fromkeys((site / "profiles", root / "profiles"))
    return Project(root, site, root / "build", (*own, data_directory("profiles")))


def no_project(sources: Sources) -> Diagnostic | None:
    """The one thing to say where somebody is in a wrong folder: its TOML, if it has any, is not that of a site."""
    project = sources.project
    if project.site != project.root or not project.site.is_dir():
        return None
    if any({"site", "host"} & file.values.keys() for file in sources.files) or sources.may_define("site"):
        return None
    where = "this folder" if project.root == Path() else project.root
    message = f"{where} is no project, and lies in none: no TOML file here has the table [site]"
    remedy = "go to the project's folder, name it with -C DIR, or make a new one with: hivewright new DIR"
    return Diagnostic("SRC006", message, help=remedy)


def _project_around(directory: Path) -> tuple[Path, Path] | None:
    """Root and site of the project that a folder belongs to; written as the folder is, absolute or not."""
    real = Path(os.path.realpath(directory))
    for folder in (real, *real.parents) if real.is_dir() else ():
        if folder != real and _is_open(folder):
            break
        if any(map(_defines_site, _top(folder / _SITE))):
            root, site = folder, folder / _SITE
        elif _defines_site(folder):
            root, site = folder.parent if _is_site_folder(folder) else folder, folder
        else:
            continue
        if directory.is_absolute():
            return root, site
        return Path(os.path.relpath(root)), Path(os.path.relpath(site))
    return None


def _is_site_folder(folder: Path) -> bool:
    """Whether a folder is the ``site`` of a project around it."""
    real = Path(os.path.realpath(folder))
    return real.name == _SITE and not _is_open(real.parent) and _defines_site(real)


def _is_open(folder: Path) -> bool:
    """Whether everybody may put files there: those are not taken for a project without being asked for."""
    try:
        return bool(folder.stat().st_mode & stat.S_IWOTH)
    except OSError:
        return True


def _top(site: Path) -> Iterator[Path]:
    yield site
    try:
        with os.scandir(site) as entries:
            folders = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    except OSError:
        return
    yield from (site / name for name in folders)


def _defines_site(folder: Path) -> bool:
    """Whether a TOML file of a folder begins the table ``[site]``."""
    try:
        names = [name for name in os.listdir(folder) if name.endswith(".toml")]
    except OSError:
        return False
    names.sort(key=lambda name: name != "site.toml")
    return any(map(_begins_site, (folder / name for name in names)))


def _begins_site(file: Path) -> bool:
    try:
        return file.is_file() and _DEFINES_SITE.search(file.read_text(encoding="utf-8", errors="replace")) is not None
    except OSError:
        return False
