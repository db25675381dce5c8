"""Reads the TOML of a project: texts, values, and diagnostics about the files themselves."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hivewright.diagnostics import Diagnostic, Spot

if TYPE_CHECKING:
    from hivewright.source.salvage import Lost

PROFILES = "profiles/"
"""The folder of profiles; TOML files in a folder of this name are never part of a site."""

LOCKS = "locks"
"""The folder of locks, below that of the site."""

RUNTIME = "runtime"
"""The folder of the output for what is the same on every host, beside one for each host."""

_SKIPPED_AT_TOP = frozenset({LOCKS, "profiles"})


class Project(NamedTuple):
    """The folders of a project. Profiles are looked up in the order of ``profiles``."""

    root: Path
    site: Path
    build: Path
    profiles: tuple[Path, ...]

    @property
    def locks(self) -> Path:
        """Where the locks of the site are kept."""
        return self.site / LOCKS


class SourceFile(NamedTuple):
    """One TOML file: its name below the site (or ``profiles/OS/NAME.toml``), text as written, and values."""

    name: str
    text: str
    values: dict[str, object]


class Sources:
    """All files that were read. Profiles are read and added when they are requested."""

    def __init__(self, project: Project, files: tuple[SourceFile, ...] = ()) -> None:
        self.project = project
        self.files = files
        self.diagnostics: tuple[Diagnostic, ...] = ()
        self.texts = {file.name: file.text for file in files if file.text}
        """The text of every file read, those with syntax errors too, by name; it is read when there is none yet."""
        self.lost: tuple[Lost, ...] = ()
        """What could not be read of the site's files."""
        self._profile_paths: dict[str, tuple[str, str]] | None = None

    def may_define(self, name: str) -> bool:
        """Whether something of this name may stand in what could not be read."""
        return any(lost.names(name) for lost in self.lost)

    def path(self, name: str) -> str:
        """The path on disk of a file named in a ``Place``."""
        for label, path in self._profiles().values() if name.startswith(PROFILES) else ():
            if label == name:
                return path
        return os.path.join(self.project.site, name)

    def text(self, name: str) -> str | None:
        """The text of a file named in a ``Place``; ``None`` when it cannot be read."""
        if name not in self.texts:
            try:
                with open(self.path(name), encoding="utf-8", errors="replace", newline="") as stream:
                    self.texts[name] = stream.read()
            except (OSError, ValueError):
                return None
        return self.texts[name]

    def profile_names(self) -> list[str]:
        """The names of all profiles there are, sorted."""
        return sorted(self._profiles())

    def own_profiles(self) -> list[str]:
        """Those that lie in the site, used or not."""
        inside = os.path.join(self.project.site, "")
        return [name for name, (_, path) in sorted(self._profiles().items()) if path.startswith(inside)]

    def read_profile(self, name: str) -> tuple[SourceFile | None, list[Diagnostic]]:
        """A profile's file; ``None``, without a diagnostic, when there is no profile of that name."""
        found = self._profiles().get(name)
        if found is None:
            return None, []
        text = _read_text(found[1], found[0], self.texts)
        if isinstance(text, Diagnostic):
            return None, [text]
        from hivewright.source.parsing import parse_toml

        values, fault = parse_toml(found[0], text)
        file = SourceFile(found[0], text, values) if values is not None else None
        return file, [fault] if fault is not None else []

    def _profiles(self) -> dict[str, tuple[str, str]]:
        """Name of each profile -> its name as a file, and its path."""
        if self._profile_paths is None:
            found: dict[str, tuple[str, str]] = {}
            for folder in self.project.profiles:
                for path, name in _profile_files(str(folder)):
                    found.setdefault(os.path.basename(name)[: -len(".toml")], (PROFILES + name, path))
            self._profile_paths = found
        return self._profile_paths


def with_texts(sources: Sources, texts: Mapping[str, str | None]) -> Sources:
    """The same sources with other texts of some files, which may be new, and without those whose text is ``None``.

    A file that is no TOML is one that guests name, as their hooks.
    """
    from hivewright.source.parsing import parse_toml

    files = {file.name: file for file in sources.files if file.name not in texts}
    faults = []
    for name, text in texts.items():
        if text is None:
            continue
        if not name.endswith(".toml"):
            continue
        values, fault = parse_toml(name, text)
        faults += [fault] if fault is not None else []
        if values is not None:
            files[name] = SourceFile(name, text, values)
    result = Sources(sources.project, tuple(sorted(files.values(), key=lambda file: file.name)))
    result.texts = {**sources.texts, **{name: text for name, text in texts.items() if text is not None}}
    result.lost = sources.lost
    result.diagnostics = (*sources.diagnostics, *faults)
    return result


def site_files(project: Project) -> dict[str, str] | None:
    """The path of each TOML file of the site -> its name; ``None`` when not all folders can be read."""
    diagnostics: list[Diagnostic] = []
    found = dict(_site_files(Sources(project), diagnostics))
    return None if diagnostics else found


def read_source(path: str, name: str) -> SourceFile | None:
    """One TOML file of the site; ``None`` for one with any fault."""
    from hivewright.source.parsing import parse_toml

    text = _read_text(path, name, {})
    if isinstance(text, Diagnostic):
        return None
    values, _ = parse_toml(name, text)
    return SourceFile(name, text, values) if values is not None else None


def read_site(project: Project) -> Sources:
    """Every ``*.toml`` below the site. Faults of files are diagnostics; of a file with faults some tables are left."""
    from hivewright.source.parsing import parse_toml

    sources = Sources(project)
    diagnostics: list[Diagnostic] = []
    files: list[SourceFile] = []
    if not project.site.is_dir():
        message = f"there is no folder {project.site}"
        remedy = "name the project's folder with -C DIR, or make a new one with: hivewright new DIR"
        sources.diagnostics = (Diagnostic("SRC005", message, help=remedy),)
        return sources
    for path, name in _site_files(sources, diagnostics):
        text = _read_text(path, name, sources.texts)
        if isinstance(text, Diagnostic):
            diagnostics.append(text)
            # In another encoding the names that it defines look otherwise.
            sources.lost += (_lost(None if text.code == "SRC002" else sources.texts.get(name)),)
            continue
        values, fault = parse_toml(name, text)
        if fault is not None:
            from hivewright.source.salvage import salvage

            diagnostics.append(fault)
            values, lost = salvage(text)
            sources.lost += (lost,)
        if values is not None:
            files.append(SourceFile(name, text, values))
    if not files and not diagnostics:
        message = f"there is no TOML file in {project.site}"
        remedy = "begin with a file site.toml that holds [site] and name, or with: hivewright new DIR"
        diagnostics.append(Diagnostic("SRC006", message, help=remedy))
    sources.files = tuple(sorted(files, key=lambda file: file.name))
    sources.diagnostics = tuple(diagnostics)
    return sources


def _lost(text: str | None) -> Lost:
    from hivewright.source.salvage import Lost

    return Lost(text)


def _profile_files(folder: str) -> Iterator[tuple[str, str]]:
    """Path and ``OS/NAME.toml`` of each profile in one folder of profiles."""
    for system in _entries(folder):
        for entry in _entries(system.path):
            if entry.name.endswith(".toml") and not entry.name.startswith("."):
                yield entry.path, f"{system.name}/{entry.name}"


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """What is in a folder. One that cannot be read may have what must not be taken from elsewhere: ``OSError``."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _site_files(sources: Sources, diagnostics: list[Diagnostic]) -> Iterator[tuple[str, str]]:
    """Path and name of every TOML file below the site; each real folder is entered once, so links may loop."""
    seen: set[tuple[int, int]] = set()
    project = sources.project
    build = os.path.relpath(project.build, project.site)
    folders = [(str(project.site), "")]
    while folders:
        folder, prefix = folders.pop()
        try:
            status = os.stat(folder)
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            diagnostics.append(_unreadable(prefix.rstrip("/") or folder, error))
            sources.lost += (_lost(None),)
            continue
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        for entry in entries:
            if entry.name.startswith(".") or (not prefix and entry.name in _SKIPPED_AT_TOP):
                continue
            if prefix + entry.name == build:
                continue
            if _is_folder(entry):
                folders.append((entry.path, f"{prefix}{entry.name}/"))
            elif entry.name.endswith(".toml"):
                yield entry.path, prefix + entry.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself; reading it as a file says what is wrong
        return False


def _read_text(path: str, name: str, texts: dict[str, str]) -> str | Diagnostic:
    """The text of a file, or why it cannot be read. What could be read is put into ``texts``."""
    try:
        # Opening a FIFO would block, and a device has no end.
        if not os.path.isfile(path) and os.path.exists(path):
            # Without a position: to show the line, the file would be read.
            return Diagnostic("SRC004", f"{name} is not a regular file", help="remove it from the site")
        with open(path, "rb") as stream:
            content = stream.read()
    except OSError as error:
        return _unreadable(name, error)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        return _not_utf8(content, name, error.start, texts)
    texts[name] = text
    if text.startswith("\ufeff"):
        remedy = "save it as UTF-8 without a byte-order mark (BOM)"
        return Diagnostic("SRC003", "the file begins with a byte-order mark", Spot(name, 1, 1), remedy)
    return text


def _unreadable(name: str, error: OSError) -> Diagnostic:
    reason = (error.strerror or type(error).__name__).lower()
    return Diagnostic("SRC004", f"cannot read {name}: {reason}", help="make it readable, or remove it from the site")


def _not_utf8(content: bytes, name: str, start: int, texts: dict[str, str]) -> Diagnostic:
    from hivewright.source.syntax import spot_at

    texts[name] = content.decode(errors="replace")
    spot = spot_at(name, texts[name], len(content[:start].decode()))
    return Diagnostic("SRC002", f"the byte 0x{content[start]:02x} is not UTF-8 text", spot, "save the file as UTF-8")
