"""What publishers state of their files: lists of checksums, read as the host reads them (storage/checksum.subr)."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import BinaryIO

_LENGTHS = {"sha256": 64, "sha512": 128}
LARGEST = 1 << 24
"""Bytes of a list of checksums; more is something else."""
_BLOCK = 1 << 20


def find_digest(text: str, form: str, kind: str, name: str) -> str | None:
    """The digest of a file: from lines "DIGEST  NAME" (gnu) or "SHA256 (NAME) = DIGEST" (bsd), or the first (bare)."""
    for line in text.splitlines():
        digest = _in_line(line.strip(), form, kind, name)
        if digest is not None and is_digest(digest, kind):
            return digest
    return None


def is_digest(text: str, kind: str) -> bool:
    return re.fullmatch(f"[0-9a-f]{{{_LENGTHS[kind]}}}", text) is not None


def _in_line(line: str, form: str, kind: str, name: str) -> str | None:
    first, _, rest = line.partition(" ") if "\t" not in line else line.partition("\t")
    if form == "bare":
        return first
    if form == "bsd":
        return line.rpartition(" ")[2] if line.startswith(f"{kind.upper()} ({name}) = ") else None
    return first if rest.lstrip(" \t*").rpartition("/")[2] == name else None


def digest_of(path: Path, kind: str) -> str:
    with path.open("rb") as stream:
        return digest_of_stream(stream, kind)


def digest_of_stream(stream: BinaryIO, kind: str) -> str:
    digest = hashlib.new(kind)
    while block := stream.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()
