"""The site's own user-data: merged over the generated one, and written as the reader of the guest needs it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from hivewright.lower.seed.accounts import shell_safe
from hivewright.lower.seed.yaml_text import Verbatim
from hivewright.model.readers import Reader
from hivewright.values.merging import KEYS, merge_by, rules_of

Own = dict[str, Any]

_EACH_BOOT = frozenset({"fqdn", "hostname", "network", "preserve_hostname", "ssh_deletekeys", "updates"})
"""Keys that cloud-init applies at each boot, or that mean something only when others are applied."""


def once(own: Own) -> Own:
    """What of it needs a first boot, in an order that does not depend on that of the file."""
    return {key: own[key] for key in sorted(own) if key not in _EACH_BOOT}


def merge_own(ours: Own, own: Own) -> Own:
    """The site's own file merged over our data: as it says itself, else as ``merge`` does."""
    theirs = {key: value for key, value in own.items() if key not in KEYS}
    rules = rules_of(own)
    merged: Own = merge(ours, theirs) if rules is None else merge_by(rules, ours, _with_nothing(theirs))
    return merged


def _with_nothing(value: Any) -> Any:
    """A value of null, which is kept as it was written, as the nothing that it is for who merges."""
    if isinstance(value, dict):
        return {key: _with_nothing(each) for key, each in value.items()}
    return None if isinstance(value, Verbatim) and value.tag.endswith(":null") else value


_EACH_ONCE = frozenset({"groups", "packages", "ssh_authorized_keys"})
"""Lists of texts, in which each text counts once."""


def merge(ours: Any, theirs: Any) -> Any:
    """Mappings are merged key by key, lists are joined, other values are taken from the site's own file."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        merged = dict(ours)
        for key, value in theirs.items():
            merged[key] = _merge_key(key, ours[key], value) if key in ours else value
        return merged
    if isinstance(ours, list) and isinstance(theirs, list):
        return ours + theirs
    return theirs


def _merge_key(key: str, ours: Any, theirs: Any) -> Any:
    if key == "users":
        return _merge_users(ours, theirs)
    if key not in _EACH_ONCE:
        return merge(ours, theirs)
    if isinstance(theirs, str):
        # cloud-init takes one text for a list: groups with commas between them, or a key.
        theirs = [text.strip() for text in theirs.split(",")] if key == "groups" else [theirs]
    merged = merge(ours, theirs)
    return list({repr(each): each for each in merged}.values()) if isinstance(merged, list) else merged


def _merge_users(ours: Any, theirs: Any) -> Any:
    """One entry for each name; the other forms that cloud-init knows ("default, bob" and a mapping) become lists."""
    theirs = _user_list(theirs)
    if not isinstance(ours, list) or not isinstance(theirs, list):
        return theirs
    merged = list(ours)
    for entry in theirs:
        name = _name(entry)
        place = next((at for at, known in enumerate(merged) if name is not None and _name(known) == name), None)
        if place is None:
            merged.append(entry)
        elif isinstance(entry, dict):
            known = merged[place]
            merged[place] = merge(known if isinstance(known, dict) else {"name": known}, entry)
    return merged


def _user_list(users: Any) -> Any:
    """As cloud-init takes them (its distros/ug_util.py): in a mapping, a name with false stands for nobody."""
    if isinstance(users, dict):
        users = [
            {"name": name, **value} if isinstance(value, dict) else name
            for name, value in users.items()
            if isinstance(value, dict) or _is_true(value)
        ]
    if isinstance(users, str):
        users = [users]
    if not isinstance(users, list):
        return users
    listed: list[Any] = []
    for entry in users:
        for each in entry if isinstance(entry, list) else [entry]:
            listed += [name.strip() for name in each.split(",")] if isinstance(each, str) else [each]
    return listed


def _is_true(value: Any) -> bool:
    return (value.text if isinstance(value, Verbatim) else str(value)).lower() in ("1", "on", "true", "yes")


def _name(entry: Any) -> str | None:
    name = entry.get("name") if isinstance(entry, dict) else entry
    return name if isinstance(name, str) else None


def adapted(own: Own, reader: Reader) -> Own:
    """The data in the forms that its reader understands."""
    if reader.command_lists and not reader.plain_accounts:
        return own
    forms: dict[str, Callable[[Any], Any]] = {"runcmd": _command_line, "users": _plain_user, "write_files": _file_mode}
    return {
        key: [forms[key](entry) for entry in value] if key in forms and isinstance(value, list) else value
        for key, value in own.items()
    }


def _command_line(command: Any) -> Any:
    """A list of words as the line of sh that it stands for."""
    if not isinstance(command, list):
        return command
    return shlex.join(word.text if isinstance(word, Verbatim) else str(word) for word in command)


def _plain_user(entry: Any) -> Any:
    if isinstance(entry, dict) and isinstance(entry.get("gecos"), str):
        return {**entry, "gecos": shell_safe(entry["gecos"])}
    return entry


def _file_mode(entry: Any) -> Any:
    """nuageinit takes permissions for octal digits in a text, and stops at a number."""
    if isinstance(entry, dict) and isinstance(entry.get("permissions"), Verbatim):
        return {**entry, "permissions": entry["permissions"].text}
    return entry
