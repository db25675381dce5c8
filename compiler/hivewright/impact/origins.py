"""Where in the site the keys stand that cause something."""

from __future__ import annotations

from hivewright.impact.consequence import Impact
from hivewright.site import Site

_OBJECTS = ("network", "storage", "image", "user", "host", "vm")
"""Tables of the site that keys of hosts and guests may name."""


def origins(site: Site, impact: Impact) -> list[str]:
    """Each key with the file that has its value now; the key alone where nothing of the site has it any more."""
    return [_origin(site, impact, key) for key in impact.keys]


def _origin(site: Site, impact: Impact, key: str) -> str:
    path = tuple(key.split("."))
    label, file = _object(site, impact.host, path)
    if not file and impact.guest in site.vms:
        path = _of_storage(site, impact.guest, path)
        label, file = _object(site, impact.host, path) if path[0] == "storage" else site.trace(impact.guest, path)[:2]
    source = file if label in ("", "vm") else f"{label}, {file}"
    return f"{'.'.join(path)} ({source})" if file else key


def _object(site: Site, host: str, path: tuple[str, ...]) -> tuple[str, str]:
    """The file of another object of the site, if that is what a key names; what a host says of its own comes first."""
    if path[0] in ("sriov", "device", "bhyve"):
        return "", site.homes.get(("host", host), "")
    if path[0] not in _OBJECTS or len(path) < 2:
        return "", ""
    if path[0] in ("network", "storage") and host in site.hosts:
        own = getattr(site.hosts[host], path[0]).get(path[1], {})
        if path[2:3] and path[2] in own:
            return f"host {host}", site.homes.get(("host", host), "")
    return "", site.homes.get(path[:2], "")


def _of_storage(site: Site, guest: str, path: tuple[str, ...]) -> tuple[str, ...]:
    """What a disk does not say itself its storage may say."""
    match path:
        case "disk", name, ("properties" | "clone_image") as key if site.trace(guest, path).label == "default":
            disk = site.vms[guest].disk.get(name)
            own = "clone_images" if key == "clone_image" else key
            return ("storage", disk.storage, own) if disk is not None and disk.storage else path
    return path
