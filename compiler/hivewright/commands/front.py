"""The half that most verbs share: find the project, read it, load it, check the rules, report."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hivewright.report import Diagnostic
from hivewright.source import Project, Sources, find_project, read_site

if TYPE_CHECKING:
    from hivewright.site import Site


@dataclass(frozen=True, slots=True)
class Front:
    """A project as it was read. There is a site only when no error was found."""

    project: Project
    sources: Sources
    site: Site | None
    diagnostics: tuple[Diagnostic, ...]


def load_project(arguments: Namespace) -> Front:
    """Reads, loads and checks the project of ``-C``; what was found is reported to stderr."""
    project = find_project(Path(arguments.directory))
    sources = read_site(project)
    site, diagnostics = _load(sources)
    diagnostics = promote(arguments, diagnostics)
    failed = report(arguments, sources, diagnostics)
    return Front(project, sources, None if failed else site, diagnostics)


def _load(sources: Sources) -> tuple[Site | None, tuple[Diagnostic, ...]]:
    if not sources.files:
        return None, sources.diagnostics
    from hivewright.load import load

    loaded = load(sources)
    if loaded.site is None:
        return None, loaded.diagnostics
    from hivewright.rules import check_rules

    return loaded.site, (*loaded.diagnostics, *check_rules(loaded.site))


def promote(arguments: Namespace, diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """With ``--strict`` warnings become errors."""
    if not arguments.strict:
        return tuple(diagnostics)
    return tuple(each if each.severity == "error" else replace(each, severity="error") for each in diagnostics)


def report(arguments: Namespace, sources: Sources, diagnostics: Iterable[Diagnostic]) -> bool:
    """Prints diagnostics to stderr as the flags ask; true when one of them is an error."""
    diagnostics = promote(arguments, diagnostics)
    failed = any(each.severity == "error" for each in diagnostics)
    if arguments.quiet:
        diagnostics = tuple(each for each in diagnostics if each.severity == "error")
    if not diagnostics:
        return failed
    from hivewright.printer import format_diagnostics, summary

    sys.stderr.write(format_diagnostics(diagnostics, sources, arguments.format, colour=wants_colour(arguments.color)))
    if arguments.format == "full" and not arguments.quiet:
        sys.stderr.write(f"{summary(diagnostics)}\n")
    return failed


def wants_colour(choice: str) -> bool:
    """Whether stderr gets colour: as asked, or on a terminal unless NO_COLOR is set (no-color.org)."""
    if choice != "auto":
        return choice == "always"
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and sys.stderr.isatty()
