"""Remembers that a build found nothing left to do, so that the next one can see so without reading the site.

A stamp is a signature of everything a build depends on (the compiler, its data, the site) and of what it wrote.
Only names, sizes, times and inodes are looked at. It lives in the user's cache folder, never in the project, and
losing it costs time only. Of the output at most ``OUTPUT_LIMIT`` entries are looked at, those nearest to the top
first, which includes every host's MANIFEST; ``build --check`` always compares every byte.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

OUTPUT_LIMIT = 4096


def signature(directories: list[Path], limit: int | None = None) -> bytes:
    """A digest over the metadata of everything below some directories, at most ``limit`` entries of it."""
    seen: list[str] = []
    pending = [str(directory) for directory in directories]
    for directory in pending:
        if limit is not None and len(seen) >= limit:
            break
        try:
            entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
        except OSError as error:
            seen.append(f"{directory} {error.errno}")
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name == "__pycache__":
                continue
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
            else:
                # A link's own metadata does not tell what it points to has changed.
                status = entry.stat(follow_symlinks=True) if os.path.exists(entry.path) else entry.stat(
                    follow_symlinks=False)
                seen.append(f"{entry.path} {status.st_mtime_ns} {status.st_size} {status.st_ino} {status.st_mode}")
    return blake2b("\n".join(seen).encode("utf-8", "surrogateescape"), digest_size=16).digest()
