"""Files of an ISO 9660 image (ECMA-119, 9.1): those in its root by their Rock Ridge names (IEEE P1282, 4.1.4)."""

from __future__ import annotations

from collections.abc import Iterator

SECTOR = 2048


def label_of(image: bytes) -> str:
    return image[16 * SECTOR + 40 : 16 * SECTOR + 72].decode().strip()


def files_of(image: bytes) -> dict[str, bytes]:
    root = image[16 * SECTOR + 156 :]
    return dict(_files(image, _number(root, 2) * SECTOR, _number(root, 10)))


def names_of(image: bytes) -> list[str]:
    """All names as a system reads them that knows no extensions, folder by folder."""
    root = image[16 * SECTOR + 156 :]
    return list(_names(image, _number(root, 2) * SECTOR, _number(root, 10)))


def _names(image: bytes, start: int, length: int) -> Iterator[str]:
    at = start
    while at < start + length and image[at]:
        record = image[at : at + image[at]]
        at += len(record)
        name = record[33 : 33 + record[32]]
        if name not in (b"\0", b"\1"):
            yield name.decode()
            if record[25] & 2:
                yield from _names(image, _number(record, 2) * SECTOR, _number(record, 10))


def _files(image: bytes, start: int, length: int) -> Iterator[tuple[str, bytes]]:
    at = start
    while at < start + length:
        record = image[at : at + image[at]]
        if not record:  # the rest of a sector is empty
            at += SECTOR - at % SECTOR
            continue
        at += len(record)
        if not record[25] & 2:
            first, size = _number(record, 2) * SECTOR, _number(record, 10)
            yield _name(record), image[first : first + size]


def _number(record: bytes, offset: int) -> int:
    return int.from_bytes(record[offset : offset + 4], "little")


def _name(record: bytes) -> str:
    """The alternate name: entries of the system use field, each with a signature and a length."""
    at = 33 + record[32] + (record[32] + 1) % 2
    name = b""
    while at + 4 <= len(record) and record[at + 2]:
        if record[at : at + 2] == b"NM":
            name += record[at + 5 : at + record[at + 2]]
        at += record[at + 2]
    return name.decode()
