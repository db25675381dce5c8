"""The images that the hosts of a site need, and their files in a folder on the workstation."""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hivewright.catalogue.checksums import LARGEST, digest_of, find_digest, is_digest
from hivewright.model.image_uses import image_uses

if TYPE_CHECKING:
    from hivewright.model.image import Image
    from hivewright.model.profile import Arch
    from hivewright.site import Site

LIST = "CHECKSUMS"
"""In the folder, what was verified of each file, as hosts read it: lines "SHA256 (NAME) = DIGEST"."""
OWN_NAME = 'give the image one of its own: file = "NAME"'
_NAME = re.compile(r"[A-Za-z0-9][!-.0-~]*")
_LINE = re.compile(r"(SHA256|SHA512) \((.+)\) = ([0-9a-f]+)")
_TIMEOUT = 60
_BLOCK = 1 << 20


class Needed(NamedTuple):
    """An image as some hosts need it."""

    name: str
    arch: Arch
    image: Image
    hosts: tuple[str, ...]


class FetchError(Exception):
    """Why a file cannot be had, or is not what it should be."""


def needed(site: Site, hosts: Sequence[str]) -> list[Needed]:
    """The images of the guests of some hosts, those of several architectures once each."""
    found: dict[tuple[str, Arch], list[str]] = {}
    for host in hosts:
        arch = site.hosts[host].arch
        for vm in site.guests[host].values():
            for use in image_uses(vm):
                users_of = found.setdefault((use.image, arch), [])
                if host not in users_of:
                    users_of.append(host)
    result = []
    for (name, arch), users_of in sorted(found.items()):
        image = site.image(name, arch)
        if image is not None:
            result.append(Needed(name, arch, image, tuple(users_of)))
    return result


def file_of(image: Image, folder: Path) -> Path:
    """Where the file of an image lies in a folder, if it can lie there by its name."""
    name = image.file_name
    if not _NAME.fullmatch(name) or name == LIST:
        raise FetchError(f"no file of the media folder may be called {name!r}; {OWN_NAME}")
    return folder / name


def claim_name(each: Needed, first: dict[str, Needed]) -> None:
    """Files of a folder have one name each: ``first`` has who claimed which.

    Raises ``FetchError`` where another image has a file of this name, unless it is the same file."""
    other = first.setdefault(each.image.file_name, each)
    if not _is_same_file(other.image, each.image):
        raise FetchError(f"it has the name of another file, that of {other.name} for {other.arch}; {OWN_NAME}")


def _is_same_file(one: Image, other: Image) -> bool:
    """Checksums of one kind say so; otherwise the same address is the same file."""
    if one.pinned and one.pinned.partition(":")[0] == other.pinned.partition(":")[0]:
        return one.pinned == other.pinned
    return not {one.url, *one.mirrors}.isdisjoint({other.url, *other.mirrors})


def stated_digest(image: Image) -> str | None:
    """``sha256:DIGITS`` of an image: its own, or what its publisher states today; ``None`` where there is none."""
    if image.pinned or image.checksums is None:
        return image.pinned or None
    stated = image.checksums
    digest = find_digest(_read(stated.url), stated.form, stated.digest, image.file_name)
    if digest is None:
        raise FetchError(f"{stated.url} does not say the {stated.digest} of {image.file_name}")
    return f"{stated.digest}:{digest}"


def kept_digest(image: Image, folder: Path) -> str | None:
    """The same without a network: its own, or what its publisher stated when it was fetched into a folder."""
    if image.pinned or image.checksums is None:
        return image.pinned or None
    line = _LINE.fullmatch(listed(folder).get(image.file_name, ""))
    if line is None:
        raise FetchError(f"{folder / LIST} does not say the checksum of {image.file_name}; fetch it again")
    return f"{line[1].lower()}:{line[3]}"


def _read(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:
            return str(answer.read(LARGEST).decode("utf-8", "replace"))
    except (OSError, ValueError, HTTPException) as error:
        raise FetchError(f"cannot fetch {url}: {_reason(error)}") from None


def fault_of(path: Path, image: Image, digest: str | None) -> str | None:
    """What is wrong with a file in the folder."""
    if image.size is not None and path.stat().st_size != image.size:
        return f"it has {path.stat().st_size} bytes and not {image.size}"
    if digest is None:
        return None
    kind, _, wanted = digest.partition(":")
    found = digest_of(path, kind)
    return None if found == wanted else f"its {kind} is {found} and not {wanted}"


def fetch(image: Image, folder: Path, digest: str | None) -> Path:
    """The file of an image in a folder, fetched from the first address that has it unless it is there and right."""
    target = file_of(image, folder)
    if target.is_file() and fault_of(target, image, digest) is None:
        return target
    part = target.with_name(f"{target.name}.part")
    faults = []
    for url in (image.url or "", *image.mirrors):
        fault = _get(url, part, image, digest)
        if fault is None:
            os.replace(part, target)
            return target
        faults.append(f"{url}: {fault}")
    raise FetchError("; ".join(faults))


def _get(url: str, part: Path, image: Image, digest: str | None) -> str | None:
    """Fetches a file, and says what is wrong with it: what broke off may have been of another one, that lay there."""
    resumes = digest is not None and part.exists()
    try:
        _download(url, part, image.size, resume=resumes)
        fault = fault_of(part, image, digest)
        if fault is not None and resumes:
            part.unlink()
            _download(url, part, image.size, resume=False)
            fault = fault_of(part, image, digest)
    except (OSError, ValueError, HTTPException) as error:
        if isinstance(error, OSError) and error.filename and not isinstance(error, urllib.error.URLError):
            raise  # of the folder, not of the address
        return _reason(error)
    if fault is not None:
        part.unlink()
    return fault


def _download(url: str, part: Path, size: int | None, *, resume: bool) -> None:
    """Nothing is read behind the size that an image has, so that no answer fills the disk."""
    begin = part.stat().st_size if resume and part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={begin}-"} if begin else {})
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # it was whole already
            raise
        return
    goes_on = begin > 0 and answer.status == 206
    with answer, part.open("ab" if goes_on else "wb") as stream:
        wanted = answer.headers.get("Content-Length")
        count = 0
        while block := answer.read(_BLOCK):
            stream.write(block)
            count += len(block)
            if size is not None and count + (begin if goes_on else 0) > size:
                return
        if wanted is not None and count < int(wanted):
            raise OSError(f"{count} of {wanted} bytes came")


def _reason(error: Exception) -> str:
    """On one line; an exception of HTTP may have no text of its own."""
    said = str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)
    return " ".join(said.split()) or type(error).__name__


def listed(folder: Path) -> dict[str, str]:
    """What the list of a folder says: file -> line. What is no such line is nothing."""
    try:
        lines = (folder / LIST).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    found = (_LINE.fullmatch(line) for line in lines)
    return {line[2]: line[0] for line in found if line is not None and is_digest(line[3], line[1].lower())}


def write_list(folder: Path, digests: Iterable[tuple[str, str]]) -> None:
    """Adds digests, as ``sha256:DIGITS``, of files to the list of a folder."""
    lines = listed(folder)
    for name, digest in digests:
        kind, _, digits = digest.partition(":")
        lines[name] = f"{kind.upper()} ({name}) = {digits}"
    new = folder / f".{LIST}.new"
    new.write_text("".join(f"{lines[name]}\n" for name in sorted(lines)), encoding="utf-8")
    new.replace(folder / LIST)


def rows_of(images: Iterable[Needed]) -> Iterator[dict[str, object]]:
    for each in images:
        image = each.image
        yield {
            "name": each.name,
            "arch": each.arch,
            "format": image.format,
            "bytes": image.size or "-",
            "checked": image.pinned.partition(":")[0] or ("publisher" if image.checksums else "no"),
            "hosts": list(each.hosts),
            "source": image.url or image.path or "-",
        }
