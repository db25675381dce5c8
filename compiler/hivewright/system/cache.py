"""Files in the user's cache folder: what hivewright remembers of a project. Losing them costs time only."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

from hivewright import __version__


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


def keep_values(path: Path | None, values: Any) -> None:
    """Keep values of Python's own types; ``ValueError`` for others."""
    import marshal

    content = marshal.dumps(values)
    keep(path, _seal(content) + content)


def read_values(path: Path | None) -> Any:
    """Values as an earlier run kept them; ``None`` when there are none, or when their file cannot be trusted."""
    import marshal

    try:
        content = memoryview(path.read_bytes() if path is not None else b"")
    except OSError:
        return None
    return marshal.loads(content[32:]) if bytes(content[:32]) == _seal(content[32:]) else None


def _seal(content: bytes | memoryview) -> bytes:
    """A digest of what is kept and of what made it: bytes that were damaged could crash the interpreter."""
    import marshal

    version = f"{__version__} {sys.hexversion} {marshal.version}".encode()
    return blake2b(content, digest_size=32, key=blake2b(version, digest_size=32).digest()).digest()
