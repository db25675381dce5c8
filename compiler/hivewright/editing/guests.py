"""What renaming, moving, cloning and removing a guest do to the files of the site and to its lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from hivewright.allocation.lock import Lock, lock_file, write_lock
from hivewright.allocation.lock_files import Locks
from hivewright.editing.assignment import KeyPath
from hivewright.editing.document import set_key
from hivewright.editing.tables import part_tables, rename_tables
from hivewright.source import Sources

Texts = dict[str, str | None]
"""New texts of files by name below the site; ``None`` for one that goes."""


class Edit(NamedTuple):
    """New texts of files of the site and of locks, and the locks as they are then."""

    texts: Texts
    lock_texts: Texts
    locks: Locks


def rename_guest(sources: Sources, homes: Mapping[str, str], locks: Locks, old: str, new: str) -> Edit:
    """The guest under another name, with all that refers to it; ``homes`` has the files of guests.

    Raises ``UneditableError``.
    """
    file = homes[old]
    text = rename_tables(sources.texts[file], "vm", old, new)
    former = _own(sources, file, old).get("renamed_from", [])
    earlier = [former] if isinstance(former, str) else list(former)
    names = [old, *(name for name in earlier if name not in (old, new))]
    text = set_key(text, ("vm", new, "renamed_from"), names[0] if len(names) == 1 else names)
    texts: Texts = {file: text}
    for name, path, value in _references(sources, old, new):
        own = ("vm", new, *path[2:]) if path[:2] == ("vm", old) else path
        texts[name] = set_key(texts.get(name) or sources.texts[name], own, value)
    if file.rpartition("/")[2] == f"{old}.toml":
        place = f"{file[: -len(f'{old}.toml')]}{new}.toml"
        if place not in sources.texts:
            texts[place], texts[file] = texts[file], None
    return _with_lock_renamed(texts, locks, old, new)


def _own(sources: Sources, file: str, name: str) -> dict[str, Any]:
    """The keys that the file of a guest gives it."""
    values: Any = next(each.values for each in sources.files if each.name == file)
    found: dict[str, Any] = values["vm"][name]
    return found


def _references(sources: Sources, old: str, new: str) -> Iterator[tuple[str, KeyPath, Any]]:
    """Keys that name a guest: file, path, and the value that names it otherwise."""
    for file in sources.files:
        for path, layer in _layers(file.values):
            after = layer.get("after")
            if isinstance(after, list) and old in after:
                yield file.name, (*path, "after"), [new if name == old else name for name in after]
            disks = layer.get("disk")
            for disk, keys in disks.items() if isinstance(disks, dict) else ():
                clone = keys.get("clone") if isinstance(keys, dict) else None
                if isinstance(clone, str) and clone.startswith(f"{old}/"):
                    yield file.name, (*path, "disk", disk, "clone"), f"{new}/{clone.partition('/')[2]}"


def _layers(values: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """The tables of a file that have keys of guests."""
    for kind in ("vm", "template"):
        named = values.get(kind)
        for name, keys in named.items() if isinstance(named, dict) else ():
            if isinstance(keys, dict):
                yield (kind, name), keys
    if isinstance(values.get("defaults"), dict):
        yield ("defaults",), values["defaults"]


def _with_lock_renamed(texts: Texts, locks: Locks, old: str, new: str) -> Edit:
    """The lock goes along; from which name its numbers and what the guest remembers come, it knows from now on."""
    lock = locks.locks.get(old)
    if lock is None:
        return Edit(texts, {}, locks)
    kept = lock._replace(name=lock.name or old)
    others: dict[str, Lock] = {name: each for name, each in locks.locks.items() if name != old}
    lock_texts: Texts = {lock_file(old): None, lock_file(new): write_lock(new, kept)}
    return Edit(texts, lock_texts, locks._replace(locks={**others, new: kept}))


def move_guest(
    sources: Sources, homes: Mapping[str, str], locks: Locks, name: str, hosts: Sequence[str], host: str
) -> Edit:
    """The guest with another home; one that may live on several hosts may go on to live on those it had.

    Raises ``UneditableError``.
    """
    file = homes[name]
    text: str = sources.texts[file]
    if len(hosts) > 1 or "hosts" in _own(sources, file, name):
        text = set_key(text, ("vm", name, "hosts"), [host, *(each for each in hosts if each != host)])
    else:
        text = set_key(text, ("vm", name, "host"), host)
    texts: Texts = {file: set_key(text, ("vm", name, "moved_from"), hosts[0])}
    lock = locks.locks.get(name)
    if lock is None:
        return Edit(texts, {}, locks)
    # A lock that counts no moves may be of a release that counted none: this one is another than those before.
    moved = lock._replace(home=host, moves=max(1, lock.moves) + 1)
    return Edit(texts, {lock_file(name): write_lock(name, moved)}, locks._replace(locks={**locks.locks, name: moved}))


def remove_guest(sources: Sources, homes: Mapping[str, str], locks: Locks, name: str) -> Edit:
    """The site without a guest. Its lock stays, so that nobody else gets its numbers. Raises ``UneditableError``."""
    file = homes[name]
    rest = part_tables(sources.texts[file], "vm", name).rest
    return Edit({file: rest if _says_anything(rest) else None}, {}, locks)


def _says_anything(text: str) -> bool:
    """Whether a document has more than comments."""
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())
