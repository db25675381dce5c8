"""Profiles as a whole: read with what they extend, and described for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from hivewright.model.profile import Profile
from hivewright.model.site import ProfileSource
from hivewright.site.profiles import Profiles
from hivewright.values import format_size

if TYPE_CHECKING:
    from hivewright.model.image import Image
    from hivewright.source import Sources

WIDTH = 100


class Entry(NamedTuple):
    """A profile that can be read."""

    name: str
    files: tuple[str, ...]
    """Its file, and those that it extends."""
    profile: Profile


def read_entries(sources: Sources, names: Iterable[str]) -> tuple[list[Entry], list[str]]:
    """Profiles by name, and the names of those with faults, which ``profile check`` tells."""
    profiles = Profiles(sources)
    found, faulty = [], []
    for name in names:
        if not profiles.ask(name):
            faulty.append(name)
            continue
        files = tuple(file.name for file in profiles.chain(name))
        try:
            found.append(Entry(name, files, Profile.model_validate(profiles.whole(name)[0])))
        except ValidationError:
            faulty.append(name)
    return found, faulty


def source_of(values: object) -> ProfileSource | None:
    """What ``[site] profiles`` says, unless it is wrong."""
    try:
        return ProfileSource.model_validate(values)
    except ValidationError:
        return None


def row_of(entry: Entry, own: bool) -> dict[str, object]:
    """What ``profile list`` tells."""
    profile = entry.profile
    formats = list(dict.fromkeys(image.format for image in profile.image.values()))
    return {
        "name": entry.name,
        "os": profile.os,
        "arches": list(profile.arches),
        "image": ",".join(formats) or "-",
        "user": profile.user or "-",
        "from": "site" if own else "hivewright",
        "description": profile.description,
    }


def lines_of(entry: Entry) -> Iterator[str]:
    """What ``profile show`` tells."""
    profile = entry.profile
    yield f"{entry.name}: {profile.description}"
    yield f"  file          {entry.files[0]}"
    if len(entry.files) > 1:
        yield f"  extends       {', '.join(entry.files[1:])}"
    yield f"  system        {profile.os}, for {' and '.join(profile.arches)}"
    yield f"  first boot    {profile.reader or 'as its system does'}"
    if profile.user:
        yield f"  account       {profile.user}"
    yield f"  console       {profile.console}"
    least = profile.smallest
    if least is not None:
        sizes = [("disk", least.disk), ("memory", least.memory)]
        yield f"  needs         {', '.join(f'{what} {format_size(size)}' for what, size in sizes if size)}"
    devices = profile.devices
    if devices is not None:
        kinds = [f"{what} {kind}" for what, kind in (("disk", devices.disk), ("nic", devices.nic)) if kind]
        yield f"  devices       {', '.join(kinds)}"
    for arch, image in profile.image.items():
        yield f"  image {arch}   {image.format}, {_checked(image)}"
        yield from (f"                {address}" for address in (image.url or image.path or "", *image.mirrors))
    yield from textwrap.wrap(profile.notes, WIDTH, initial_indent="  ", subsequent_indent="  ")


def _checked(image: Image) -> str:
    size = f"{image.size} bytes, " if image.size else ""
    if image.pinned:
        return f"{size}{image.pinned.partition(':')[0]} known"
    if image.checksums is not None:
        return f"{size}checked by {image.checksums.url}"
    return f"{size}not verified: authenticated by its address alone"
