"""Where each word of a guest's bhyve command comes from: ``hivewright show VM --origin``."""

from __future__ import annotations

from collections.abc import Iterable

from hivewright.allocation.allocate import Allocation
from hivewright.allocation.lock import lock_file
from hivewright.diagnostics import KeyPath
from hivewright.plan import VmPlan
from hivewright.site import Site

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
    "seed": "the first-boot data is an ISO 9660 image with the label cidata",
    "tablet": "the pointer of a VNC client is absolute",
    "boot-order": "the firmware reads the order of boot devices from the fw_cfg of QEMU's kind",
    "secrets": "what must not be seen in the list of processes reaches bhyve in a file that root alone can read",
    "functions": "where a virtual function is only its host knows; the runtime finds it at each start",
    "tap-type": "bhyve takes the kind of a backend from the beginning of its name, and this is not tap",
    "provisioned": "what provisioning makes must be there before a start",
    "arm64-rom": "arm64 has no LPC bridge and takes the ROM as a configuration variable",
    "arm64-console": "arm64 has no LPC bridge and takes the console as a configuration variable",
}
"""Decisions of hivewright itself: the name after ``rule:`` and the reason."""


def origins(site: Site, allocation: Allocation, plan: VmPlan) -> list[tuple[str, list[str]]]:
    """Each word of the bhyve command in order, the name of the guest last, with texts of what it follows from."""
    tracer = _Tracer(site, allocation, plan)
    words = [(word, tracer.texts(option.keys)) for option in plan.options for word in option.words]
    return [*words, (plan.name, [_written(("vm", plan.name), site.homes.get(("vm", plan.name), ""))])]


class _Tracer:
    """Turns keys of a plan into texts, each once."""

    def __init__(self, site: Site, allocation: Allocation, plan: VmPlan) -> None:
        self._site = site
        self._allocation = allocation
        self._plan = plan
        self._known: dict[str, str] = {}

    def texts(self, keys: Iterable[str]) -> list[str]:
        found = []
        for key in keys:
            if key not in self._known:
                self._known[key] = self._text(key)
            found.append(self._known[key])
        return found

    def _text(self, key: str) -> str:
        kind, colon, rest = key.partition(":")
        if not colon:
            return self._vm_key(key)
        if kind == "rule":
            return f"rule {rest}: {RULES[rest]}"
        if kind == "lock":
            return f"lock {rest} ({lock_file(self._plan.name)})"
        path = tuple(rest.split("."))
        host = self._plan.host
        if kind == "host":
            return self._object_key(("host", host, *path))
        overrides = {"network": self._site.hosts[host].network, "storage": self._site.hosts[host].storage}
        if path[1:2] and path[1] in overrides.get(kind, {}).get(path[0], {}):
            return self._object_key(("host", host, kind, *path))
        return self._object_key((kind, *path))

    def _vm_key(self, key: str) -> str:
        path: KeyPath = tuple(key.split("."))
        origin = self._site.trace(self._plan.name, path)
        if not origin.file:
            return f"default {key}"
        if origin.label == "vm":
            return _written(origin.path, origin.file)
        return f"{origin.label}: {key} ({origin.file})"

    def _object_key(self, path: KeyPath) -> str:
        """A key of another object; a built-in default is not marked as such."""
        return _written(path, self._site.homes.get(path[:2], ""))


def _written(path: KeyPath, file: str) -> str:
    text = ".".join(str(part) for part in path)
    return f"{text} ({file})" if file else text
