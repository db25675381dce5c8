"""``zfs list`` and ``zfs get``."""

from __future__ import annotations

from . import datasets
from .options import UsageError, options
from .reply import Reply, UnmodelledError
from .things import Dataset
from .world import World
from .zfs_properties import ALIASES, NATIVE, is_user, known, property_of, shown

HEADERS = {"available": "AVAIL", "referenced": "REFER", "refreservation": "REFRESERV", "volblocksize": "VOLBLOCK"}
KINDS = {"fs": "filesystem", "vol": "volume", "snap": "snapshot"}
FIELDS = ("name", "property", "value", "received", "source")


def reachable(world: World, name: str) -> str:
    """The message for a dataset that cannot be opened; empty when it can."""
    wrong = datasets.invalid(name)
    if wrong:
        return f"cannot open '{name}': {wrong}"
    return "" if world.exists(name) else f"cannot open '{name}': dataset does not exist"


def kinds_of(text: str) -> set[str]:
    """The value of -t; raises UsageError."""
    kinds = {KINDS.get(word, word) for word in text.split(",")}
    if "bookmark" in kinds:
        raise UnmodelledError("bookmarks")
    if "all" in kinds:
        return set(KINDS.values())
    if kinds - set(KINDS.values()):
        raise UsageError(f"invalid type '{min(kinds - set(KINDS.values()))}'")
    return kinds


def columns_of(text: str) -> list[str]:
    """A list of properties; raises UsageError."""
    names = [ALIASES.get(name, name) for name in text.split(",")]
    for name in names:
        if not known(name):
            raise UsageError(f"bad property list: invalid property '{name}'")
    return names


def choose(world: World, names: list[str], given: dict[str, str], default: str) -> tuple[list[Dataset], str]:
    """The datasets that a command is about, and the messages about those that are not there."""
    kinds = kinds_of(given.get("t", default))
    depth = int(given["d"]) if "d" in given else None if "r" in given or not names else 0
    if given.get("t") and kinds == {"snapshot"} and names and depth == 0:
        depth = 1  # zfs list -t snapshot DATASET lists those of the dataset itself
    found: dict[str, Dataset] = {}
    errors = ""
    for name in names:
        wrong = reachable(world, name)
        if not wrong and depth == 0 and "t" in given and world.datasets[name].kind not in kinds:
            wrong = f"cannot open '{name}': operation not applicable to datasets of this type"
        errors += wrong + "\n" if wrong else ""
        if wrong:
            continue
        for each in [world.datasets[name], *datasets.below(world, name)]:
            far = each.name[len(name) :].count("/") + each.name[len(name) :].count("@")
            asked = each.name == name and "t" not in given
            if (depth is None or far <= depth) and (each.kind in kinds or asked):
                found[each.name] = each
    if not names:
        found = {each.name: each for each in world.datasets.values() if each.kind in kinds and world.exists(each.name)}
    return sorted(found.values(), key=datasets.order), errors


def table(rows: list[list[str]], header: list[str], bare: bool) -> str:
    """Lines with tabs for scripts, columns with a header for people."""
    if bare:
        return "".join("\t".join(row) + "\n" for row in rows)
    if not rows:
        return ""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [header, *rows]
    ]
    return "".join(line + "\n" for line in lines)


def zfs_list(world: World, words: list[str]) -> Reply:
    """``zfs list [-Hp] [-r] [-d depth] [-t type] [-o properties] [-s property] [dataset …]``."""
    given, names = options(words, "Hprd:t:o:s:S:")
    columns = columns_of(given.get("o", "name,used,available,referenced,mountpoint"))
    found, errors = choose(world, names, given, "filesystem,volume")
    for letter in "Ss":
        if letter in given:
            key = columns_of(given[letter])[0]
            if key not in ("name", "creation", "createtxg"):
                raise UnmodelledError(f"the order by {key}")
            if key != "name":
                found.sort(key=lambda each: each.made, reverse=letter == "S")
    if not found and not errors and "H" not in given:
        return Reply("", "no datasets available\n")
    rows = [[shown(world, each, column, "p" in given) for column in columns] for each in found]
    header = [HEADERS.get(column, column.upper()) for column in columns]
    return Reply(table(rows, header, "H" in given), errors, 1 if errors else 0)


def zfs_get(world: World, words: list[str]) -> Reply:
    """``zfs get [-Hpr] [-d depth] [-t type] [-o field,…] [-s source,…] all|property,… [dataset …]``."""
    given, rest = options(words, "Hprd:t:o:s:")
    if not rest:
        raise UsageError("missing property argument")
    wanted, names = rest[0], rest[1:]
    fields = given.get("o", "name,property,value,source").split(",")
    fields = list(FIELDS) if fields == ["all"] else fields
    if set(fields) - set(FIELDS):
        raise UsageError(f"invalid column name '{min(set(fields) - set(FIELDS))}'")
    found, errors = choose(world, names, given, "filesystem,volume,snapshot")
    rows = []
    for each in found:
        properties = every(world, each) if wanted == "all" else columns_of(wanted)
        for name in properties:
            value, source = shown(world, each, name, "p" in given), property_of(world, each, name)[1]
            kind = source.split(" ")[0]
            if "s" in given and {"-": "none"}.get(kind, kind) not in given["s"].split(","):
                continue
            row = {"name": each.name, "property": name, "value": value, "source": source}
            row["received"] = each.received.get(name, "-")
            rows.append([row[field] for field in fields])
    return Reply(table(rows, [field.upper() for field in fields], "H" in given), errors, 1 if errors else 0)


def every(world: World, dataset: Dataset) -> list[str]:
    """What ``zfs get all`` shows: the properties of this type, and the user properties that it has."""
    native = [name for name, each in NATIVE.items() if dataset.kind in each.kinds.split(",") and name != "name"]
    users: set[str] = set()
    at: Dataset | None = dataset
    while at is not None:
        users |= {name for name in (*at.properties, *at.received) if is_user(name)}
        at = world.datasets.get(datasets.parent_of(at.name))
    return [*native, *sorted(users)]
