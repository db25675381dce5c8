"""A file system that is full for chosen writes.

``host.call("fill_at", write=N)`` makes the N-th write from now below /var fail with ENOSPC ("No space left on
device"), ``path=`` says below which path instead, ``count=`` how many fail in a row (0: all from there on). The host
must have been opened with ``counted=True``. A write is a system call that puts bytes into a file or that makes a
file, directory, link or pipe, whoever does it: a redirection of a shell, a tool, the log of daemon(8), or a command
that the server plays. ``host.call("writes")`` tells the writes since then, as lines ``write PATH`` and
``create PATH``, and forgets them: as long as it returns N lines or more, the N-th was met, so a campaign goes on
until it returns fewer. Files are never emptied or removed by it: what was there before the failing call stays.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field


@dataclass
class Space:
    """What is counted, and which of it fails."""

    top: str = "/var"
    first: int = 0
    count: int = 1
    met: list[str] = field(default_factory=list)

    def fill_at(self, write: int, path: str, count: int) -> None:
        """Fail ``count`` writes from the ``write``-th on; 0 of ``write``: only count."""
        self.top, self.first, self.count = os.path.realpath(path), write, count
        self.met = []

    def concerns(self, path: str) -> bool:
        """Whether a path lies where writes are counted."""
        return path == self.top or path.startswith(self.top.rstrip("/") + "/")

    def fails(self, verb: str, path: str) -> bool:
        """Count a write; true when there is no space for it."""
        self.met.append(f"{verb} {path}")
        number = len(self.met)
        return bool(self.first) and number >= self.first and (not self.count or number < self.first + self.count)

    def spend(self, path: str) -> None:
        """A command that the server plays makes or fills a file; raises OSError when there is no space."""
        path = os.path.realpath(path)
        if not self.concerns(path):
            return
        for verb in ["write"] if os.path.exists(path) else ["create", "write"]:
            if self.fails(verb, path):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
