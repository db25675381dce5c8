"""Profiles as a whole: read with what they extend, and described for people."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from hivewright.model.profile import Profile
from hivewright.model.readers import READERS
from hivewright.model.site import ProfileSource
from hivewright.site.profiles import Profiles
from hivewright.site.resolve import merge
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
            values = {**profiles.whole(name)[0], "vm": _keys_of_vms(profiles, name)}
            found.append(Entry(name, files, Profile.model_validate(values)))
        except ValidationError:
            faulty.append(name)
    return found, faulty


def _keys_of_vms(profiles: Profiles, name: str) -> Mapping[str, object]:
    """What a profile and those that it extends set in a VM."""
    keys: Mapping[str, object] = {}
    for layer in profiles.layers(name):
        keys = merge(keys, layer.values)
    return keys


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
    yield f"  first boot    {_first_boot(profile)}"
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
    if profile.sockets:
        yield f"  sockets       {profile.sockets} at most"
    yield from (f"  {'' if number else 'a VM has':12}  {line}" for number, line in enumerate(_keys(profile.vm)))
    for arch, image in profile.image.items():
        yield f"  image {arch}   {image.format}, {_checked(image)}"
        yield from (f"                {address}" for address in (image.url or image.path or "", *image.mirrors))
    yield from textwrap.wrap(profile.notes, WIDTH, initial_indent="  ", subsequent_indent="  ")


def _first_boot(profile: Profile) -> str:
    """Who reads the data, and what users become root by, where that is written for them."""
    name, rules = profile.usual_reader, profile.root_rules
    reader = READERS[name]
    if reader is None:
        return "nothing reads the data"
    return name if rules in reader.lacks else f"{name}; users become root by {rules}"


def _keys(table: Mapping[str, object], before: str = "") -> Iterator[str]:
    """Keys of a VM, one a line, as they may be written in its table."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _keys(value, f"{before}{key}.")
        else:
            yield f"{before}{key} = {json.dumps(value, ensure_ascii=False)}"


def _checked(image: Image) -> str:
    size = f"{image.size} bytes, " if image.size else ""
    if image.pinned:
        return f"{size}{image.pinned.partition(':')[0]} known"
    if image.checksums is not None:
        return f"{size}checked by {image.checksums.url}"
    return f"{size}not verified: authenticated by its address alone"
