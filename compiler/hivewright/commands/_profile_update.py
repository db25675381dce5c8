"""``hivewright profile update``: the folder profiles/ beside the site becomes what a git repository has."""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hivewright.diagnostics.printer import visible
from hivewright.source import Project, read_site

if TYPE_CHECKING:
    from hivewright.model.site import ProfileSource

_LARGEST = 1 << 18
"""Bytes of a profile; a larger file is a mistake."""


def update(arguments: Namespace, project: Project) -> int:
    """Shows the changes, asks, and takes them. 0; 1 where that cannot be done, 3 where it was not done."""
    source = _source(project)
    target = project.root / "profiles"
    if source is None or project.root == project.site:
        why = (
            'the site names no repository: write [site] profiles = { git = "https://…" }'
            if source is None
            else f"{project.site} is a site without a folder around it: move it to a folder site/ of its own"
        )
        sys.stderr.write(f"hivewright: {why}\n")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        fault = _clone(source, folder)
        if fault is not None:
            sys.stderr.write(f"hivewright: cannot fetch {source.git}: {visible(fault)}\n")
            return 1
        new = dict(_profiles(Path(folder) / source.folder))
    if not new:
        sys.stderr.write(f"hivewright: {source.git} has no profiles in {source.folder}\n")
        return 1
    old = dict(_profiles(target))
    changed = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    if not changed:
        print("the profiles are those of the repository")
        return 0
    for name in changed:
        _show(name, old.get(name, ""), new.get(name, ""))
    faults = _faults({name: new[name] for name in changed if name in new})
    if faults:
        sys.stderr.write("".join(f"hivewright: {fault}\n" for fault in faults))
        return 1
    if arguments.dry or not (arguments.yes or _agreed(len(changed))):
        return 3
    for name in changed:
        _put(target / name, new.get(name))
    print(f"{len(changed)} profiles changed in {target}; see: hivewright profile check")
    return 0


def _source(project: Project) -> ProfileSource | None:
    """What the site says; a site with faults elsewhere says it too."""
    from hivewright.catalogue.profiles import source_of

    tables = (file.values.get("site") for file in read_site(project).files)
    return next(
        (source_of(table["profiles"]) for table in tables if isinstance(table, dict) and "profiles" in table), None
    )


def _clone(source: ProfileSource, folder: str) -> str | None:
    """Why the repository cannot be had."""
    branch = ["--branch", source.ref] if source.ref else []
    words = ["git", "clone", "--quiet", "--depth", "1", *branch, "--", source.git, folder]
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "https:ssh:git:file"}
    try:
        done = subprocess.run(words, env=environment, capture_output=True, text=True, errors="replace", check=False)
    except FileNotFoundError:
        return "git is not installed"
    return None if done.returncode == 0 else done.stderr.strip().replace("\n", "; ") or f"status {done.returncode}"


def _profiles(folder: Path) -> Iterator[tuple[str, str]]:
    """OS/NAME.toml of a folder, with its text; links are not followed."""
    for path in sorted(folder.glob("*/*.toml")):
        if path.is_symlink() or path.parent.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
            continue
        yield f"{path.parent.name}/{path.name}", path.read_text(encoding="utf-8", errors="replace")


def _show(name: str, old: str, new: str) -> None:
    before, after = (f"a/{name}" if old else "/dev/null"), (f"b/{name}" if new else "/dev/null")
    for line in difflib.unified_diff(old.splitlines(), new.splitlines(), before, after, lineterm=""):
        print(visible(line))


def _faults(texts: dict[str, str]) -> list[str]:
    """What is no TOML; the rest is told by profile check."""
    from hivewright.source.parsing import parse_toml

    found = ((name, parse_toml(name, text)[1]) for name, text in texts.items())
    return [f"{name}: {fault.message}" for name, fault in found if fault is not None]


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        sys.stderr.write("hivewright: nothing is changed; --yes takes the changes\n")
        return False
    print(f"Take {count} changed profiles? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _put(path: Path, text: str | None) -> None:
    """By rename, or gone."""
    if text is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
