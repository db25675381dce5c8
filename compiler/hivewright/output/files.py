"""Single files on disk: read, write and remove them without following symbolic links, with errors that say what to do.

Files are not synced one by one: output can be made again from its input.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from hivewright.plan import Artifact

NEW = ".hivewright-new"
"""Suffix of temporary names."""

_CHUNK = 1 << 20
_REMEDIES = {
    errno.EACCES: "give yourself write access to it, or choose another folder with -o",
    errno.EPERM: "give yourself write access to it, or choose another folder with -o",
    errno.EROFS: "choose a folder on a file system that can be written with -o",
    errno.ENOSPC: "make room on the file system and build again; nothing is left half-written",
    errno.EDQUOT: "make room within the quota and build again; nothing is left half-written",
    errno.EISDIR: "move the folder away that stands where a file belongs",
    errno.ENOTDIR: "move the file away that stands where a folder belongs",
    errno.ENOTEMPTY: "move the folder away that stands where a file belongs",
    errno.EEXIST: "move away what stands in its place",
    errno.ELOOP: "remove the symbolic link",
}


class OutputError(Exception):
    """Something in the output folder cannot be read or written: where, why, and the remedy."""

    def __init__(self, path: str, reason: str, remedy: str) -> None:
        super().__init__(f"{path}: {reason}; {remedy}")
        self.path = path
        self.reason = reason
        self.remedy = remedy

    def __reduce__(self) -> tuple[type[OutputError], tuple[str, str, str]]:
        return OutputError, (self.path, self.reason, self.remedy)

    @classmethod
    def from_os(cls, error: OSError, path: str) -> OutputError:
        reason = (error.strerror or str(error)).lower()
        return cls(path, reason, _REMEDIES.get(error.errno or 0, "correct this and build again"))


class Found(NamedTuple):
    """A regular file on disk: its permission bits and its content."""

    mode: int
    content: bytes


def read(path: str) -> Found | None:
    """A regular file; None when there is none of that name or it is something else."""
    try:
        # Not blocking, because the name may be a pipe's.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        # For a symbolic link FreeBSD has EMLINK where POSIX has ELOOP (open(2)); ENXIO is a socket.
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EOPNOTSUPP):
            return None
        raise OutputError.from_os(error, path) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return None
        content = os.read(descriptor, status.st_size + 1)
        if len(content) != status.st_size:
            # It changes while it is read.
            while chunk := os.read(descriptor, _CHUNK):
                content += chunk
        return Found(stat.S_IMODE(status.st_mode), content)
    except OSError as error:
        raise OutputError.from_os(error, path) from None
    finally:
        os.close(descriptor)


def write_new(path: str, artifact: Artifact) -> None:
    """Create a file, replacing one of the same name that a killed build left."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        try:
            descriptor = os.open(path, flags, artifact.mode)
        except FileExistsError:
            os.unlink(path)
            descriptor = os.open(path, flags, artifact.mode)
        try:
            view = memoryview(artifact.content)
            while view:
                view = view[os.write(descriptor, view) :]
        finally:
            os.close(descriptor)
    except OSError as error:
        raise OutputError.from_os(error, path) from None


def replace(source: str, target: str) -> None:
    try:
        os.rename(source, target)
    except OSError as error:
        raise OutputError.from_os(error, target) from None


def set_mode(path: str, mode: int) -> None:
    try:
        os.chmod(path, mode)
    except OSError as error:
        raise OutputError.from_os(error, path) from None


def remove(path: str) -> None:
    """Remove a file if it is there."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise OutputError.from_os(error, path) from None


def remove_tree(directory: str) -> None:
    """Remove a folder and all its files, if it exists."""
    try:
        shutil.rmtree(directory)
    except FileNotFoundError:
        pass
    except NotADirectoryError:
        remove(directory)
    except OSError as error:
        raise OutputError.from_os(error, directory) from None


def make_directory(directory: str, mode: int, made: set[str]) -> None:
    """Make a folder and those above it for a file of a mode; ``made`` remembers what is known to exist.

    A folder made for a file that only its owner may read is its owner's alone.
    """
    if directory in made:
        return
    permissions = 0o755 if mode & 0o077 else 0o700
    try:
        try:
            os.mkdir(directory, permissions)
        except FileNotFoundError:
            make_directory(os.path.dirname(directory) or ".", 0o755, made)
            os.mkdir(directory, permissions)
    except FileExistsError:
        if not os.path.isdir(directory):
            raise OutputError(directory, "a file stands where a folder belongs", _REMEDIES[errno.ENOTDIR]) from None
    except OSError as error:
        raise OutputError.from_os(error, directory) from None
    made.add(directory)


@contextmanager
def set_umask(mask: int) -> Iterator[None]:
    """Clear the umask, so that new files get exactly the requested mode."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)
