"""What the site would be with some of its files otherwise, and what would be wrong with it then."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Mapping
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
    """The project with other texts of some files, by name below the site; and its errors that are not known yet.

    An error is known by its code and message, since an edit moves lines.
    """
    trial, found = check_sources(arguments, session.project, with_texts(session.sources, texts), locks)
    old = {(fault.code, fault.message) for fault in known}
    return trial, [each for each in found if each.severity == "error" and (each.code, each.message) not in old]


def write_texts(sources: Sources, texts: Mapping[str, str | None]) -> None:
    """Writes files of the site, each beside its place and then by rename, and then removes those without a text.

    A file keeps its mode, and a link stays one. Raises ``OSError``.
    """
    for name, text in sorted(texts.items(), key=lambda item: item[1] is None):
        path = os.path.realpath(sources.path(name))
        if text is None:
            os.unlink(path)
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        beside = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.new")
        try:
            with open(beside, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileNotFoundError):
                os.chmod(beside, os.stat(path).st_mode & 0o7777)
            os.replace(beside, path)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(beside)
