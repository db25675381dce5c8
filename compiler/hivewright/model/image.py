"""Images of disks and media: ``[image.NAME]``, and those that profiles bring."""

import re
from typing import Annotated, Literal

from pydantic import Field

from hivewright.model.base import HostPath, Line, ListOf, Sha256, Size, Table, described, matching, reader

_URL = r"^(https?|ftp)://[!-~]+$"

Url = Annotated[str, Field(pattern=_URL)]

Sha512 = Annotated[
    str,
    reader(matching("[0-9a-f]{128}", "a SHA-512 checksum is 128 lower-case hexadecimal digits"), "(128 digits)"),
    described("^[0-9a-f]{128}$", "0" * 128),
]

FileName = Annotated[
    str,
    reader(
        matching(
            r"[A-Za-z0-9][A-Za-z0-9._+~-]{0,200}",
            "a file is named by 1 to 201 letters, digits, and . _ + ~ -, and begins with a letter or digit",
        ),
        '"debian-13-generic-amd64.qcow2"',
    ),
    described(r"^[A-Za-z0-9][A-Za-z0-9._+~-]*$", "debian-13-generic-amd64.qcow2"),
]

Member = Annotated[
    str,
    reader(
        matching(
            r"[A-Za-z0-9_+~]([A-Za-z0-9._+~/-]{0,198}[A-Za-z0-9_+~-])?",
            "a file of an archive is named by its path there: up to 200 letters, digits, and . _ + ~ / -",
        ),
        '"disks/debian-13.raw"',
    ),
    described(r"^[A-Za-z0-9_+~][A-Za-z0-9._+~/-]*$", "disks/debian-13.raw"),
]
"""tar(1) would take further characters for those of a pattern."""

Format = Literal["raw", "img", "iso", "qcow2", "vhd", "vhdx", "vmdk", "vdi"]

MEDIA: tuple[Format, ...] = ("iso", "img")
"""Formats of installers and live systems: for a drive, and for a disk. Both are raw."""

CONVERTED: tuple[Format, ...] = ("qcow2", "vhd", "vhdx", "vmdk", "vdi")
"""Formats that qemu-img(1) makes raw."""

PACKERS = {".xz": "xz", ".gz": "gzip", ".zst": "zstd", ".bz2": "bzip2", ".zip": "zip"}
"""By the end of a name, what unpacks a file; all of them are in the base system."""

ARCHIVES = (".zip", ".tar", ".tgz", ".txz", ".tbz", ".tbz2", ".tzst", ".ova")
"""By the ends of names, what may hold several files and tar(1) reads, a .tar packed by one of these as well."""


class Checksums(Table):
    """Where a publisher states the checksum of an image: ``checksums = { url = "…", form = "gnu" }``."""

    url: Url = Field(description="The file that states it.")
    form: Literal["gnu", "bsd", "bare"] = Field(
        "gnu",
        description='How it is stated there: "DIGEST  FILE", "SHA256 (FILE) = DIGEST", or a digest and nothing else.',
    )
    digest: Literal["sha256", "sha512"] = Field("sha256", description="Which of both.")


class Image(Table):
    """A disk image: fetched, checked and unpacked on the host when a disk is made from it."""

    url: Url | None = Field(
        None,
        description="Where it is fetched from; what xz, gzip, zstd, bzip2 or zip packed is unpacked.",
    )
    mirrors: ListOf[Url] = Field((), description="Further addresses of the same file, tried in this order.")
    path: HostPath | None = Field(None, description="Instead of url: a file on the host.")
    file: FileName | None = Field(
        None, description="What its publisher calls the file; the last part of the url if absent."
    )
    size: Annotated[int, Field(ge=1, le=2**46)] | None = Field(
        None, description="Bytes of what is fetched: there must be space for it, and it must not be shorter."
    )
    sha256: Sha256 | Literal["none"] | None = Field(
        None, description='Checksum of what is fetched; "none" is an explicit way to go without.'
    )
    sha512: Sha512 | None = Field(None, description="Instead of sha256: its SHA-512 checksum.")
    checksums: Checksums | None = Field(
        None, description="Instead of both: where the publisher states the checksum, for an image that changes."
    )
    format: Format = Field(
        "raw",
        description="iso is a medium for a drive, img one for a disk, and both are raw; all but raw, img and iso need "
        "qemu-img on the host.",
    )
    member: Member | None = Field(
        None,
        description="Which file of an archive it is (zip, or tar packed or not), by its path there. A zip with one "
        "file needs none.",
    )
    min_size: Size | None = Field(None, description="The smallest disk that takes it; a smaller one is an error.")
    description: Line = Field("", description="For people.")

    @property
    def file_name(self) -> str:
        """What the file is called, wherever it comes from."""
        return self.file or name_in(self.url or self.path or "")

    @property
    def pinned(self) -> str:
        """Its own checksum, as ``sha256:DIGITS``; empty where it has none."""
        if self.sha512 is not None:
            return f"sha512:{self.sha512}"
        return f"sha256:{self.sha256}" if self.sha256 not in (None, "none") else ""

    @property
    def checksum(self) -> str:
        """The word for the host: its checksum, where its publisher states it, or ``none``."""
        if self.pinned or self.checksums is None:
            return self.pinned or "none"
        return f"{self.checksums.digest}:{self.checksums.form}:{self.checksums.url}"

    @property
    def stored(self) -> str:
        """What it is once it has been unpacked, and which file of its archive: media are raw."""
        stored = "raw" if self.format in MEDIA else self.format
        return stored if self.member is None else f"{stored}:{self.member}"

    def fits(self, size: int | None) -> bool:
        """Whether a disk has room for it, as far as both are known."""
        return self.min_size is None or size is None or size >= self.min_size


def name_in(address: str) -> str:
    """The last part of an address or path, without what follows ``?`` or ``#``."""
    return re.split("[?#]", address, maxsplit=1)[0].rpartition("/")[2]


def chain_of(name: str) -> tuple[str, ...]:
    """What a file must be unpacked by, by the ends of its name, the outermost first: ``x.raw.xz`` -> ``("xz",)``."""
    found: list[str] = []
    while True:
        suffix = next((each for each in PACKERS if name.lower().endswith(each)), None)
        if suffix is None:
            return tuple(found)
        found.append(PACKERS[suffix])
        name = name[: -len(suffix)]
