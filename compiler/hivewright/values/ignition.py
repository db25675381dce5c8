"""Configs of ignition: whether one has the form of its specification, and how one is merged over another.

The forms are those of "Configuration Specification" v3.0.0 to v3.5.0; the rules for merging are those of its "Operator
Notes", section "Config merging".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

VERSIONS = ("3.0.0", "3.1.0", "3.2.0", "3.3.0", "3.4.0", "3.5.0")

Json = dict[str, Any]


class Form(NamedTuple):
    """What a value has to be."""

    kind: type
    since: int = 0
    """The minor number of the version that brought it."""
    required: bool = False
    keys: Mapping[str, Form] = {}
    """Of a table, or of the entries of a list of tables."""
    entries: type | None = None
    """Of a list, what its entries are."""


_TEXT, _NUMBER, _SWITCH = Form(str), Form(int), Form(bool)
_NAME = Form(str, required=True)
_TEXTS = Form(list, entries=str)


def _table(keys: Mapping[str, Form], since: int = 0) -> Form:
    return Form(dict, since, keys=keys)


def _tables(keys: Mapping[str, Form], since: int = 0) -> Form:
    return Form(list, since, keys=keys, entries=dict)


def _from(since: int, form: Form) -> Form:
    return form._replace(since=since)


def _all(form: Form, names: str) -> dict[str, Form]:
    return dict.fromkeys(names.split(), form)


_HEADERS = _tables({"name": _NAME, "value": _TEXT}, 1)
_RESOURCE = {**_all(_TEXT, "source compression"), "httpHeaders": _HEADERS, "verification": _table({"hash": _TEXT})}
_CONFIG = {**_RESOURCE, "source": _NAME}
_OWNER = _table({"id": _NUMBER, "name": _TEXT})
_NODE = {"path": _NAME, "overwrite": _SWITCH, "user": _OWNER, "group": _OWNER}
_PARTITION = {
    **_all(_TEXT, "label typeGuid guid"),
    **_all(_NUMBER, "number sizeMiB startMiB"),
    **_all(_SWITCH, "wipePartitionEntry shouldExist"),
    "resize": _from(2, _SWITCH),
}
_TANG = {"url": _NAME, "thumbprint": _TEXT, "advertisement": _from(4, _TEXT)}
_CLEVIS = {
    "tang": _tables(_TANG),
    "tpm2": _SWITCH,
    "threshold": _NUMBER,
    "custom": _table({**_all(_TEXT, "pin config"), "needsNetwork": _SWITCH}),
}
_LUKS = {
    **_all(_TEXT, "device label uuid"),
    "name": _NAME,
    "keyFile": _table(_RESOURCE),
    "options": _TEXTS,
    "wipeVolume": _SWITCH,
    "clevis": _table(_CLEVIS),
    "discard": _from(4, _SWITCH),
    "openOptions": _from(4, _TEXTS),
    "cex": _table({"enabled": _SWITCH}, 5),
}
_IGNITION = {
    "version": _NAME,
    "config": _table({"merge": _tables(_CONFIG), "replace": _table(_CONFIG)}),
    "timeouts": _table(_all(_NUMBER, "httpResponseHeaders httpTotal")),
    "security": _table({"tls": _table({"certificateAuthorities": _tables(_CONFIG)})}),
    "proxy": _table({**_all(_TEXT, "httpProxy httpsProxy"), "noProxy": _TEXTS}, 1),
}
_FILESYSTEM = {
    **_all(_TEXT, "format path label uuid"),
    "device": _NAME,
    "wipeFilesystem": _SWITCH,
    "options": _TEXTS,
    "mountOptions": _from(1, _TEXTS),
}
_STORAGE = {
    "disks": _tables({"device": _NAME, "wipeTable": _SWITCH, "partitions": _tables(_PARTITION)}),
    "raid": _tables({"name": _NAME, "level": _TEXT, **_all(_TEXTS, "devices options"), "spares": _NUMBER}),
    "filesystems": _tables(_FILESYSTEM),
    "files": _tables({**_NODE, "contents": _table(_RESOURCE), "append": _tables(_RESOURCE), "mode": _NUMBER}),
    "directories": _tables({**_NODE, "mode": _NUMBER}),
    "links": _tables({**_NODE, "target": _NAME, "hard": _SWITCH}),
    "luks": _tables(_LUKS, 2),
}
_DROPINS = _tables({"name": _NAME, "contents": _TEXT})
_UNIT = {"name": _NAME, **_all(_SWITCH, "enabled mask"), "contents": _TEXT, "dropins": _DROPINS}
_USER = {
    **_all(_TEXT, "passwordHash gecos homeDir primaryGroup shell"),
    **_all(_SWITCH, "noCreateHome noUserGroup noLogInit system"),
    **_all(_TEXTS, "sshAuthorizedKeys groups"),
    "name": _NAME,
    "uid": _NUMBER,
    "shouldExist": _from(2, _SWITCH),
}
_GROUP = {
    "name": _NAME,
    "gid": _NUMBER,
    "passwordHash": _TEXT,
    "system": _SWITCH,
    "shouldExist": _from(2, _SWITCH),
}
_ROOT = _table(
    {
        "ignition": Form(dict, required=True, keys=_IGNITION),
        "storage": _table(_STORAGE),
        "systemd": _table({"units": _tables(_UNIT)}),
        "passwd": _table({"users": _tables(_USER), "groups": _tables(_GROUP)}),
        "kernelArguments": _table(_all(_TEXTS, "shouldExist shouldNotExist"), 3),
    }
)
_WORDS = {str: "text", int: "a whole number", bool: "true or false", dict: "an object", list: "a list"}


def faults_of(config: object) -> Iterator[str]:
    """What is wrong with a config, a sentence each: ``storage.files[0].mode is no whole number``."""
    version = config.get("ignition", {}) if isinstance(config, dict) else {}
    version = version.get("version") if isinstance(version, dict) else None
    if version not in VERSIONS:
        found = f"{version!r}" if isinstance(version, str) else "none"
        yield f"its ignition.version is {found}, and none of {', '.join(VERSIONS)}"
        return
    yield from _faults("", config, _ROOT, int(version.split(".")[1]))
    yield from _repeated(config)


def _faults(path: str, value: object, form: Form, minor: int) -> Iterator[str]:
    if value is None and not form.required:
        return
    if type(value) is not form.kind:
        yield f"{path or 'it'} is not {_WORDS[form.kind]}"
    elif isinstance(value, dict):
        for key, below in form.keys.items():
            if below.required and value.get(key) in (None, ""):
                yield f"{_below(path, key)} is missing"
        for key, entry in value.items():
            known = form.keys.get(key)
            if known is None:
                yield f"{_below(path, key)} is no key of the specification"
            elif known.since > minor:
                yield f"{_below(path, key)} came with version 3.{known.since}.0"
            else:
                yield from _faults(_below(path, key), entry, known, minor)
    elif isinstance(value, list):
        entry_form = Form(form.entries or str, keys=form.keys)
        for place, entry in enumerate(value):
            yield from _faults(f"{path}[{place}]", entry, entry_form._replace(required=True), minor)
    elif path.endswith("].path") and not str(value).startswith("/"):
        yield f"{path} is not absolute"


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


_IDENTITIES: Mapping[str, str] = {
    "disks": "device",
    "filesystems": "device",
    "raid": "name",
    "luks": "name",
    "files": "path",
    "directories": "path",
    "links": "path",
    "units": "name",
    "dropins": "name",
    "users": "name",
    "groups": "name",
    "certificateAuthorities": "source",
    "httpHeaders": "name",
}
"""Lists whose entries are told from each other by one of their keys."""
_NODES = ("files", "directories", "links")
"""One path is one of these."""


def _repeated(value: object, path: str = "") -> Iterator[str]:
    """Entries of a list that are one and the same."""
    if not isinstance(value, dict):
        return
    for key, entry in value.items():
        place = _below(path, key)
        if isinstance(entry, list) and key in _IDENTITIES:
            names = [each.get(_IDENTITIES[key]) for each in entry if isinstance(each, dict)]
            for name in dict.fromkeys(name for name in names if name is not None and names.count(name) > 1):
                yield f"{place} has {name} twice"
        for below in entry if isinstance(entry, list) else (entry,):
            yield from _repeated(below, place)
    if path == "storage":
        seen: dict[object, str] = {}
        for kind in _NODES:
            for name in dict.fromkeys(each.get("path") for each in value.get(kind) or () if isinstance(each, dict)):
                if name in seen:
                    yield f"{name} is in storage.{seen[name]} and in storage.{kind}"
                seen[name] = kind


def merge_configs(parent: Json, child: Json) -> Json:
    """The child over the parent: objects key by key, lists with identities entry by entry, others joined."""
    merged: Json = _merged(parent, child)
    storage = merged.get("storage") or {}
    for kind in _NODES:
        others = [entry for other in _NODES if other != kind for entry in (child.get("storage") or {}).get(other) or ()]
        taken = {entry["path"] for entry in others}
        if storage.get(kind):
            storage[kind] = [entry for entry in storage[kind] if entry["path"] not in taken]
    return merged


def _merged(parent: Json, child: Json) -> Json:
    whole = dict(parent)
    for key, value in child.items():
        mine = whole.get(key)
        if isinstance(mine, dict) and isinstance(value, dict) and key != "contents":
            whole[key] = _merged(mine, value)
        elif isinstance(mine, list) and isinstance(value, list):
            whole[key] = _joined(key, mine, value)
        elif value is not None or key not in whole:
            whole[key] = value
    return whole


def _joined(key: str, parent: list[Any], child: list[Any]) -> list[Any]:
    identity = _IDENTITIES.get(key)
    if identity is None or not all(isinstance(entry, dict) for entry in (*parent, *child)):
        return [*parent, *(entry for entry in child if entry not in parent)]
    found = {entry[identity]: entry for entry in parent}
    for entry in child:
        name = entry[identity]
        found[name] = _merged(found[name], entry) if name in found else entry
    return list(found.values())
