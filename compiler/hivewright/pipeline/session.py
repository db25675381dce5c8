"""What most verbs share: find the project, read it, load it, check the rules, report."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from hivewright.diagnostics import Diagnostic, Place
from hivewright.source import Project, Sources, find_project, no_project, read_site

if TYPE_CHECKING:
    from hivewright.site import Site


class Session:
    """A project as it was read, and its diagnostics. There is a site only when no error was found.

    It is a context manager: with ``--format json`` all diagnostics are printed as one document at the end.
    """

    def __init__(self, arguments: Namespace, project: Project, sources: Sources) -> None:
        self.arguments = arguments
        self.project = project
        self.sources = sources
        self.site: Site | None = None
        self.reported: list[Diagnostic] = []

    def report(self, diagnostics: Iterable[Diagnostic]) -> bool:
        """Prints diagnostics to stderr as the flags ask; true when one of them is an error."""
        found = _promote(self.arguments, diagnostics)
        failed = any(each.severity == "error" for each in found)
        self.reported += found
        if self.arguments.format != "json":
            self._print(self._wanted(found))
        return failed

    def has_errors(self, diagnostics: Iterable[Diagnostic]) -> bool:
        """Whether one of them is an error, as the flags ask."""
        return any(each.severity == "error" for each in _promote(self.arguments, diagnostics))

    def _wanted(self, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
        return [each for each in diagnostics if each.severity == "error" or not self.arguments.quiet]

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self.arguments.format == "json":
            from hivewright.diagnostics.printer import format_diagnostics

            sys.stderr.write(format_diagnostics(self._wanted(self.reported), self.sources, "json", colour=False))

    def _print(self, diagnostics: list[Diagnostic]) -> None:
        if not diagnostics:
            return
        from hivewright.diagnostics.printer import format_diagnostics, summary

        style, colour = self.arguments.format, wants_colour(self.arguments.color)
        sys.stderr.write(format_diagnostics(diagnostics, self.sources, style, colour=colour))
        if style == "full" and not self.arguments.quiet:
            sys.stderr.write(f"{summary(diagnostics)}\n")


def load_project(arguments: Namespace) -> Session:
    """Reads, loads and checks the project of ``-C``, and reports its diagnostics."""
    session, diagnostics = read_project(arguments, find_project(Path(arguments.directory)))
    if session.site is not None:
        from hivewright.rules import check_rules

        diagnostics = (*diagnostics, *check_rules(session.site))
    if session.report(diagnostics):
        session.site = None
    return session


def read_project(arguments: Namespace, project: Project) -> tuple[Session, tuple[Diagnostic, ...]]:
    """Reads and loads a project; does not check rules, and returns the diagnostics unreported.

    In a site with errors the rules are checked for what is not concerned by these.
    """
    return load_sources(arguments, project, read_site(project))


def load_sources(arguments: Namespace, project: Project, sources: Sources) -> tuple[Session, tuple[Diagnostic, ...]]:
    """The same for a project that was read."""
    session = Session(arguments, project, sources)
    fault = no_project(sources)
    if fault is not None:
        return session, (fault,)
    if not sources.files:
        return session, sources.diagnostics
    from hivewright.site.load import load

    loaded = load(sources)
    session.site = loaded.site
    if loaded.site is not None:
        return session, loaded.diagnostics
    from hivewright.rules import check_rules
    from hivewright.site.sound import is_about

    unknown = {table for each in loaded.diagnostics if (table := _with_unknown_key(each)) is not None}
    rules = [
        each
        for each in check_rules(loaded.rest)
        if not is_about(each, {*loaded.uncertain}) and _table_of(each) not in unknown
    ]
    return session, (*loaded.diagnostics, *rules)


def _with_unknown_key(diagnostic: Diagnostic) -> Place | None:
    """The table of an object with a key that nobody knows: what it lacks may be what was meant."""
    place = diagnostic.place
    if diagnostic.code != "KEY001" or not isinstance(place, Place) or len(place.path) <= len(("vm", "NAME", "KEY")):
        return None
    return Place(place.file, place.path[:-1])


def _table_of(diagnostic: Diagnostic) -> Place | None:
    return Place(*diagnostic.place[:2]) if isinstance(diagnostic.place, Place) else None


def _promote(arguments: Namespace, diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """With ``--strict`` warnings become errors."""
    if not arguments.strict:
        return tuple(diagnostics)
    return tuple(each if each.severity == "error" else each._replace(severity="error") for each in diagnostics)


def wants_colour(choice: str, stream: TextIO | None = None) -> bool:
    """Whether a stream, stderr if none is given, gets colour: as asked, or on a terminal unless NO_COLOR is set
    (no-color.org)."""
    if choice != "auto":
        return choice == "always"
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and (stream or sys.stderr).isatty()
