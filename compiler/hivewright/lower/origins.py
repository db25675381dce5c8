"""Where each word of a guest's bhyve command comes from: ``hivewright show VM --origin``."""

from __future__ import annotations

from collections.abc import Iterable

from hivewright.allocation.lock import lock_file
from hivewright.diagnostics import KeyPath
from hivewright.plan import VmPlan
from hivewright.site import Origin, Site

RULES = {
    "acpi": "guests need ACPI tables; FreeBSD 13 and 14 make them only with -A, 15 always does",
    "halt": "an idle vCPU must give its host CPU away",
    "pause": "a vCPU that spins for a lock must give its host CPU away",
    "wired": "a passthrough device reaches guest memory past the host, so it must not be paged",
    "mp-table": "the MP table cannot describe devices beyond bus 0",
    "fwcfg": "the guest sees files of its own only through the fw_cfg of QEMU's kind",
    "uuid": "bhyve would derive the UUID from the host, and it would change when the VM moves",
    "hostbridge": "a PCI bus begins with a host bridge",
    "lpc": "serial ports and the boot ROM hang off the LPC bridge",
    "seed": "the first-boot data is an ISO 9660 image with the label cidata, or a file of fw_cfg for ignition",
    "tablet": "the pointer of a VNC client is absolute",
    "boot-order": "the firmware reads the order of boot devices from the fw_cfg of QEMU's kind",
    "secrets": "what must not be seen in the list of processes reaches bhyve in a file that root alone can read",
    "functions": "where a virtual function is only its host knows; the runtime finds it at each start",
    "iscsi": "which device a logical unit becomes only its host knows; bhyve opens a link that the runtime makes",
    "provisioned": "what provisioning makes must be there before a start",
    "arm64-rom": "arm64 has no LPC bridge and takes the ROM as a configuration variable",
    "arm64-console": "arm64 has no LPC bridge and takes the console as a configuration variable",
}
"""Decisions of hivewright itself: the name after ``rule:`` and the reason."""


def origins(site: Site, plan: VmPlan) -> list[tuple[str, list[str]]]:
    """Each word of the bhyve command in order, the name of the guest last, with texts of what it follows from."""
    tracer = Tracer(site, plan.host, plan.name)
    words = [(word, tracer.texts(option.keys)) for option in plan.options for word in option.words]
    return [*words, (plan.name, [_written(("vm", plan.name), site.homes.get(("vm", plan.name), ""))])]


class Tracer:
    """Finds what keys of a plan stand for on a host; the same keys stand behind several words.

    ``vm`` is the guest whose keys they are; keys of networks do without.
    """

    def __init__(self, site: Site, host: str, vm: str = "") -> None:
        self._site = site
        self._host = host
        self._vm = vm
        self._texts: dict[str, str] = {}

    def texts(self, keys: Iterable[str]) -> list[str]:
        """What people read of each key."""
        for key in keys:
            if key not in self._texts:
                self._texts[key] = _text(key, self.origin(key))
        return [self._texts[key] for key in keys]

    def origin(self, key: str) -> Origin:
        """The label is that of a layer of the VM, or ``default``, ``rule``, ``lock`` or ``object``."""
        kind, colon, rest = key.partition(":")
        if not colon:
            return self._site.trace(self._vm, tuple(key.split(".")))
        if kind == "rule":
            return Origin("rule", "", (rest,))
        if kind == "lock":
            return Origin("lock", lock_file(self._vm), tuple(rest.split(".", 1)))
        return self._object(kind, rest)

    def _object(self, kind: str, key: str) -> Origin:
        """A key of the host, of a network or storage, which the host may override, or a whole topology or image."""
        host = self._site.hosts[self._host]
        if kind == "image":
            path: KeyPath = (kind, key)  # its name may have dots
            if key not in self._site.images:
                return Origin(f"profile {key}", self._site.homes.get(("profile", key), ""), (kind, host.arch))
        else:
            path = (kind, *key.split("."))
        overrides = {"network": host.network, "storage": host.storage}.get(kind, {})
        if kind == "host":
            path = (kind, self._host, *path[1:])
        elif path[1] in overrides and path[2] in overrides[str(path[1])]:
            path = ("host", self._host, *path)
        return Origin("object", self._site.homes.get(path[:2], ""), path)


def _text(key: str, origin: Origin) -> str:
    if origin.label == "default":
        return f"default {key}"
    if origin.label == "rule":
        return f"rule {origin.path[0]}: {RULES[str(origin.path[0])]}"
    if origin.label == "lock":
        return f"lock {_dotted(origin.path)} ({origin.file})"
    if origin.label in ("vm", "object"):
        return _written(origin.path, origin.file)
    return f"{origin.label}: {key.replace(':', '.')} ({origin.file})"


def _written(path: KeyPath, file: str) -> str:
    """A key with its file; of an object without one the key itself says enough."""
    return f"{_dotted(path)} ({file})" if file else _dotted(path)


def _dotted(path: KeyPath) -> str:
    return ".".join(str(part) for part in path)
