"""A package as one archive for tar(1): the same files give the same bytes, whoever packs them and when."""

from __future__ import annotations

import gzip
import lzma
import tarfile
from collections.abc import Callable, Mapping
from io import BytesIO

from hivewright.plan import Artifact

FOLDER = "hivewright"
"""What the archive unpacks to."""

_PACKED: Mapping[str, Callable[[bytes], bytes]] = {
    ".tar": bytes,
    ".tar.gz": lambda content: gzip.compress(content, mtime=0),
    ".tgz": lambda content: gzip.compress(content, mtime=0),
    ".tar.xz": lzma.compress,
    ".txz": lzma.compress,
}
SUFFIXES = tuple(_PACKED)


def suffix_of(name: str) -> str | None:
    """The suffix by which a file's name says how it is packed."""
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)


def archive(files: Mapping[str, Artifact], suffix: str = ".tar") -> bytes:
    """Files by path as an archive; the files belong to root, and to no time."""
    stream = BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as target:
        for path, artifact in files.items():
            entry = tarfile.TarInfo(f"{FOLDER}/{path}")
            entry.size, entry.mode = len(artifact.content), artifact.mode
            entry.uname, entry.gname = "root", "wheel"
            target.addfile(entry, BytesIO(artifact.content))
    return _PACKED[suffix](stream.getvalue())
