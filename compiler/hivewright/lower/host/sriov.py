"""Virtual functions of a host: the files of iovctl(8), and settings that the administrator makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hivewright.lower.context import Guest
from hivewright.lower.devices.nics import mac_address
from hivewright.model.host import Host
from hivewright.model.sriov import FunctionSettings
from hivewright.plan import IovPlan, IovSection, RcSetting
from hivewright.site.host_devices import virtual_functions
from hivewright.values import VirtualFunction

_DIRECTORY = "/usr/local/etc/hivewright/iovctl"

_NAMES = {
    "mac": "mac-addr",
    "vlan": "vlan",
    "mac_anti_spoof": "mac-anti-spoof",
    "allow_set_mac": "allow-set-mac",
    "allow_promisc": "allow-promisc",
}
"""Our keys -> those of iovctl.conf(5) and of the drivers, in the order in which they are written."""

_NO_SETTINGS = FunctionSettings()

Users = Mapping[VirtualFunction, tuple[str, str | None]]
"""Virtual function -> the guest that has it, and the MAC address that its NIC brings."""


def users_of(guests: Iterable[Guest]) -> Users:
    """Who has which virtual function of the host."""
    users: dict[VirtualFunction, tuple[str, str | None]] = {}
    for guest in guests:
        for kind, name, function in virtual_functions(guest.vm):
            mac = mac_address(guest, name, guest.vm.nic[name]) if kind == "nic" else None
            users[function] = (guest.name, mac)
    return users


def lower_iov(host: Host, users: Users) -> Iterator[IovPlan]:
    """One file for each device. Functions that no guest has stay with the drivers of the host."""
    for device, sriov in sorted(host.sriov.items()):
        sections = [
            IovSection("PF", (("device", device), ("num_vfs", sriov.vfs))),
            IovSection("DEFAULT", (("passthrough", False),)),
        ]
        functions = []
        for number in range(sriov.vfs):
            settings = sriov.vf.get(str(number), _NO_SETTINGS)
            user, mac = users.get((device, number), ("", None))
            found = tuple(_settings(settings, bool(user), mac or settings.mac))
            if found:
                sections.append(IovSection(f"VF-{number}", found))
                functions.append((number, user, mac or settings.mac or ""))
        yield IovPlan(device, f"{_DIRECTORY}/{device}.conf", tuple(sections), tuple(functions))


def _settings(settings: FunctionSettings, passed: bool, mac: str | None) -> Iterator[tuple[str, str | int | bool]]:
    if passed:
        yield "passthrough", True
    for key, name in _NAMES.items():
        value: str | int | bool | None = mac if key == "mac" else getattr(settings, key)
        if value is not None:
            yield name, value
    for name, text in sorted(settings.options.items()):
        yield name, _typed(text)


def _typed(text: str) -> str | int | bool:
    """A value with the type that iovctl(8) expects: a number, a boolean, or text."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdigit() else text


def iov_settings(plans: Iterable[IovPlan]) -> Iterator[RcSetting]:
    """The files by which rc.d/iovctl makes the functions at boot, before the network is configured (rc.conf(5))."""
    for plan in plans:
        yield RcSetting("iovctl", "iovctl_files", plan.path, f"virtual functions of {plan.device}", append=True)


def iov_notes(plans: Iterable[IovPlan]) -> Iterator[str]:
    for plan in plans:
        yield (
            f"{plan.device} makes virtual functions, which needs SR-IOV and the IOMMU switched on in the firmware. "
            f"After a change of {plan.path} stop the guests that have one, and reboot or run service iovctl restart, "
            "which makes all of them anew."
        )
