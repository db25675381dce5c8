"""Other values for a key of a site, most of them from its JSON Schema; which of them are valid there shows later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from hivewright.schema.json_schema import site_schema

Path = tuple[str | int, ...]
Values = dict[str, Any]

UNSET = object()
"""In place of a value: the key is not written."""

REFERENCES = {
    ("disk", "storage"): "storage",
    ("nic", "network"): "network",
    ("passthrough", "device"): "device",
    ("vm", "topology"): "topology",
    ("disk", "image"): "image",
    ("cd", "image"): "image",
}
"""Kind of table and key -> what its value names."""

BY_KEY: Mapping[str, tuple[Any, ...]] = {
    "bus": ("nvme", "ahci-hd", "virtio-blk"),
    "cd": (["drivers"], ["sata"], ["port"]),
    "chap": ({"user": "another", "secret": "another"},),
    "clone": ("golden/other@v9",),
    "cloud_init": ({"hostname": "another"},),
    "commands": (["set debug=all", "boot"],),
    "cpus": ("0-2", "0-1", "4-5", 2, 3, 4, 8, 16),
    "cpuset": ("5-9", "1"),
    "device": ("/dev/cuau7",),
    "extra_args": (["-o", "x=y"], ["-o", "keyboard.layout=us"]),
    "freebsd": ("14.2", "15.1", "15.0", "13.2"),
    "gateway4": ("192.0.2.9", "192.0.2.14", "10.0.0.2", "198.51.100.7", "192.0.2.130", "192.0.2.131"),
    "ipv4": ("192.0.2.77/24", "192.0.2.13/28", "10.0.0.77/24", "192.0.2.130/31", "192.0.2.2/25", "10.0.9.1/24"),
    "lun": (7,),
    "memory": ("3G", "6G", "9G", "1025M"),
    "name": ("opt/org.example/another",),
    "path": ("/srv/another", "/dev/cam/ctl7.1"),
    "pci": ("9/1/0", "9/1/1"),
    "portal": ("192.0.2.99",),
    "prestart": ([],),
    "properties": ({"compression": "gzip"}, {"volblocksize": "32K"}),
    "ram": ("256M",),
    "remote": ("198.51.100.99", "239.0.0.99"),
    "resolution": ("800x600",),
    "sector_size": ("512", "4096"),
    "size": ("1G", "3G", "77G"),
    "slot": (21, "22", 24, 26, 28, 4, "5:1", "8:2", "9:2", "3:7:0"),
    "target": ("iqn.2001-01.example.net:another",),
    "user": ("another",),
    "uuid": ("01234567-0000-cdef-0123-456789abcdef",),
    "variables": ({"another": "1"}, True, False),
    "vf": ("ix9:0",),
}
"""Values of keys that no schema can tell, or whose neighbours ask for special ones."""


def other_values(site: Mapping[str, Any], path: Path, value: Any) -> Iterator[Any]:
    """Values that differ from the one at a place, of which many will not be valid there; the likely ones first.

    ``site`` holds the tables of all files; ``value`` may be ``UNSET``.
    """
    special = (*_wholes(path), *_related(path, value), *BY_KEY.get(str(path[-1]), ()))
    for each in (*_references(site, path), *special, *_by_schema(path, value), UNSET):
        if each is not value and (type(each), each) != (type(value), value):
            yield deepcopy(each) if each is not UNSET else UNSET


def _wholes(path: Path) -> Iterator[Values]:
    """Tables that a word follows from as wholes."""
    if "topology" in path[-2:]:
        yield from ({"sockets": first, "cores": second} for first in (1, 2, 3, 4, 8, 12, 24) for second in (1, 2, 12))
    if path[0] == "image" and len(path) == 2:
        yield {"url": "https://images.example.net/another.raw", "sha256": "1" * 64}


def _related(path: Path, value: Any) -> Iterator[Any]:
    """Values near the present one: another function of a device, another address of a subnet."""
    if not isinstance(value, str):
        return
    if path[-1] == "vf":
        yield from (f"{value.partition(':')[0]}:{number}" for number in range(8))
    address, slash, length = value.partition("/")
    if path[-1] in ("gateway4", "ipv4", "ipv6") and value[-1:].isdigit():
        start, dot, end = address.rpartition("." if "." in address else ":")
        yield from (
            f"{start}{dot}{number}{slash}{length}" for number in (1, 2, 3, 13, 130, 131, 77) if str(number) != end
        )


def _references(site: Mapping[str, Any], path: Path) -> Iterator[str]:
    if len(path) < 2:
        return
    kinds = [kind for (table, key), kind in REFERENCES.items() if key == path[-1] and table in path[:-1]]
    for kind in kinds:
        tables = site.get("host", {}).values() if kind == "device" else [{kind: site.get(kind, {})}]
        yield from (name for table in tables for name in table.get(kind, {}))


@cache
def _schema() -> Values:
    return site_schema()


def _by_schema(path: Path, value: Any) -> Iterator[Any]:
    """What each form of a key in the schema allows; nothing where the schema knows no such key."""
    forms: list[Mapping[str, Any]] = [_schema()]
    for part in path:
        forms = [inner for form in forms for inner in _inner(form, str(part))]
    for form in forms:
        yield from _samples(form, value)


def _alternatives(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The node itself, or what it refers to and chooses from."""
    if "$ref" in node:
        yield from _alternatives(_schema()["$defs"][node["$ref"].rpartition("/")[2]])
    for choice in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        yield from _alternatives(choice)
    if not {"$ref", "anyOf", "oneOf"} & node.keys():
        yield node


def _inner(node: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    for form in _alternatives(node):
        if key in form.get("properties", {}):
            yield form["properties"][key]
        else:
            yield from form.get("patternProperties", {}).values()
            if isinstance(form.get("additionalProperties"), dict):
                yield form["additionalProperties"]


def _samples(node: Mapping[str, Any], value: Any) -> Iterator[Any]:
    for form in _alternatives(node):
        yield from form.get("enum", ())
        yield from form.get("examples", ())
        kind = form.get("type")
        if kind == "boolean":
            yield from (True, False)
        elif kind == "integer":
            start = value if isinstance(value, int) else form.get("default", form.get("minimum", 0))
            low, high = form.get("minimum", 0), form.get("maximum", 2**31)
            yield from (each for each in (start + 1, start - 1, start + 10, low, low + 3, high) if low <= each <= high)
        elif kind == "string":
            yield from _texts(form, value)
        elif kind == "array":
            yield from ([each] for each in _samples(form.get("items", {}), UNSET))
            yield []
        elif kind == "object":
            yield {}


def _texts(form: Mapping[str, Any], value: Any) -> Iterator[str]:
    """The examples and the present value with another end: most texts are free in their form."""
    import re

    starts = [value] if isinstance(value, str) else []
    for start in (*starts, *form.get("examples", ())):
        for text in (f"{start}9", f"{start}x", f"{start[:-1]}9", f"{start[:-1]}8"):
            if re.search(form.get("pattern", ""), text):
                yield text
