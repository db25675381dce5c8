"""The files that readers read: on this machine, or fetched from a host over ssh(1)."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from hivewright.importers.forms import UnreadableError

_LARGEST = 1 << 20
"""A definition is text of at most so many bytes: a disk that is given by mistake is not read."""


def read_text(path: Path, place: str = "") -> str:
    """A file of text. Raises ``UnreadableError``."""
    where = place or str(path)
    try:
        if not path.is_file():
            raise UnreadableError(where, "there is no such file" if not path.exists() else "this is no plain file")
        if path.stat().st_size > _LARGEST:
            raise UnreadableError(where, "this is too large for a definition; is it a disk?")
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise UnreadableError(where, f"this is no text: byte {error.start + 1} is not UTF-8") from None
    except OSError as error:
        raise UnreadableError(where, error.strerror or str(error)) from None
    if "\0" in text:
        raise UnreadableError(where, "this is no text: it has a zero byte")
    return text


def fetch(ssh: Sequence[str], address: str, paths: Iterable[str], names: Iterable[str], into: Path) -> None:
    """Copies small files of a host, laid out as they lie there: those below ``paths`` whose names match.

    Raises ``UnreadableError`` where the host does not answer.
    """
    tests = " -o ".join(f"-name {shlex.quote(name)}" for name in names)
    places = " ".join(shlex.quote(path) for path in paths)
    command = (
        f'for p in {places}; do test -e "$p" && find -H "$p" -maxdepth 3 -type f \\( {tests} \\) -size -1024k; '
        "done 2>/dev/null | tar -cf - -T - 2>/dev/null"
    )
    archive = run(ssh, address, command)
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            for member in files:
                target = into / member.name.lstrip("/")
                content = files.extractfile(member)
                if content is None or ".." in target.parts:
                    continue
                os.makedirs(target.parent, exist_ok=True)
                target.write_bytes(content.read())
    except tarfile.TarError:
        raise UnreadableError(
            address, "the host sent no archive; can sh(1) and tar(1) be run there over ssh?"
        ) from None


def run(ssh: Sequence[str], address: str, command: str) -> bytes:
    """What a command on a host writes; its login shell may be csh(1), so sh(1) reads the command from its input."""
    done = subprocess.run([*ssh, "--", address, "/bin/sh -s"], input=command.encode(), capture_output=True, check=False)
    if done.returncode == 255:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UnreadableError(address, said[-1] if said else "ssh reached no host")
    return done.stdout
