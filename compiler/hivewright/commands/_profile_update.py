"""``hivewright profile update``: the folder profiles/ beside the site becomes what a git repository has."""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
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
    target = project.root / "profiles"
    try:
        source = _source(project)
        new, faults = _fetch(source)
        old = dict(_there(target))
        changed = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
        faults += _in_the_way(target, (name for name in changed if name in new))
    except UpdateError as error:
        sys.stderr.write(visible(f"hivewright: {error}\n"))
        return 1
    if faults:
        sys.stderr.write("".join(visible(f"hivewright: {fault}; nothing was changed\n") for fault in faults))
        return 1
    if not changed:
        print("the profiles are those of the repository")
        return 0
    for name in changed:
        _show(name, old.get(name, b""), new.get(name, b""))
    count = "1 profile" if len(changed) == 1 else f"{len(changed)} profiles"
    if arguments.dry or not (arguments.yes or _agreed(count)):
        return 3
    _take(target, changed, new)
    print(f"{count} changed in {target}; see: hivewright profile check")
    return 0


class UpdateError(Exception):
    """Why nothing can be taken from a repository."""


def _source(project: Project) -> ProfileSource:
    """What the site says; a site with faults elsewhere says it too."""
    from hivewright.catalogue.profiles import source_of

    sources = read_site(project)
    tables = (file.values.get("site") for file in sources.files)
    said = next((table["profiles"] for table in tables if isinstance(table, dict) and "profiles" in table), None)
    if said is None and any(each.severity == "error" for each in sources.diagnostics):
        raise UpdateError("what can be read of the site names no repository; see: hivewright check")
    if said is None:
        raise UpdateError('the site names no repository: write [site] profiles = { git = "https://…" }')
    source = source_of(said)
    if source is None:
        raise UpdateError("[site] profiles is not right; see: hivewright check")
    if project.root == project.site:
        raise UpdateError(f"{project.site} is a site without a folder around it: move it to a folder site/ of its own")
    return source


def _fetch(source: ProfileSource) -> tuple[dict[str, bytes], list[str]]:
    """The profiles of a repository, and what is wrong with them."""
    with tempfile.TemporaryDirectory() as folder:
        fault = _clone(source, folder)
        if fault is not None:
            raise UpdateError(f"cannot fetch {source.git}: {fault}")
        found = Path(folder) / source.folder
        if found.resolve() != Path(folder).resolve() / source.folder:
            raise UpdateError(f"{source.folder} of {source.git} is a symbolic link, which is not followed")
        texts: dict[str, bytes] = {}
        faults = []
        for path in sorted(found.glob("*/*.toml")):
            name = f"{path.parent.name}/{path.name}"
            try:
                texts[name] = _read(path, name)
            except UpdateError as error:
                faults.append(f"{source.git}: {name}: {error}")
    if not texts and not faults:
        raise UpdateError(f"{source.git} has no profiles in {source.folder}")
    return texts, faults


def _read(path: Path, name: str) -> bytes:
    """A profile that may be taken: a file of a name, with text that is TOML. The rest is told by profile check."""
    from hivewright.model.base import IMAGE_NAME_FORM, IMAGE_NAME_PATTERN
    from hivewright.source.parsing import parse_toml

    if path.is_symlink() or path.parent.is_symlink() or not path.is_file():
        raise UpdateError("this is no file; links are not followed")
    if not all(re.fullmatch(IMAGE_NAME_PATTERN, each) for each in (path.stem, path.parent.name)):
        raise UpdateError(IMAGE_NAME_FORM)
    if path.stat().st_size > _LARGEST:
        raise UpdateError(f"it has more than {_LARGEST} bytes")
    content = path.read_bytes()
    try:
        fault = parse_toml(name, content.decode())[1]
    except UnicodeDecodeError:
        raise UpdateError("this is not UTF-8 text") from None
    if fault is not None:
        raise UpdateError(fault.message)
    return content


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


def _there(folder: Path) -> Iterator[tuple[str, bytes]]:
    """OS/NAME.toml of the project, with its content; links are the user's own."""
    for path in sorted(folder.glob("*/*.toml")):
        if not path.is_symlink() and not path.parent.is_symlink() and path.is_file():
            yield f"{path.parent.name}/{path.name}", path.read_bytes()


def _in_the_way(target: Path, names: Iterable[str]) -> list[str]:
    """What stands where profiles are to lie, each once."""
    found = {}
    for name in names:
        for path in (target, (target / name).parent):
            if path.is_symlink() or (path.exists() and not path.is_dir()):
                found[path] = f"{path} is no folder; move it away"
        path = target / name
        if path.is_symlink() or path.is_dir():
            found[path] = f"{path} is no file; move it away"
    return list(found.values())


def _show(name: str, old: bytes, new: bytes) -> None:
    before, after = (f"a/{name}" if old else "/dev/null"), (f"b/{name}" if new else "/dev/null")
    lines, others = (each.decode("utf-8", "replace").splitlines() for each in (old, new))
    for line in difflib.unified_diff(lines, others, before, after, lineterm=""):
        print(visible(line))


def _agreed(count: str) -> bool:
    if not sys.stdin.isatty():
        sys.stderr.write("hivewright: nothing is changed; --yes takes the changes\n")
        return False
    print(f"Take {count}? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _take(target: Path, changed: Sequence[str], texts: Mapping[str, bytes]) -> None:
    """All are written beside their places before the first is renamed; where one cannot be written, none is taken."""
    fresh = {name: target / name for name in changed if name in texts}
    try:
        for name, path in fresh.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _beside(path).unlink(missing_ok=True)
            with _beside(path).open("xb") as stream:
                stream.write(texts[name])
    except OSError:
        for path in fresh.values():
            with suppress(OSError):
                _beside(path).unlink()
        raise
    for path in fresh.values():
        _beside(path).replace(path)
    for name in changed:
        if name not in texts:
            (target / name).unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")
