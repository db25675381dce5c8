"""Files in the user's cache folder: what hivewright remembers of a project. Losing them costs time only."""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path


def cache_path(site: Path, suffix: str) -> Path | None:
    """Where something about a site is kept; ``None`` where the user has no home.

    Relative cache folders do not count (XDG Base Directory Specification).
    """
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(cache):
        cache = os.path.expanduser("~/.cache")
    if not os.path.isabs(cache):
        return None
    name = blake2b(os.fsencode(os.path.abspath(site)), digest_size=12).hexdigest()
    return Path(cache) / "hivewright" / f"{name}{suffix}"


def keep(path: Path | None, content: bytes) -> None:
    """Write a file of the cache; a cache folder that cannot be written is no fault."""
    if path is None:
        return
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(content)
        temporary.replace(path)
