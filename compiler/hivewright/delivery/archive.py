"""A package as one archive for tar(1): the same files give the same bytes, whoever packs them and when."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, cast

from hivewright.plan import Artifact

FOLDER = "hivewright"
"""What the archive unpacks to."""

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz")


class Stored(NamedTuple):
    """A file of the disk that is packed, of which it is known what it should be."""

    path: Path
    size: int
    sha256: str


class ChangedError(Exception):
    """A file of the disk is not what it was a moment ago."""


def suffix_of(name: str) -> str | None:
    """The suffix by which a file's name says how it is packed."""
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)


def archive(files: Mapping[str, Artifact]) -> bytes:
    """Files by path as an archive that is not compressed."""
    stream = BytesIO()
    write_archive(stream, files)
    return stream.getvalue()


def write_archive(
    stream: BinaryIO, files: Mapping[str, Artifact], suffix: str = ".tar", stored: Mapping[str, Stored] | None = None
) -> None:
    """Write files by path, and others of the disk, as an archive; they belong to root, and to no time.

    Raises ``ChangedError`` where one of the disk is not what it should be, and ``OSError``.
    """
    others = stored or {}
    with _packer(stream, suffix) as packer, tarfile.open(fileobj=packer, mode="w", format=tarfile.PAX_FORMAT) as target:
        for path in sorted({*files, *others}):
            entry = tarfile.TarInfo(f"{FOLDER}/{path}")
            entry.uname, entry.gname = "root", "wheel"
            if path in files:
                entry.size, entry.mode = len(files[path].content), files[path].mode
                target.addfile(entry, BytesIO(files[path].content))
            else:
                entry.size, entry.mode = others[path].size, 0o644
                _add_stored(target, entry, others[path])


@contextmanager
def _packer(stream: BinaryIO, suffix: str) -> Iterator[IO[bytes]]:
    if suffix in (".tar.gz", ".tgz"):
        with gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0) as packer:
            yield cast("IO[bytes]", packer)
    elif suffix in (".tar.xz", ".txz"):
        with lzma.open(stream, "wb") as other:
            yield other
    else:
        yield stream


class _Hashing:
    """A file that is read, and the digest of what was."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.digest = hashlib.sha256(usedforsecurity=False)

    def read(self, size: int) -> bytes:
        block = self.stream.read(size)
        self.digest.update(block)
        return block


def _add_stored(target: tarfile.TarFile, entry: tarfile.TarInfo, stored: Stored) -> None:
    with stored.path.open("rb") as stream:
        reader = _Hashing(stream)
        try:
            target.addfile(entry, cast("IO[bytes]", reader))
        except OSError as error:
            if error.errno is not None:
                raise
            raise ChangedError(f"{stored.path} changed while it was packed") from None  # it is shorter
    if reader.digest.hexdigest() != stored.sha256:
        raise ChangedError(f"{stored.path} changed while it was packed")
