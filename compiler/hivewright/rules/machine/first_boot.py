"""First-boot data: public keys of users, and user-data files of the site."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hivewright.diagnostics import Diagnostic, Spot
from hivewright.diagnostics.wording import quoted
from hivewright.rules.site_index import SiteIndex, diagnose
from hivewright.values.ignition import faults_of
from hivewright.values.merging import KEYS, rules_of
from hivewright.values.yaml_alike import is_read_alike

if TYPE_CHECKING:
    from hivewright.site import Site

_KEY_TYPES = ("ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-")
"""Prefixes of key types (sshd(8), AUTHORIZED_KEYS FILE FORMAT)."""


def ssh_keys(index: SiteIndex) -> Iterator[Diagnostic]:
    for user, definition in index.site.users.items():
        for position, key in enumerate(definition.ssh_keys):
            place = index.site.place("user", user, "ssh_keys", position)
            if "PRIVATE KEY" in key:
                yield diagnose(
                    "VM045",
                    f"the user {user} has a private key among ssh_keys",
                    place,
                    "delete it, and count it as lost if it was ever committed; "
                    "write the line of the .pub file beside it",
                )
            elif not _is_public_key(key):
                yield diagnose(
                    "VM046",
                    f"an entry of ssh_keys of the user {user} is no public key",
                    place,
                    'write a line of a .pub file, for example "ssh-ed25519 AAAA… alice"',
                )


def _is_public_key(line: str) -> bool:
    """Whether the line has a key type followed by a key; options may precede it."""
    words = line.split()
    return any(word.startswith(_KEY_TYPES) for word in words[:-1])


_FORM = "a user_data file begins with the line #cloud-config; the rest is a YAML mapping of cloud-init's keys"


def user_data(index: SiteIndex) -> Iterator[Diagnostic]:
    """Each file is checked once, and reported at the first VM that names it."""
    site = index.site
    seen: set[str] = set()
    for name, vm in index.using("cloud_init"):
        if vm.cloud_init is None or vm.cloud_init.user_data is None:
            continue
        path = vm.cloud_init.user_data
        if path in seen or path not in site.files:
            continue
        seen.add(path)
        if site.medium(vm) == "ignition":
            yield from _config_faults(index, name, path)
            continue
        reader = site.reader(vm)
        if reader is not None and reader.answers in ("preseed", "unattend"):
            yield from _answers_faults(index, name, path, reader.answers)
            continue
        fault, remedy = _user_data_fault(site.files[path]), _FORM
        if fault is None:
            fault, remedy = _repeated_key(site.files[path]), "keep one of the two, with the values of both"
        if fault is None:
            fault, remedy = _merge_fault(site.files[path]), 'write for example "dict(recurse_array)+list(append)+str()"'
        if fault is not None:
            reason, line, column = fault
            place = site.place("vm", name, "cloud_init", "user_data")
            yield diagnose("VM043", f"{path} {reason}", place, remedy, [Spot(path, line, column)])


def _config_faults(index: SiteIndex, name: str, path: str) -> Iterator[Diagnostic]:
    """What is wrong with a config of ignition, which stops the boot of a guest by any fault."""
    import json

    place = index.site.place("vm", name, "cloud_init", "user_data")
    remedy = "a config for ignition is what butane makes of its YAML: butane --strict config.bu >config.ign"
    try:
        config = json.loads(index.site.files[path])
    except json.JSONDecodeError as error:
        spot = Spot(path, error.lineno, error.colno)
        yield diagnose("VM043", f"{path} is not valid JSON: {error.msg.lower()}", place, remedy, [spot])
        return
    except (UnicodeDecodeError, RecursionError):
        yield diagnose("VM043", f"{path} is not valid JSON in UTF-8", place, remedy, [Spot(path, 1, 1)])
        return
    for fault in faults_of(config):
        yield diagnose("VM043", f"{path} is no config for ignition: {fault}", place, remedy, [Spot(path, 1, 1)])


def _answers_faults(index: SiteIndex, name: str, path: str, installer: str) -> Iterator[Diagnostic]:
    """What is wrong with answers for an installer that are not merged, but appended or taken as they are."""
    content = index.site.files[path]
    place = index.site.place("vm", name, "cloud_init", "user_data")
    found = _preseed_fault(content) if installer == "preseed" else _unattend_fault(content)
    if found is not None:
        (reason, line, column), remedy = found
        yield diagnose("VM043", f"{path} {reason}", place, remedy, [Spot(path, line, column)])


def _preseed_fault(content: bytes) -> tuple[tuple[str, int, int], str] | None:
    remedy = 'each answer is a line "OWNER QUESTION TYPE VALUE", such as "d-i clock-setup/ntp boolean true"'
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return ("is not UTF-8 text", content.count(b"\n", 0, error.start) + 1, 1), remedy
    goes_on = False
    for number, line in enumerate(text.splitlines(), 1):
        if not goes_on and line.strip() and not line.startswith("#") and len(line.split()) < 3:
            return ("has a line that is no answer", number, 1), remedy
        goes_on = line.endswith("\\")
    return None


def _unattend_fault(content: bytes) -> tuple[tuple[str, int, int], str] | None:
    from xml.etree import ElementTree

    remedy = "an answer file of Windows is XML, whose root is unattend in urn:schemas-microsoft-com:unattend"
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        return ("has a document type, which no answer file has", 1, 1), remedy
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        line, column = error.position
        return (f"is not valid XML: {str(error).partition(':')[0]}", line, column + 1), remedy
    except ValueError:
        return ("is not valid XML", 1, 1), remedy
    if root.tag != "{urn:schemas-microsoft-com:unattend}unattend":
        return ("is no answer file of Windows", 1, 1), remedy
    return None


def read_user_data(site: Site, path: str | None) -> dict[str, Any] | None:
    """What a user_data file holds: nothing without one, ``None`` for one that is missing or faulty."""
    if path is None:
        return {}
    return _parsed(site.files[path]) if path in site.files else None


def read_config(site: Site, path: str | None) -> dict[str, Any] | None:
    """What a config of ignition holds: nothing without one, ``None`` for one that is missing or faulty."""
    import json

    if path is None:
        return {}
    try:
        config = json.loads(site.files[path])
    except (KeyError, ValueError, RecursionError):
        return None
    return config if not any(faults_of(config)) else None


@lru_cache(maxsize=64)
def _parsed(content: bytes) -> dict[str, Any] | None:
    if _user_data_fault(content) is not None:
        return None
    return _loaded(content.decode("utf-8")) or {}


def _loaded(text: str) -> Any:
    """What PyYAML reads. libyaml is faster, and reads the same if it reads anything, but words faults otherwise."""
    import yaml

    with suppress(yaml.YAMLError):
        return yaml.load(text, Loader=_loader(text))
    return yaml.load(text, Loader=yaml.SafeLoader)


def _loader(text: str) -> Any:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader) if is_read_alike(text) else yaml.SafeLoader


def _user_data_fault(content: bytes) -> tuple[str, int, int] | None:
    """What is wrong with a #cloud-config file, and the line and column; None for a good one."""
    import yaml

    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return "is not UTF-8 text", content.count(b"\n", 0, error.start) + 1, 1
    if text.partition("\n")[0].rstrip() != "#cloud-config":
        return "does not begin with the line #cloud-config", 1, 1
    try:
        value = _loaded(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        return f"is not valid YAML: {error.problem or error.context} (line {line})", line, column
    except RecursionError:
        return "is not valid YAML: it is nested too deeply", 1, 1
    except (yaml.YAMLError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # PyYAML raises these when a scalar does not fit its tag, for example a 13th month.
        reason = " ".join(str(error).split()) or type(error).__name__
        return f"is not valid YAML: {reason}", 1, 1
    if value is not None and not isinstance(value, dict):
        return "is no YAML mapping", 2, 1
    if value is not None and not all(isinstance(key, str) for key in value):
        return "has a key that is not text", 2, 1
    return None


def _repeated_key(content: bytes) -> tuple[str, int, int] | None:
    """A key that occurs twice in the outermost mapping: PyYAML takes the last, and the first is lost."""
    import yaml

    text = content.decode("utf-8")
    root = yaml.compose(text, Loader=_loader(text))
    seen: set[str] = set()
    for key, _ in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value in seen:
            return f"has the key {quoted(key.value)} twice", key.start_mark.line + 1, key.start_mark.column + 1
        seen.add(key.value)
    return None


def _merge_fault(content: bytes) -> tuple[str, int, int] | None:
    """Rules for merging that cloud-init has not got: it would leave out the whole file."""
    import yaml

    text = content.decode("utf-8")
    root = yaml.compose(text, Loader=_loader(text))
    said = [key for key, _ in root.value if key.value in KEYS] if isinstance(root, yaml.MappingNode) else []
    if not said:
        return None
    try:
        rules_of(_loaded(text))
    except ValueError as error:
        mark = said[0].start_mark
        return f"has a {said[0].value} that {error}", mark.line + 1, mark.column + 1
    return None
