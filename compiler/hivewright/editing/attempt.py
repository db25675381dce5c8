"""What the site would be with some of its files otherwise, and what would be wrong with it then."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic
from hivewright.pipeline.session import Session, load_sources
from hivewright.source import Project, Sources, with_texts

if TYPE_CHECKING:
    from hivewright.allocation.lock_files import Locks


def check_sources(
    arguments: Namespace, project: Project, sources: Sources, locks: Locks | None = None
) -> tuple[Session, list[Diagnostic]]:
    """A project that was read, and all diagnostics of its site: of files, keys, rules and numbers.

    The locks are those on disk where no others are given.
    """
    from hivewright.allocation.lock_files import allocate_numbers, read_locks
    from hivewright.rules import check_rules

    session, diagnostics = load_sources(arguments, project, sources)
    found = [*diagnostics]
    if session.site is not None:
        found += check_rules(session.site)
        if not any(each.severity == "error" for each in found):
            found += allocate_numbers(session.site, locks or read_locks(project)).diagnostics
    return session, found


def attempt(
    arguments: Namespace,
    session: Session,
    known: list[Diagnostic],
    texts: Mapping[str, str | None],
    locks: Locks | None = None,
) -> tuple[Session, list[Diagnostic]]:
    """The project with other texts of some files, by name below the site; and its errors that are not known yet."""
    trial, found = news(arguments, session, known, texts, locks)
    return trial, [each for each in found if each.severity == "error"]


def news(
    arguments: Namespace,
    session: Session,
    known: list[Diagnostic],
    texts: Mapping[str, str | None],
    locks: Locks | None = None,
) -> tuple[Session, list[Diagnostic]]:
    """The same with all diagnostics that are not known yet: by their code and message, since an edit moves lines."""
    trial, found = check_sources(arguments, session.project, with_texts(session.sources, texts), locks)
    old = {(fault.code, fault.message) for fault in known}
    return trial, [each for each in found if (each.code, each.message) not in old]


class ChangedMeanwhileError(Exception):
    """A file that is not what it was when it was read; the text says which, and what to do."""


def write_texts(sources: Sources, texts: Mapping[str, str | None]) -> None:
    """Writes files of the site, all beside their places first and then by rename, and removes those without a text.

    A file keeps its mode, and a link stays one. Raises ``ChangedMeanwhileError``, and ``OSError``; nothing is written
    where one of the files was changed since it was read, or the disk is full.
    """
    beside: dict[str, str] = {}
    try:
        for name, text in texts.items():
            path = os.path.realpath(sources.path(name))
            if text is not None:
                beside[path] = _write_beside(path, text)
        _refuse_changed(sources, texts)
        for path, new in beside.items():
            os.replace(new, path)
        for name, text in texts.items():
            if text is None:
                os.unlink(os.path.realpath(sources.path(name)))
    finally:
        for new in beside.values():
            with suppress(FileNotFoundError):
                os.unlink(new)


def _write_beside(path: str, text: str) -> str:
    """The name of a file beside the place of another one, with its mode."""
    folder, name = os.path.split(path)
    os.makedirs(folder, exist_ok=True)
    new = os.path.join(folder, f".{name}.new")
    try:
        with open(new, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            os.chmod(new, os.stat(path).st_mode & 0o7777)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(new)
        raise
    return new


def _refuse_changed(sources: Sources, names: Iterable[str]) -> None:
    for name in names:
        try:
            with open(sources.path(name), encoding="utf-8", newline="") as file:
                now: str | None = file.read()
        except FileNotFoundError:
            now = None
        except UnicodeDecodeError:
            now = ""
        if now != sources.texts.get(name):
            raise ChangedMeanwhileError(f"{sources.path(name)} was changed meanwhile; nothing was written: try again")
