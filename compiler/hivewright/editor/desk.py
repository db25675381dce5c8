"""The guest that is being edited: the changes so far, and what the site and the host's files are with them.

Changes are kept as a list and applied to the file as it was read, so that any of them can be taken back, and all of
them can be made again in a file that somebody else has changed.
"""

from __future__ import annotations

import difflib
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hivewright.diagnostics import Diagnostic, Place
from hivewright.editing.assignment import KeyPath
from hivewright.editing.attempt import check_sources, news, write_texts
from hivewright.editing.change import guests_of
from hivewright.editing.document import UneditableError, set_key
from hivewright.editing.draft import Draft
from hivewright.editing.guests import Texts
from hivewright.editing.questions import QUESTIONS
from hivewright.editing.tables import part_tables
from hivewright.editor.settings import Setting, settings_of
from hivewright.emit.render import guest_files
from hivewright.pipeline.in_memory import lower_one
from hivewright.pipeline.session import Session
from hivewright.site.resolve import Resolver
from hivewright.site.tables import Tables, add_up
from hivewright.source import Project, Sources, read_site, with_texts


class Edit(NamedTuple):
    """A key and what it gets; ``None`` deletes it."""

    path: KeyPath
    value: Any


class Look(NamedTuple):
    """A guest as it is with some changes."""

    toml: str
    """Its tables."""
    faults: tuple[Diagnostic, ...]
    """Errors that the site has not got without the changes, then what else is said about the guest."""
    difference: tuple[str, ...]
    """How the files of the guest on its host change, as a unified diff."""
    settings: tuple[Setting, ...]
    errors: int
    """How many of the faults are errors that the site has not got without the changes."""


class Desk:
    """A project, and at most one guest of it that is being edited."""

    def __init__(self, arguments: Namespace, project: Project) -> None:
        self._arguments = arguments
        self.project = project
        self.vm = ""
        self.edits: list[Edit] = []
        self.created: Texts = {}
        """What a guest that is new brought into the site, without the edits."""
        self.read()

    def read(self) -> None:
        """Reads the site anew. Edits stay, and so does a guest that is new."""
        self.session, self.known = check_sources(self._arguments, self.project, read_site(self.project))
        self._before: dict[str, str] | None = None

    @property
    def sources(self) -> Sources:
        """What is on disk, as it was read."""
        return self.session.sources

    @property
    def tables(self) -> Tables:
        """What is on disk, with the guest that is new."""
        return add_up(with_texts(self.sources, self.created).files)

    @property
    def file(self) -> str:
        """The file of the guest."""
        return self.tables.homes.get(("vm", self.vm), "")

    @property
    def is_changed(self) -> bool:
        """Whether something is not on disk yet."""
        if not self.vm or not self.file:
            return bool(self.edits)
        return bool(self.created) or any(text != self.sources.texts.get(name) for name, text in self.texts().items())

    def guests(self) -> list[tuple[str, str, str, str]]:
        """Name, host, profile and file of each guest, as they are written in it."""
        rows = []
        tables = add_up(self.sources.files)
        for name, values in tables.named["vm"].items():
            hosts = values.get("hosts")
            host = values.get("host") or (hosts[0] if isinstance(hosts, list) and hosts else "")
            rows.append((name, str(host), str(values.get("profile", "")), tables.homes["vm", name]))
        return rows

    def open(self, vm: str) -> None:
        """Begins with a guest that is there."""
        self.vm, self.edits, self.created, self._before = vm, [], {}, None

    def create(self, name: str, host: str) -> None:
        """Begins with a new guest, made from defaults. Raises ``ChangeError`` for a name that it cannot have."""
        guests = guests_of(self.session)
        guests.free(name)
        assert self.session.site is not None, "the screens offer this for a site without errors"
        draft = Draft(guests, self.session.site, QUESTIONS)
        draft.answers = {"name": name, "host": host}
        draft.take_defaults()
        draft.typed.add("host")
        self.created, self.vm, self.edits, self._before = draft.edit().texts, name, [], {}

    def texts(self, further: Sequence[Edit] = ()) -> Texts:
        """The texts of all files that are otherwise with the changes. Raises ``UneditableError``."""
        result = dict(self.created)
        file = self.file
        if not file:
            raise UneditableError(f"{self.vm} left the site meanwhile")
        text = result.get(file) or self.sources.texts[file]
        for path, value in (*self.edits, *further):
            text = set_key(text, ("vm", self.vm, *path), value)
        result[file] = text
        return result

    def look(self, further: Sequence[Edit] = ()) -> Look:
        """The guest with its changes, and others that are not made yet. Raises ``UneditableError``."""
        texts = self.texts(further)
        trial, found = news(self._arguments, self.session, self.known, texts)
        errors = [each for each in found if each.severity == "error"]
        about = [each for each in (*found, *self.known) if each not in errors and _is_about(each, self.vm)]
        after, lowering = self._files(trial) if not errors else (None, [])
        if self._before is None:
            self._before = self._files(self.session)[0] or {}
        errors += [each for each in lowering if each.severity == "error"]
        toml = _tables_of(texts[self.file] or "", self.vm)
        difference = () if after is None else tuple(_difference(self._before, after))
        return Look(toml, (*errors, *about), difference, tuple(self._settings(trial.sources)), len(errors))

    def _files(self, session: Session) -> tuple[dict[str, str] | None, list[Diagnostic]]:
        site = session.site
        if site is None or self.vm not in site.vms or session.has_errors(self.known):
            return None, []
        plan, diagnostics = lower_one(self.project, site, self.vm, site.hosts_of(site.vms[self.vm])[0])
        return (guest_files(plan) if plan is not None else None), diagnostics

    def _settings(self, sources: Sources) -> list[Setting]:
        return settings_of(Resolver(sources, add_up(sources.files)).resolve(self.vm))

    def save(self) -> None:
        """Writes what changed. Raises ``ChangedMeanwhileError`` and ``OSError``; the changes stay then."""
        texts = {name: text for name, text in self.texts().items() if text != self.sources.texts.get(name)}
        write_texts(self.sources, texts)
        self.edits, self.created = [], {}
        self.read()


def _tables_of(text: str, vm: str) -> str:
    """The tables of a guest; the whole file where they are not written as such."""
    try:
        return part_tables(text, "vm", vm).tables
    except UneditableError:
        return text


def _is_about(diagnostic: Diagnostic, vm: str) -> bool:
    place = diagnostic.place
    return isinstance(place, Place) and place.path[:2] == ("vm", vm)


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """What a unified diff has, without context and places, since the screen is small."""
    lines: list[str] = []
    for name in (*after, *(name for name in before if name not in after)):
        old, new = before.get(name, "").splitlines(), after.get(name, "").splitlines()
        if old != new:
            found = list(difflib.unified_diff(old, new, name, name, n=0, lineterm=""))[2:]
            lines += [f"{name}:", *(line for line in found if not line.startswith("@@"))]
    return lines
