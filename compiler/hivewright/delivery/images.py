"""Images that a bundle brings along: files of the folder that ``hivewright image bundle`` fills, each as it should be.

- ``images/FILE`` of the package: what was fetched, as it lies in that folder
- ``hosts/HOST/IMAGES``: ``PATH MODE SHA256`` for each that a guest of the host needs, and in comments what the list
  ``CHECKSUMS`` of the media folder says of it afterwards
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from hivewright.catalogue.images import FetchError, Needed, claim_name, file_of, kept_digest, needed
from hivewright.model.host import media_folder
from hivewright.site import Site

FOLDER = "images"
_MODE = "0644"
_BLOCK = 1 << 20


class PackedImage(NamedTuple):
    """A file that is packed, and what it is known by: its digests, by their kinds."""

    path: Path
    size: int
    digests: Mapping[str, str]
    hosts: tuple[str, ...]


def packed_images(site: Site, hosts: Sequence[str], folder: Path) -> tuple[dict[str, PackedImage], list[str]]:
    """The images of hosts by the names of their files, and all that is wrong with them.

    What lies on the hosts themselves is not packed.
    """
    found: dict[str, PackedImage] = {}
    faults = []
    first: dict[str, Needed] = {}
    for each in needed(site, hosts):
        if each.image.url is None:
            continue
        name = each.image.file_name
        try:
            claim_name(each, first)
            packed = _look_at(each, folder)
        except FetchError as error:
            faults.append(f"image {each.name} for {each.arch}: {error}")
            continue
        there = found.get(name, packed)
        hosts_of = tuple(sorted({*there.hosts, *packed.hosts}))
        found[name] = packed._replace(digests={**there.digests, **packed.digests}, hosts=hosts_of)
    return found, faults


def _look_at(each: Needed, folder: Path) -> PackedImage:
    path = file_of(each.image, folder)
    if not path.is_file():
        raise FetchError(f"{path} is missing")
    kind, _, wanted = (kept_digest(each.image, folder) or "sha256:").partition(":")
    try:
        with path.open("rb") as stream:
            digests = _digests(stream, {"sha256", kind})
        size = path.stat().st_size
    except OSError as error:
        raise FetchError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    if wanted and digests[kind] != wanted:
        raise FetchError(f"{path}: its {kind} is {digests[kind]} and not {wanted}")
    if each.image.size not in (None, size):
        raise FetchError(f"{path}: it has {size} bytes and not {each.image.size}")
    return PackedImage(path, size, digests, each.hosts)


def _digests(stream: BinaryIO, kinds: Iterable[str]) -> dict[str, str]:
    """Several digests of a file that is read once."""
    found = {kind: hashlib.new(kind, usedforsecurity=False) for kind in kinds}
    while block := stream.read(_BLOCK):
        for each in found.values():
            each.update(block)
    return {kind: each.hexdigest() for kind, each in found.items()}


def list_of(site: Site, host: str, images: Mapping[str, PackedImage]) -> bytes:
    """The text of ``IMAGES`` of a host; empty where it needs none."""
    media = media_folder(site.hosts[host]).removeprefix("/")
    lines, notes = [], []
    for name, each in sorted(images.items()):
        if host in each.hosts:
            lines.append(f"{media}/{name} {_MODE} {each.digests['sha256']}\n")
            notes += [f"# {kind.upper()} ({name}) = {digits}\n" for kind, digits in sorted(each.digests.items())]
    return "".join([*lines, *notes]).encode()
