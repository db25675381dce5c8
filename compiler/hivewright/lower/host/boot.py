"""Kernel modules, loader.conf(5), and settings that the administrator makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hivewright.lower.devices.iscsi import uses_iscsi
from hivewright.model.network_kinds import MODULES, NETWORKS, rc_name
from hivewright.plan import KernelSetting, NetworkPlan, Setting, VmPlan

_VARIABLE_LENGTH = 128
"""Longest value of a loader variable; further devices are in pptdevs2 and pptdevs3, which is the last."""

RC_TIMEOUT = 90
_INIT_TIMEOUT = 120
_MARGIN = 10
"""Defaults of rcshutdown_timeout and kern.init_shutdown_timeout, and the seconds that rc.shutdown needs for itself."""

_PRIVATE = ("127.", "[::1]:", "unix:")
_PRIVATE_STUB = ("127.", "::1:")

_SEVERAL = (
    "its bridge hands frames from one of {uplinks} to the others; if two of them lead to the same switch, that is a "
    "loop, which stops all traffic there. Two cables to one switch are one lagg(4) interface."
)
_AUTO = {"auto": "the interface of the default route"}
_MEMBER = (
    "FreeBSD 15 refuses a bridge member that has an IP address, and then its guests do not start. If {uplink} has one, "
    "give it to a bridge in rc.conf and make the network manual, choose another uplink, or set "
    "net.link.bridge.member_ifaddrs=1 in /etc/sysctl.conf (hivewright explain NET036)."
)

_CORES = (
    "A bhyve that crashes leaves a core file only with kern.capmode_coredump=1 in /etc/sysctl.conf, since it runs in "
    "capability mode (capsicum(4)); with kern.coredump_devctl=1 as well, hivectl status names the file."
)
"""corefile_open() in sys/kern/kern_sig.c."""

_REASONS = {
    "tpm": "the TPM given to a guest",
    "vmm": "guests",
    "nmdm": "serial consoles of guests",
    "ctl": "virtio-scsi disks of guests",
    "iscsi": "disks of guests on iSCSI",
    **{module: reason for module, reason in MODULES.items() if reason},
}


def lower_modules(vms: Iterable[VmPlan], networks: Iterable[NetworkPlan]) -> tuple[str, ...]:
    """The kernel modules that the guests of a host need, in the order in which they are loaded."""
    vms = tuple(vms)
    modules: list[str] = []
    if vms:
        modules.append("vmm")
    if any(device.removeprefix("device=").startswith("/dev/nmdm") for vm in vms for _, device in vm.consoles):
        modules.append("nmdm")
    if any(disk.bus == "virtio-scsi" for vm in vms for disk in vm.disks):
        modules.append("ctl")
    if uses_iscsi(vms):
        modules.append("iscsi")
    needed = {module for network in networks for module in network.modules}
    modules += (module for module in MODULES if module in needed)
    if any(step.label == "tpm" and step.verb == "file" for vm in vms for step in vm.prepare):
        modules.append("tpm")
    return tuple(modules)


def lower_loader_conf(modules: Iterable[str], selectors: Iterable[str], iommu: str | None = None) -> Iterator[Setting]:
    """Lines of loader.conf(5); ``iommu`` where devices are passed through."""
    selectors = sorted(set(selectors), key=lambda selector: [int(part) for part in selector.split("/")])
    for module in modules:
        if module in _REASONS:
            reason = _REASONS[module]
            if module == "vmm" and selectors:
                reason += "; must be loaded here for pptdevs, before drivers of the host take the devices"
            yield Setting(f"{module}_load", "YES", reason)
    if iommu == "amd":
        yield Setting("hw.vmm.amdvi.enable", "1", "PCI devices for guests; the IOMMU of AMD is off by default")
    for number, value in enumerate(_fold(selectors), 1):
        name = "pptdevs" if number == 1 else f"pptdevs{number}"
        yield Setting(name, value, "PCI devices kept for guests; takes effect after a reboot")


def _fold(selectors: Iterable[str]) -> list[str]:
    """Blank-separated selectors in values of at most 128 characters."""
    values: list[str] = []
    for selector in selectors:
        if values and len(values[-1]) + 1 + len(selector) <= _VARIABLE_LENGTH:
            values[-1] += f" {selector}"
        else:
            values.append(selector)
    return values


def lower_admin(shutdown_timeout: int) -> Iterator[Setting]:
    """Settings that no generated file can make: rc.shutdown reads only rc.conf, and no file of a service."""
    if shutdown_timeout > RC_TIMEOUT:
        reason = f"rc.conf: stopping guests may take {shutdown_timeout} s; rc.shutdown is killed after {RC_TIMEOUT} s"
        yield Setting("rcshutdown_timeout", str(shutdown_timeout + _MARGIN), reason)


def lower_kernel(shutdown_timeout: int) -> Iterator[KernelSetting]:
    """init(8) reads its variable at shutdown, after rc.shutdown has ended, so the runtime can raise it."""
    if shutdown_timeout > _INIT_TIMEOUT - _MARGIN:
        reason = f"stopping guests may take {shutdown_timeout} s; init(8) ends rc.shutdown after {_INIT_TIMEOUT} s"
        yield KernelSetting("raise", "kern.init_shutdown_timeout", shutdown_timeout + 2 * _MARGIN, reason)


def lower_notes(
    vms: Iterable[VmPlan], networks: Iterable[NetworkPlan], member_addresses: bool, iommu: str | None = None
) -> Iterator[str]:
    """What the administrator should know about this host."""
    vms = tuple(vms)
    if vms:
        yield _CORES
    if any(vm.passthrough for vm in vms):
        if iommu is not None:
            name = "VT-d" if iommu == "intel" else "AMD-Vi"
            yield f"PCI passthrough needs {name} switched on in the firmware."
        else:
            yield (
                "PCI passthrough needs VT-d or AMD-Vi switched on in the firmware; on a host with AMD processors also "
                'iommu = "amd" in the site, which sets hw.vmm.amdvi.enable.'
            )
    for vm in sorted(vms, key=lambda vm: vm.name):
        if vm.vnc and not vm.vnc.startswith(_PRIVATE):
            if any(option.label == "vnc.password" for option in vm.options):
                weak = "its password has 8 characters at most, and nothing is encrypted"
            else:
                weak = "asks for no password: whoever reaches it has the guest"
            yield f"VNC of {vm.name} listens on {vm.vnc} and {weak}."
        for port, device in vm.consoles:
            where = device.removeprefix("tcp=")
            if where != device and not where.startswith(_PRIVATE):
                yield f"{port} of {vm.name} listens on {where} and asks for no password: whoever reaches it has it."
        if vm.gdb and not vm.gdb.startswith(_PRIVATE_STUB):
            yield f"The gdb stub of {vm.name} listens on {vm.gdb} and asks for no password: whoever reaches it has it."
    for network in networks:
        note = NETWORKS[network.kind].uplink_note
        for uplink in network.uplinks if note else ():
            yield f"Network {network.name}: {note.format(uplink=uplink, rc_name=rc_name(uplink))}"
        if len(network.uplinks) > 1:
            yield f"Network {network.name}: {_SEVERAL.format(uplinks=' and '.join(network.uplinks))}"
        for uplink in () if member_addresses else network.joined:
            yield f"Network {network.name}: {_MEMBER.format(uplink=_AUTO.get(uplink, uplink))}"
