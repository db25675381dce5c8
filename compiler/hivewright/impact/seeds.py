"""What a change does to the first-boot data of a guest. A comment, or another order of keys, is no change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hivewright.impact.consequence import RESTART, Consequence, Finding

Pair = tuple[bytes | None, bytes | None]
"""A file before and after; ``None`` where it is not there."""

_USER_DATA = {
    "users": "cloud_init.users",
    "packages": "cloud_init.packages",
    "package_update": "cloud_init.packages",
    "hostname": "cloud_init.hostname",
    "fqdn": "cloud_init.hostname",
}
_NETWORK = {
    "dhcp4": "ipv4",
    "dhcp6": "ipv6",
    "accept-ra": "ipv6",
    "nameservers": "dns",
    "gateway4": "gateway4",
    "gateway6": "gateway6",
    "mtu": "mtu",
    "match": "mac",
}
_GATEWAYS = {"0.0.0.0/0": "gateway4", "::/0": "gateway6"}


def compare_seed(files: Mapping[str, Pair]) -> Iterator[Finding]:
    """The consequence for a guest of which these files of the seed differ, by name. Not for one that loses its seed."""
    if all(new is None for _, new in files.values()):
        return
    keys: dict[str, None] = {}
    is_other = False
    for name, (old, new) in sorted(files.items()):
        before, after = _read(old), _read(new)
        if before == after:
            continue
        is_other = True
        keys.update(dict.fromkeys(_keys(name, before, after)))
    if is_other:
        reason = "the guest gets other first-boot data"
        yield Finding(Consequence.FIRST_BOOT, tuple(keys) or ("cloud_init",), reason, RESTART)


def _read(content: bytes | None) -> Any:
    """A file of the seed as values; as it stands where it is no YAML."""
    import yaml

    if content is None:
        return None
    if content.startswith((b"#!", b"Content-Type:", b"MIME-Version:")):
        return content
    try:
        return yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return content


def _keys(name: str, before: Any, after: Any) -> Iterator[str]:
    if not isinstance(before, dict) or not isinstance(after, dict):
        if name == "user-data":
            yield "cloud_init" if before is None or after is None else "cloud_init.user_data"
        return
    for key in sorted(_differing(before, after)):
        if name == "network-config":
            yield from _nic_keys(before.get("ethernets"), after.get("ethernets"))
        elif name == "user-data" and key == "users":
            yield from _users(before.get(key), after.get(key))
        elif name == "user-data":
            yield _USER_DATA.get(key, "cloud_init.user_data")
        elif key == "local-hostname":
            yield "cloud_init.hostname"


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [str(key) for key in before.keys() | after.keys() if before.get(key) != after.get(key)]


def _nic_keys(before: Any, after: Any) -> Iterator[str]:
    old, new = (each if isinstance(each, dict) else {} for each in (before, after))
    for nic in sorted(_differing(old, new)):
        if not isinstance(old.get(nic), dict) or not isinstance(new.get(nic), dict):
            yield f"nic.{nic}"
            continue
        for key in sorted(_differing(old[nic], new[nic])):
            if key == "addresses":
                yield from _addresses(nic, old[nic].get(key), new[nic].get(key))
            elif key == "routes":
                yield from (f"nic.{nic}.{route}" for route in _routes(old[nic].get(key), new[nic].get(key)))
            else:
                yield f"nic.{nic}.{_NETWORK[key]}" if key in _NETWORK else f"nic.{nic}"


def _addresses(nic: str, before: Any, after: Any) -> Iterator[str]:
    old, new = (set(map(str, each)) if isinstance(each, list) else set() for each in (before, after))
    for family in sorted({"ipv6" if ":" in address else "ipv4" for address in old ^ new}):
        yield f"nic.{nic}.{family}"


def _routes(before: Any, after: Any) -> list[str]:
    old, new = ({_route(route) for route in each} if isinstance(each, list) else set() for each in (before, after))
    return sorted({_GATEWAYS.get(to, "routes") for to, _ in old ^ new})


def _route(route: Any) -> tuple[str, str]:
    """Where a route leads, and all that is said of it."""
    return (str(route.get("to")) if isinstance(route, dict) else "", repr(route))


def _users(before: Any, after: Any) -> Iterator[str]:
    """A user whom both have is another now by what ``[user.NAME]`` says."""
    old, new = ({_name(user): user for user in each} if isinstance(each, list) else {} for each in (before, after))
    for name in sorted(old.keys() & new.keys()):
        if old[name] != new[name]:
            yield f"user.{name}" if name else "cloud_init.user_data"
    if list(old) != list(new):
        yield "cloud_init.users"


def _name(user: Any) -> str:
    return str(user.get("name", "")) if isinstance(user, dict) else ""
