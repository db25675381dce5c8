"""What is left of a stream that broke off: ``zfs receive -s`` keeps it, ``zfs send -t`` goes on with it."""

from __future__ import annotations

import json
import zlib
from typing import Any

from . import datasets
from .reply import Reply, fail
from .things import Dataset
from .world import World

END = "end\n"


def body(header: str, snapshots: int) -> str:
    """What a stream holds behind its first line: a line for each snapshot, more in all than what stands before."""
    line = "#" * (100 + len(header) // max(snapshots, 1)) + "\n"
    return line * snapshots + END


def came(text: str, header: str, snapshots: int) -> int:
    """So many of the snapshots of a stream are whole; all, and one more, when it ended as it should."""
    if text.endswith(END):
        return snapshots + 1
    return text.count("\n") if len(text) < len(body(header, snapshots)) else snapshots


def token(dataset: Dataset) -> str:
    """The value of receive_resume_token."""
    if not dataset.partial:
        return "-"
    data = json.dumps([dataset.partial[key] for key in ("toname", "toguid", "from")]).encode()
    return f"1-{zlib.crc32(data):x}-{len(data):x}-{data.hex()}"


def read_token(text: str) -> tuple[str, int, int] | None:
    """The snapshot that a token is about, its guid and that of what it follows on."""
    parts = text.split("-")
    try:
        version, checksum, length, data = parts
        content = bytes.fromhex(data)
        if (version, int(checksum, 16), int(length, 16)) == ("1", zlib.crc32(content), len(content)):
            name, guid, since = json.loads(content)
            return name, guid, since
    except ValueError:
        pass
    return None


def resumed(world: World, text: str) -> tuple[Dataset | None, Dataset | None, Reply]:
    """The snapshot that ``zfs send -t`` goes on with, what it follows on, or why it cannot."""
    read = read_token(text)
    if read is None:
        return None, None, fail("cannot resume send: resume token is corrupt (invalid format)", 255)
    name, guid, since = read
    snapshot = next((each for each in world.datasets.values() if each.guid == guid), None)
    if snapshot is None:
        what = "is no longer the same snapshot used in the initial send"
        what = what if world.exists(name) else "used in the initial send no longer exists"
        return None, None, fail(f"cannot resume send: '{name}' {what}", 255)
    own = datasets.snapshots(world, datasets.parent_of(snapshot.name))
    base = next((each for each in own if each.guid == since), None)
    if since and base is None:
        return None, None, fail(f"cannot resume send: incremental source {since:#x} no longer exists", 255)
    return snapshot, base, Reply()


def keep(world: World, name: str, part: dict[str, Any], snapshot: dict[str, Any]) -> str:
    """Keep what came of a snapshot; the message tells how one goes on."""
    dataset = world.datasets[name]
    sent = {"toname": f"{part['source']}@{snapshot['name']}", "toguid": snapshot["guid"], "from": part["from"]}
    dataset.partial = sent
    return (
        "checksum mismatch or incomplete stream.\nPartially received snapshot is saved.\n"
        f"A resuming stream can be generated on the sending system by running:\n    zfs send -t {token(dataset)}"
    )


def abort(world: World, name: str) -> Reply:
    """``zfs receive -A``: a dataset that was new is gone by that."""
    dataset = world.datasets.get(name)
    if dataset is None:
        return fail(f"cannot open '{name}': dataset does not exist")
    if not dataset.partial:
        return fail(f"'{name}' does not have any resumable receive state to abort")
    dataset.partial = {}
    if dataset.inconsistent:
        del world.datasets[name]
    return Reply()
