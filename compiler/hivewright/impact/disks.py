"""What a change does to the disks of a guest: where they lie, what they are made from, how large they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from hivewright.impact.calls import Call
from hivewright.impact.consequence import INSTALL, Consequence, Finding, Needs
from hivewright.values import format_size

_MAKERS = frozenset(("volume", "clone", "sparse_file"))
_BLOCKS = ("volblocksize=", "+volblocksize=")


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk, as the start and provision scripts of a guest have it."""

    name: str
    place: str
    """A dataset, a path, or a logical unit of iSCSI."""
    size: int | None = None
    """In bytes; ``None`` for what the host does not make."""
    image: str = ""
    """The name of what it is made from: an image, or the snapshot that it is a clone of."""
    content: str = ""
    """What tells this image from others: its checksum, or else its source."""
    blocks: int | None = None
    maker: str = ""
    """The call that makes it."""
    words: tuple[str, ...] = ()
    """What that call says besides."""

    @property
    def is_made(self) -> bool:
        return self.size is not None


def read_disks(start: Iterable[Call], provision: Iterable[Call]) -> dict[str, Disk]:
    """The disks of a guest by name."""
    disks: dict[str, Disk] = {}
    for call in start:
        match call.verb, call.words:
            case "prepare", ("disk", name, path, *_):
                disks[name] = Disk(name, path.removeprefix("/dev/zvol/"))
            case "prepare", ("lun", name, portal, target, number, *_):
                disks[name] = Disk(name, f"LUN {number} of {target} at {portal}")
    made = list(provision)
    images = {call.words[0]: _content(call.words) for call in made if call.verb == "image" and call.words}
    for call in made:
        if call.verb in _MAKERS and len(call.words) >= 3 and call.words[2].isdecimal():
            disks[call.words[0]] = _made(call, images)
    return disks


def _content(words: tuple[str, ...]) -> str:
    """Of ``image NAME SOURCE CHECKSUM FORMAT[:MEMBER]``: with a checksum, the source does not matter."""
    _, source, checksum, form, *_ = (*words, "", "none", "")
    what = checksum if checksum not in ("", "none") else source
    return what + form[form.index(":") :] if ":" in form else what


def _made(call: Call, images: Mapping[str, str]) -> Disk:
    name, place, size, *rest = call.words
    named = {key: value for key, found, value in (word.partition("=") for word in rest) if found}
    image = named.get("image", named.get("copy", ""))
    content = images.get(image, image)
    if call.verb == "clone" and not image:
        image = content = rest[0] if rest else ""
    blocks = named.get("volblocksize", named.get("+volblocksize"))
    own = _bytes(blocks) if blocks is not None else None
    return Disk(name, place, int(size), image, content, own, call.verb, tuple(rest))


def _bytes(blocks: str) -> int | None:
    """A volblocksize in bytes: 16K or 16384."""
    digits = blocks.rstrip("kK")
    return int(digits) * (1024 if digits != blocks else 1) if digits.isdecimal() else None


def compare_disks(old: Mapping[str, Disk], new: Mapping[str, Disk], vm: str) -> Iterator[Finding]:
    """What becomes of each disk. What counts only when a disk is made is told, and has no consequence."""
    left = [old[name] for name in sorted(old.keys() - new.keys()) if old[name].is_made]
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            reason = f"disk {name} leaves the guest; what is on it stays at {old[name].place}"
            yield Finding(Consequence.NEXT_BOOT, (f"disk.{name}",), reason, Needs(restart=True))
        elif name not in old:
            same = next((disk for disk in left if _may_be(disk, new[name])), None)
            if same is None:
                yield _added(new[name])
            else:
                left.remove(same)
                yield _renamed(same, new[name], vm)
        else:
            found = list(_compare(old[name], new[name], vm))
            yield from found or _otherwise_made(old[name], new[name])


def _added(disk: Disk) -> Finding:
    what = f"disk {disk.name} is new"
    return Finding(Consequence.NEXT_BOOT, (f"disk.{disk.name}",), what, Needs(restart=True, provision=disk.is_made))


def _may_be(old: Disk, new: Disk) -> bool:
    """Whether a disk that is new may be one that leaves, by another name."""
    return new.is_made and (old.size, old.content) == (new.size, new.content)


def _renamed(old: Disk, new: Disk, vm: str) -> Finding:
    reason = f"disk {new.name} would start empty; disk {old.name}, as large, leaves the guest with what it holds"
    move = f"if it is disk {old.name} by another name, {_move(old, new)}, and once the files are installed hivectl "
    move += f"provision --adopt {new.name} {vm}; if not, nothing of this"
    keys = (f"disk.{old.name}", f"disk.{new.name}")
    return Finding(Consequence.DATA, keys, reason, Needs(off=True, restart=True, by_hand=(move,)))


def _compare(old: Disk, new: Disk, vm: str) -> Iterator[Finding]:
    if old.place != new.place:
        yield _moved(old, new, vm)
        return
    if old.content != new.content and old.is_made and new.is_made:
        yield _other_image(old, new, vm)
    if old.size is not None and new.size is not None and old.size != new.size:
        yield _resized(old.size, new.size, new.name)
    if old.blocks is not None and new.blocks is not None and old.blocks != new.blocks:
        yield _other_blocks(old.blocks, new.blocks, new.name)


def _otherwise_made(old: Disk, new: Disk) -> Iterator[Finding]:
    """How a disk would be made if it were not there."""
    if not (old.is_made and new.is_made) or (old.maker, old.words) == (new.maker, new.words):
        return
    keys = (f"disk.{new.name}.{'clone' if not new.image else 'clone_image'}",)
    if old.maker != new.maker:
        how = "a clone" if new.maker == "clone" else "a copy"
        reason = f"disk {new.name} would be made as {how}; one that is there stays what it is"
    elif _properties(old) != _properties(new):
        keys = (f"disk.{new.name}.properties",)
        reason = f"disk {new.name} would be made with other properties; one that is there keeps its own"
    else:
        keys = (f"image.{new.image}",)
        reason = f"disk {new.name} would be made of another volume of its image; one that is there stays what it is"
    yield Finding(Consequence.NOTHING, keys, reason, INSTALL)


def _properties(disk: Disk) -> frozenset[str]:
    """The words without those that say what it is made from."""
    words = disk.words[1:] if disk.maker == "clone" else disk.words
    return frozenset(word for word in words if not word.startswith(("image=", "copy=")))


def _moved(old: Disk, new: Disk, vm: str) -> Finding:
    key = f"disk.{new.name}.storage" if new.is_made and old.is_made else f"disk.{new.name}"
    anew = f"or begin anew, with the old one kept: hivectl provision --recreate {new.name} {vm}"
    if not new.is_made:
        reason = f"disk {new.name} becomes {new.place}; what is on {old.place} stays there"
        return Finding(Consequence.DATA, (key,), reason, Needs(off=True, restart=True))
    reason = f"disk {new.name} would start empty at {new.place}; what it holds lies at {old.place}"
    move = f"{_move(old, new)}, {anew}"
    return Finding(Consequence.DATA, (key,), reason, Needs(off=True, restart=True, by_hand=(move,)))


def _move(old: Disk, new: Disk) -> str:
    volumes = not old.place.startswith("/") and not new.place.startswith("/") and old.is_made
    if volumes and old.place.partition("/")[0] == new.place.partition("/")[0]:
        return f"zfs rename -p {old.place} {new.place}"
    if volumes:
        return f"copy {old.place} to {new.place} (zfs send, zfs receive)"
    return f"copy {old.place} to {new.place}"


def _other_image(old: Disk, new: Disk, vm: str) -> Finding:
    before, after = (disk.image or "no image" for disk in (old, new))
    change = f"{before} becomes {after}" if before != after else f"{after} is another one"
    reason = f"disk {new.name} would come from another image ({change}); one that is there keeps what it holds"
    aside = f"{'mv' if new.place.startswith('/') else 'zfs rename'} {new.place} {new.place}.old"
    anew = f"hivectl stop {vm}, {aside}, hivectl provision --recreate {new.name} {vm}"
    anew = f"keep disk {new.name} as it is; or, to begin anew once the files are installed: {anew}"
    key = f"disk.{new.name}.image" if before != after or not new.image else f"image.{new.image}"
    if "@" in before + after and "/" in before + after:
        key = f"disk.{new.name}.clone"
    return Finding(Consequence.DATA, (key,), reason, Needs(by_hand=(anew,)))


def _resized(old: int, new: int, name: str) -> Finding:
    key = (f"disk.{name}.size",)
    before, after = format_size(old), format_size(new)
    if new > old:
        reason = f"disk {name} grows from {before} to {after}"
        return Finding(Consequence.NEXT_BOOT, key, reason, Needs(restart=True, provision=True))
    reason = f"disk {name} would be smaller, {after} instead of {before}; a disk never shrinks, so it keeps its size"
    back = f'write size = "{before}" again, or copy the data of disk {name} to a new disk'
    return Finding(Consequence.DATA, key, reason, Needs(by_hand=(back,)))


def _other_blocks(old: int, new: int, name: str) -> Finding:
    before, after = format_size(old), format_size(new)
    reason = f"disk {name} cannot change its volblocksize from {before} to {after}; the guest would not start"
    back = f'write volblocksize = "{before}" again, or copy the data of disk {name} to a new disk'
    return Finding(Consequence.DATA, (f"disk.{name}.properties",), reason, Needs(by_hand=(back,)))
