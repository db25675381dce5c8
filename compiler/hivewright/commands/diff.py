"""``hivewright diff``: what a build would change, as a unified diff."""

from __future__ import annotations

import difflib
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hivewright.commands.front import Front, load_project

if TYPE_CHECKING:
    from hivewright.site import Site

DIFFERENCE = 3


def add_arguments(parser: ArgumentParser) -> None:
    """Which host."""
    parser.description = "Compiles the site and compares it with build/. Writes nothing; exits 3 on a difference."
    parser.add_argument("hosts", nargs="*", metavar="HOST", help="only these hosts")
    parser.add_argument("-o", dest="output", metavar="DIR", help="compare with this folder instead of build/")


def run(arguments: Namespace) -> int:
    """0 without a difference, 1 when the site has errors, 2 for an unknown host, 3 with a difference."""
    with load_project(arguments) as front:
        if front.site is None:
            return 1
        return _diff(arguments, front, front.site)


def _diff(arguments: Namespace, front: Front, site: Site) -> int:
    from hivewright.output import compare_departed
    from hivewright.pipeline import allocate_numbers, compile_host

    unknown = sorted(set(arguments.hosts) - site.hosts.keys())
    if unknown:
        sys.stderr.write(f"hivewright: there is no host {unknown[0]}; there are {', '.join(site.hosts)}\n")
        return 2
    numbers = allocate_numbers(front.project, site)
    if front.report(numbers.diagnostics):
        return 1
    build = Path(arguments.output) if arguments.output is not None else front.project.build
    differs = _print_files(front.project.locks, numbers.changed_locks)
    for host in arguments.hosts or site.hosts:
        artifacts, diagnostics = compile_host(site, numbers.allocation, host)
        if front.report(diagnostics) or artifacts is None:
            return 1
        differs |= _print_files(build / host, {path: artifact.content for path, artifact in artifacts.items()})
        differs |= _print_gone(build / host, artifacts)
    if not arguments.hosts:
        for work in compare_departed(build, site.hosts.keys()):
            differs |= _print_files(build, dict.fromkeys(work.changes.removed, b""))
    return DIFFERENCE if differs else 0


def _print_gone(directory: Path, wanted: Mapping[str, object]) -> bool:
    """Files that an earlier build made and this one does not."""
    from hivewright.manifest import MANIFEST, parse_manifest

    try:
        entries, _ = parse_manifest((directory / MANIFEST).read_bytes())
    except OSError:
        return False
    return _print_files(directory, dict.fromkeys((path for path in entries if path not in wanted), b""))


def _print_files(directory: Path, files: Mapping[str, bytes]) -> bool:
    """Prints how files would change; an empty content stands for one that goes. True when any does."""
    differs = False
    for path, content in sorted(files.items()):
        full = os.path.relpath(directory / path)
        try:
            old = (directory / path).read_bytes()
        except OSError:
            old = b""
        if old != content:
            differs = True
            sys.stdout.writelines(_unified(full, old, content))
    return differs


def _unified(path: str, old: bytes, new: bytes) -> Iterator[str]:
    before, after = (content.decode("utf-8", "replace").splitlines(keepends=True) for content in (old, new))
    for line in difflib.unified_diff(before, after, path if old else "/dev/null", path if new else "/dev/null"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
