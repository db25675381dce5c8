"""``zfs send`` and ``zfs receive``: a stream is a text that says what its snapshots are and hold."""

from __future__ import annotations

import json
from typing import Any

from . import datasets, zfs_resume
from .datasets import parent_of
from .options import UsageError, options
from .reply import Input, Reply, Result, UnmodelledError, fail
from .things import Dataset
from .world import World
from .zfs_list import reachable
from .zfs_properties import is_user, refusal, stored

MAGIC = "zfs stream of the stand-in host\n"
NOT_SENT = ("refreservation", "reservation", "quota", "refquota")


def zfs_send(world: World, words: list[str]) -> Reply:
    """``zfs send [-pRceLwv] [-i|-I snapshot] snapshot``."""
    given, rest = options(words, "pRceLwbvDPnSht:i:I:")
    if "t" in given:
        return send_rest(world, given, rest)
    if set(given) & set("nPShD") or {"i", "I"} <= set(given):
        raise UnmodelledError("-n, -P, -S, -h and -D")
    (name,) = rest
    wrong = reachable(world, name)
    if wrong:
        return fail(wrong)
    if world.datasets[name].kind != "snapshot":
        raise UnmodelledError("a stream of what is no snapshot")
    base = parent_of(name)
    since = given.get("i", given.get("I", ""))
    since = since if "@" in since[1:] else f"{base}@{since.lstrip('@')}" if since else ""
    if since.startswith("@"):
        since = base + since
    if since and not world.exists(since):
        return fail(f"WARNING: could not send {name}:\nincremental source ({since}) does not exist")
    if since and world.datasets[since].made >= world.datasets[name].made:
        return fail(f"warning: cannot send '{name}': not an earlier snapshot from the same fs")
    names = [base]
    if "R" in given:
        label = name.partition("@")[2]
        below = [each.name for each in datasets.below(world, base) if each.kind != "snapshot"]
        names += [each for each in below if f"{each}@{label}" in world.datasets]
    try:
        parts = [part_of(world, each, name, since, given, base) for each in names]
    except KeyError as missing:
        return fail(f"cannot send '{name}': {missing.args[0]}")
    said = f"send of {name}\n" if "v" in given else ""
    return Reply(stream_of({"recursive": "R" in given, "parts": parts}), said)


def stream_of(content: dict[str, Any]) -> str:
    header = json.dumps(content) + "\n"
    return MAGIC + header + zfs_resume.body(header, sum(len(part["snapshots"]) for part in content["parts"]))


def send_rest(world: World, given: dict[str, str], rest: list[str]) -> Reply:
    """``zfs send [-nv] -t token``: without properties, which came with the beginning."""
    if set(given) - set("tnve") or rest:
        raise UsageError("invalid flags combined with -t" if set(given) - set("tnve") else "too many arguments")
    snapshot, base, wrong = zfs_resume.resumed(world, given["t"])
    if snapshot is None:
        return wrong
    name, _, label = snapshot.name.partition("@")
    part = part_of(world, name, f"{name}@{label}", base.name if base is not None else "", {}, name)
    said = "resume token contents:\n" if "v" in given else ""
    return Reply("" if "n" in given else stream_of({"recursive": False, "parts": [part | {"resumes": True}]}), said)


def part_of(world: World, name: str, last: str, since: str, given: dict[str, str], base: str) -> dict[str, Any]:
    """What a stream holds of one dataset: some of its snapshots, and what they follow on."""
    dataset = world.datasets[name]
    to = world.datasets[f"{name}@{last.partition('@')[2]}"]
    start = world.datasets.get(since if name == base else f"{name}@{since.partition('@')[2]}") if since else None
    if since and start is None and name == base:
        raise KeyError(f"incremental source {since} does not exist")
    found = [each for each in datasets.snapshots(world, name) if each.made <= to.made]
    if start is not None:
        found = [each for each in found if each.made > start.made]
    if not ("R" in given or "I" in given):
        found = [to]
    if any(each.full for each in found):
        raise UnmodelledError(f"the files in {name}")
    keep = {"p", "R"} & set(given)
    properties = {key: value for key, value in dataset.properties.items() if key not in NOT_SENT} if keep else {}
    return {
        "name": name[len(base) :],
        "source": name,
        "kind": dataset.kind,
        "from": start.guid if start is not None else 0,
        "block": dataset.block,
        "properties": properties,
        "snapshots": [
            {"name": each.name.partition("@")[2], "guid": each.guid, "size": each.size, "content": each.content}
            | {"length": each.length, "properties": each.properties if keep else {}}
            for each in found
        ],
    }


def zfs_receive(world: World, words: list[str]) -> Result:
    """``zfs receive [-Fusv] [-o property=value] [-x property] dataset[@snapshot]``, the stream on standard input;
    ``zfs receive -A dataset``."""
    rest = list(words)
    settings: dict[str, str] = {}
    excluded: set[str] = set()
    while any(word in ("-o", "-x") for word in rest):
        at = next(index for index, word in enumerate(rest) if word in ("-o", "-x"))
        key, equals, value = rest[at + 1].partition("=")
        if rest[at] == "-x":
            excluded.add(key)
        elif not equals:
            raise UsageError("missing '=' for property=value argument")
        else:
            settings[key] = value
        del rest[at : at + 2]
    given, names = options(rest, "FusvnhMdeA")
    if set(given) & set("nhMde") or len(names) != 1:
        raise UnmodelledError("-n, -h, -M, -d and -e")
    if "A" in given:
        return zfs_resume.abort(world, names[0])
    return Input(lambda data: receive(world, names[0], data, given, settings, excluded))


def receive(
    world: World, target: str, data: bytes, given: dict[str, str], settings: dict[str, str], excluded: set[str]
) -> Reply:
    """Take a stream."""
    text = data.decode("utf-8", "replace")
    if not text:
        return fail("cannot receive: failed to read from stream")
    if not text.startswith(MAGIC):
        return fail("cannot receive: invalid stream (bad magic number)")
    header, _, content = text[len(MAGIC) :].partition("\n")
    try:
        stream = json.loads(header)
    except json.JSONDecodeError:
        return fail("cannot receive new filesystem stream: checksum mismatch or incomplete stream")
    target = target.partition("@")[0]
    pool = target.split("/")[0]
    if pool not in world.pools:
        return fail(f"cannot open '{pool}': no such pool")
    for key, value in settings.items():
        wrong = refusal(key, value, stream["parts"][0]["kind"])
        if wrong:
            return fail(f"cannot receive: {wrong}")
    whole = zfs_resume.came(content, header + "\n", sum(len(part["snapshots"]) for part in stream["parts"]))
    for part in stream["parts"]:
        name, snapshots = target + part["name"], part["snapshots"]
        cut = whole <= len(snapshots)
        if cut:
            part |= {"snapshots": snapshots[:whole]}
        if not cut or whole or "s" in given:
            wrong = receive_part(world, name, part, "F" in given, settings, excluded)
            if wrong:
                return fail(wrong)
        if cut:
            what = "new filesystem" if not part["from"] else "incremental"
            why = "incomplete stream"
            if "s" in given and whole < len(snapshots):
                part["from"] = snapshots[whole - 1]["guid"] if whole else part["from"]
                why = zfs_resume.keep(world, name, part, snapshots[whole])
            return fail(f"cannot receive {what} stream: {why}")
        whole -= len(snapshots)
    return Reply()


def receive_part(
    world: World, name: str, part: dict[str, Any], force: bool, settings: dict[str, str], excluded: set[str]
) -> str:
    """Take what a stream holds of one dataset; the message when that is refused."""
    there = world.datasets.get(name)
    properties = {key: value for key, value in part["properties"].items() if key not in excluded}
    if part.get("resumes"):
        wrong = goes_on(there, name, part)
        if wrong:
            return wrong
    elif there is not None and there.partial and part["from"]:
        state = 'contains partially-complete state from "zfs receive -s"'
        return f"cannot receive incremental stream: destination {name} {state}."
    if part["from"]:
        wrong = follows(world, name, there, part, force)
        if wrong:
            return wrong
        assert there is not None
    elif there is not None and not part.get("resumes"):
        wrong = replaces(world, there, force)
        if wrong:
            return wrong
        there = None
    if there is None:
        if parent_of(name) not in world.datasets:
            return f"cannot open '{parent_of(name)}': dataset does not exist\ncannot receive new filesystem stream"
        own = {key: stored(key, value) for key, value in settings.items()}
        there = datasets.add(world, name, part["kind"], properties=own, received=properties)
        there.block = part["block"]
        there.inconsistent = not part["snapshots"]
    else:
        there.properties.update({key: stored(key, value) for key, value in settings.items()})
        there.received.update(properties)
    if part["snapshots"]:
        fill(world, there, part)
        there.partial, there.inconsistent = {}, False
    return ""


def goes_on(there: Dataset | None, name: str, part: dict[str, Any]) -> str:
    """Why the rest of a stream does not fit what is left of its beginning."""
    if there is None:
        return f"cannot receive resume stream: destination '{name}' does not exist"
    if there.partial.get("toguid") not in [each["guid"] for each in part["snapshots"]]:
        return "cannot receive resume stream: kernel modules must be upgraded to receive this stream."
    return ""


def fill(world: World, dataset: Dataset, part: dict[str, Any]) -> None:
    """Make the snapshots of a stream; the dataset becomes what the last of them is."""
    new = not dataset.length and not datasets.snapshots(world, dataset.name)
    for each in part["snapshots"]:
        same = {key: each[key] for key in ("guid", "size", "content", "length")}
        kept = {key: value for key, value in each["properties"].items() if is_user(key)}
        datasets.add(world, f"{dataset.name}@{each['name']}", "snapshot", block=dataset.block, received=kept, **same)
        dataset.size, dataset.content, dataset.length = each["size"], each["content"], each["length"]
    if new and dataset.kind == "volume":
        datasets.appear(world, dataset)
    elif new:
        datasets.mount(world, dataset)


def replaces(world: World, there: Dataset, force: bool) -> str:
    """Why a full stream cannot take the place of a dataset."""
    if not force:
        return (
            f"cannot receive new filesystem stream: destination '{there.name}' exists\nmust specify -F to overwrite it"
        )
    if datasets.snapshots(world, there.name):
        return (
            f"cannot receive new filesystem stream: destination has snapshots (eg. "
            f"{datasets.snapshots(world, there.name)[0].name})\nmust destroy them to overwrite it"
        )
    if datasets.users(world, there) or datasets.below(world, there.name):
        return "cannot receive new filesystem stream: dataset is busy"
    if there.kind == "volume":
        world.unnode(f"zvol/{there.name}")
    del world.datasets[there.name]
    return ""


def follows(world: World, name: str, there: Dataset | None, part: dict[str, Any], force: bool) -> str:
    """Why an increment does not fit; with -F what came after its source is given up."""
    if there is None:
        return f"cannot receive incremental stream: destination '{name}' does not exist"
    known = datasets.snapshots(world, name)
    source = next((each for each in known if each.guid == part["from"]), None)
    if source is None or (known[-1] is not source and not force):
        return f"cannot receive incremental stream: most recent snapshot of {name} does not\nmatch incremental source"
    changed = (there.content, there.size) != (source.content, source.size)
    if changed and not force:
        return f"cannot receive incremental stream: destination {name} has been modified\nsince most recent snapshot"
    later = [each for each in known if each.made > source.made]
    if any(each.holds or datasets.clones(world, each.name) for each in later):
        return f"cannot receive incremental stream: destination {name} is busy"
    for each in later:
        del world.datasets[each.name]
    if datasets.users(world, there) and changed:
        datasets.lose(world, there, "zfs receive -F")
    return ""
