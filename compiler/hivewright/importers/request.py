"""What was asked for: which paths, on this machine or on a host, and for which host of the site."""

from __future__ import annotations

import re
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from hivewright.importers.forms import UnreadableError
from hivewright.importers.sources import fetch, read_text, run

T = TypeVar("T")
SSH = ("ssh", "-o", "BatchMode=yes", "-T")


class RequestError(ValueError):
    """Words of the command line that make no sense."""


class Request(NamedTuple):
    """The paths as they were given, and where they lie on this machine."""

    paths: tuple[str, ...]
    root: Path | None
    """A folder laid out like the host's root, where files were fetched from one."""
    address: str | None
    release: str | None
    """That of the host, as it says itself."""
    at: str | None = None
    """Where a folder lies on the host, when this is a copy of it."""
    dataset: str | None = None
    only: tuple[str, ...] = ()
    """The guests that are wanted; all if empty."""

    def texts(self) -> list[tuple[str, str]]:
        """Each file that was named, with its text."""
        if not self.paths:
            raise RequestError("name a file")
        if self.root is not None:
            self.fetch([path.rpartition("/")[0] or "/" for path in self.paths],
                       [path.rpartition("/")[2] for path in self.paths])  # fmt: skip
        return [(self.shown(path), read_text(self.local(path), self.shown(path))) for path in self.paths]

    def of(self, path: str) -> list[tuple[str, str]]:
        """The text of one file, with its place for people."""
        return self._replace(paths=(path,)).texts()

    def fetch(self, paths: Sequence[str], names: Sequence[str]) -> None:
        """Brings files of the host to this machine; does nothing where all are here."""
        if self.root is not None and self.address is not None:
            fetch(SSH, self.address, paths, names, self.root)

    def ask(self, command: str) -> str:
        """What a command on the host answers; nothing where there is no host to ask."""
        if self.address is None:
            return ""
        return run(SSH, self.address, command).decode("utf-8", "replace")

    def guest(self, name: str, read: Callable[[], T], *, alone: bool = False) -> T | None:
        """What is read of a guest, ``alone`` or one of several; ``None`` where it cannot be read, and others are
        wanted."""
        try:
            return read()
        except UnreadableError as error:
            if self.only and name not in self.only:
                return None
            if alone or self.only:
                raise
            raise UnreadableError.of_guest(error, name) from None

    def local(self, path: str) -> Path:
        """Where a path of the host lies here."""
        return Path(path) if self.root is None else self.root / path.lstrip("/")

    def shown(self, path: str) -> str:
        """A path for people."""
        return f"{self.address}:{path}" if self.address is not None else path


@contextmanager
def open_request(arguments: Namespace) -> Iterator[Request]:
    """What the words ask for; what was fetched goes away at the end."""
    paths, only = tuple(arguments.paths), tuple(getattr(arguments, "only", None) or ())
    if arguments.ssh is None:
        yield Request(paths, None, None, None, arguments.at, arguments.dataset, only)
        return
    if re.fullmatch(r"[A-Za-z0-9_:][A-Za-z0-9_.:@-]*", arguments.ssh) is None:
        raise RequestError(f"{arguments.ssh!r} is no name or address for ssh(1)")
    if any(not path.startswith("/") for path in paths):
        raise RequestError("a path on a host is absolute")
    said = run(SSH, arguments.ssh, "uname -sr").decode("utf-8", "replace")
    match = re.match(r"FreeBSD ([0-9]{2}\.[0-9]+)", said)
    if match is None and arguments.kind != "libvirt":
        raise UnreadableError(arguments.ssh, "it does not say which release of FreeBSD it has (uname -sr)")
    release = match[1] if match is not None else None
    with tempfile.TemporaryDirectory(prefix="hivewright-") as folder:
        yield Request(paths, Path(folder), arguments.ssh, release, arguments.at, arguments.dataset, only)
