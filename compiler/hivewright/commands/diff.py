"""``hivewright diff``: what a build would change, as a unified diff."""

from __future__ import annotations

import difflib
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hivewright.pipeline.session import Session, load_project, wants_colour

if TYPE_CHECKING:
    from hivewright.output.write import HostChanges
    from hivewright.site import Site

DIFFERENCE = 3


def add_arguments(parser: ArgumentParser) -> None:
    """Which host."""
    parser.description = "Compiles the site and compares it with build/. Writes nothing; exits 3 on a difference."
    parser.add_argument("hosts", nargs="*", metavar="HOST", help="only these hosts, or runtime")
    parser.add_argument("-o", dest="output", metavar="DIR", help="compare with this folder instead of build/")


def run(arguments: Namespace) -> int:
    """0 without a difference, 1 when the site has errors, 2 for an unknown host, 3 with a difference."""
    from hivewright.diagnostics import Diagnostic
    from hivewright.output.write import OutputError

    with load_project(arguments) as session:
        if session.site is None:
            return 1
        try:
            return _diff(arguments, session, session.site)
        except OutputError as error:
            session.report([Diagnostic("OUT001", f"{error.path}: {error.reason}", help=error.remedy)])
            return 1


def _diff(arguments: Namespace, session: Session, site: Site) -> int:
    from hivewright.allocation.lock_files import allocate_numbers, read_locks
    from hivewright.lower.seed.nocloud import SeedWriter
    from hivewright.output.write import compare_departed, compare_files, compare_host
    from hivewright.pipeline.compile_host import compile_host, compile_runtime
    from hivewright.pipeline.new_guests import new_guests
    from hivewright.source import LOCKS, RUNTIME

    unknown = sorted(set(arguments.hosts) - {*site.hosts, RUNTIME})
    if unknown:
        sys.stderr.write(f"hivewright: there is no host {unknown[0]}; there are {', '.join(site.hosts)}\n")
        return 2
    locks = read_locks(session.project)
    numbers = allocate_numbers(site, locks)
    if session.report((*numbers.diagnostics, *new_guests(site, session.project, locks.locks))):
        return 1
    build = Path(arguments.output) if arguments.output is not None else session.project.build
    works = [compare_files(session.project.locks, numbers.changed_locks, f"{LOCKS}/")]
    seeds = SeedWriter()
    for host in arguments.hosts or (RUNTIME, *site.hosts):
        if host == RUNTIME:
            works.append(compare_host(build, host, compile_runtime()))
            continue
        artifacts, diagnostics = compile_host(site, numbers.allocation, host, seeds)
        if session.report(diagnostics) or artifacts is None:
            return 1
        works.append(compare_host(build, host, artifacts))
    if not arguments.hosts:
        works += compare_departed(build, {*site.hosts, RUNTIME})
    colour = wants_colour(arguments.color, sys.stdout)
    for work in works:
        _print(work, colour=colour)
    return DIFFERENCE if any(work.changes for work in works) else 0


def _print(work: HostChanges, *, colour: bool) -> None:
    """Prints what ``apply`` would do, file by file."""
    from hivewright.output.files import read
    from hivewright.plan import MANIFEST

    removed = [*work.remove, MANIFEST] if work.is_departed else work.remove
    wanted = {**dict(work.write), **dict.fromkeys(removed)}
    for path, artifact in sorted(wanted.items()):
        full = os.path.join(work.directory, path)
        found = read(full)
        old = None if found is None else (found.mode, found.content)
        new = None if artifact is None else (artifact.mode, artifact.content)
        lines = _file(os.path.relpath(full), old, new)
        sys.stdout.writelines(map(_coloured, lines) if colour else lines)


_COLOURS = (("---", "1"), ("+++", "1"), ("@@", "36"), ("-", "31"), ("+", "32"), (" ", ""), ("", "1"))
"""How a line begins, and its colour by ECMA-48; those of git-diff(1)."""


def _coloured(line: str) -> str:
    colour = next(colour for start, colour in _COLOURS if line.startswith(start))
    return f"\x1b[{colour}m{line[:-1]}\x1b[0m\n" if colour else line


def _file(path: str, old: tuple[int, bytes] | None, new: tuple[int, bytes] | None) -> Iterator[str]:
    """One file in the form of git-diff(1), which patch(1) takes too; modes as git keeps them."""
    yield f"diff --git a/{path} b/{path}\n"
    if old is None and new is not None:
        yield f"new file mode {_git_mode(new[0])}\n"
    elif old is not None and new is None:
        yield f"deleted file mode {_git_mode(old[0])}\n"
    elif old is not None and new is not None and _git_mode(old[0]) != _git_mode(new[0]):
        yield f"old mode {_git_mode(old[0])}\n"
        yield f"new mode {_git_mode(new[0])}\n"
    from_name, to_name = f"a/{path}" if old else "/dev/null", f"b/{path}" if new else "/dev/null"
    try:
        before, after = (_lines(side[1].decode()) if side is not None else [] for side in (old, new))
    except UnicodeDecodeError:
        yield f"Binary files {from_name} and {to_name} differ\n"
        return
    for line in difflib.unified_diff(before, after, from_name, to_name):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _git_mode(mode: int) -> str:
    return "100755" if mode & 0o100 else "100644"


def _lines(text: str) -> list[str]:
    """Lines as patch(1) splits them: at newlines only."""
    *whole, rest = text.split("\n")
    return [f"{line}\n" for line in whole] + ([rest] if rest else [])
