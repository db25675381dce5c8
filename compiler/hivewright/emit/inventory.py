"""INVENTORY.md: rows of its tables and nodes of its diagrams.

There are no totals over guests: a change of one guest's memory shall change one line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from hivewright.emit.quote import (
    MarkdownText,
    markdown_code,
    markdown_paragraph,
    markdown_row,
    mermaid_node,
    quote_sh,
    rc_setting,
)
from hivewright.plan import HostPlan, KernelSetting, NetworkPlan, NicPlan, RcSetting, Setting, VmPlan
from hivewright.values import format_duration, format_size


def waves(vms: Sequence[VmPlan]) -> Iterator[tuple[str, list[VmPlan]]]:
    """The guests that start side by side, by the name of their wave: the order, or ``ORDER.DEPTH``."""
    for (order, depth), guests in groupby(vms, key=lambda vm: (vm.order, vm.depth)):
        yield (f"{order}.{depth}" if depth else str(order)), list(guests)


def inventory_context(plan: HostPlan) -> dict[str, object]:
    """The variables of the template INVENTORY.md."""
    names = {vm.name for vm in plan.vms}
    return {
        "host": plan,
        "source": markdown_code(plan.source),
        "cpus": f"{plan.cpus} CPUs" if plan.cpus else "an unknown number of CPUs",
        "memory": f"{format_size(plan.memory)} of memory" if plan.memory else "an unknown amount of memory",
        "shutdown": format_duration(plan.shutdown_timeout),
        "guests": [_guest_row(vm) for vm in plan.vms],
        "loader": [_setting_row(setting, f'{setting.name}="{setting.value}"') for setting in plan.loader],
        "made": [*map(_rc_row, plan.rc), *(_kernel_row(item) for item in plan.kernel if item.verb == "raise")],
        "admin": [
            *(_setting_row(setting, f"{setting.name}={quote_sh(setting.value)}") for setting in plan.admin),
            *(markdown_row((markdown_code(line.text), line.reason)) for line in plan.lines),
        ],
        "notes": plan.notes,
        "networks": [_network_row(network) for network in plan.networks],
        "bridges": [_bridge(network.name, _network_label(network)) for network in plan.networks],
        "uplinks": [
            (_uplink(network.uplink), _bridge(network.name)) for network in plan.networks if network.uplink != "none"
        ],
        "links": [
            (_bridge(network), _guest(vm.name, vm.name))
            for vm in plan.vms
            for network in dict.fromkeys(nic.network for nic in vm.nics if nic.network)
        ],
        "functions": [markdown_row((iov.device, *function)) for iov in plan.iov for function in iov.functions],
        "waves": [
            {"node": mermaid_node("wave", name, name), "guests": [_wave_guest(vm) for vm in guests]}
            for name, guests in waves(plan.vms)
        ],
        "after": [(_guest(name), _guest(vm.name)) for vm in plan.vms for name in vm.after if name in names],
        "details": [_details(vm) for vm in sorted(plan.vms, key=lambda vm: vm.name)],
    }


def _network_label(network: NetworkPlan) -> str:
    return network.name if network.interface == "none" else f"{network.name}: {network.interface}"


def _bridge(name: str, label: str = "") -> MarkdownText:
    return mermaid_node("net", name, label)


def _guest(name: str, label: str = "") -> MarkdownText:
    return mermaid_node("vm", name, label)


def _uplink(uplink: str) -> MarkdownText:
    return mermaid_node("uplink", uplink, "interface of the default route" if uplink == "auto" else uplink)


def _wave_guest(vm: VmPlan) -> MarkdownText:
    return _guest(vm.name, vm.name if _starts(vm) == "yes" else f"{vm.name} ({_starts(vm)})")


def _starts(vm: VmPlan) -> str:
    """Whether the service starts it on this host."""
    if vm.home != vm.host:
        return f"on {vm.home}"
    return "yes" if vm.autostart else "by hand"


def _guest_row(vm: VmPlan) -> MarkdownText:
    return markdown_row(
        (
            vm.name,
            vm.profile,
            vm.cpus,
            format_size(vm.memory),
            _starts(vm),
            vm.order,
            ", ".join(vm.after),
            ", ".join([f"{nic.name} {nic.address}" for nic in vm.nics if nic.address]),
            vm.vnc,
            ", ".join([f"{port} {device}" for port, device in vm.consoles]),
            markdown_code(vm.source),
        )
    )


def _setting_row(setting: Setting, line: str) -> MarkdownText:
    return markdown_row((markdown_code(line), setting.reason))


def _rc_row(setting: RcSetting) -> MarkdownText:
    line = rc_setting(setting.name, setting.value, setting.append).text
    where = markdown_code(f"/usr/local/etc/rc.conf.d/{setting.service}/hivewright")
    return markdown_row((markdown_code(line), where, setting.reason))


def _kernel_row(setting: KernelSetting) -> MarkdownText:
    line = markdown_code(f"{setting.name}={setting.value}")
    return markdown_row((line, "before guests start, where it is less", setting.reason))


def _network_row(network: NetworkPlan) -> MarkdownText:
    source = markdown_code(network.source)
    return markdown_row((network.name, network.kind, network.interface, network.mtu, network.uplink, source))


def _nic_row(nic: NicPlan) -> MarkdownText:
    return markdown_row((nic.name, nic.network, nic.model, nic.mac, nic.tap, nic.address))


def _details(vm: VmPlan) -> dict[str, object]:
    return {
        "name": vm.name,
        "description": markdown_paragraph(vm.description) if vm.description else None,
        "slots": [markdown_row(slot) for slot in vm.slots],
        "disks": [
            markdown_row((disk.name, disk.bus, format_size(disk.size) if disk.size else "", disk.path))
            for disk in vm.disks
        ],
        "nics": [_nic_row(nic) for nic in vm.nics],
        "passthrough": [markdown_row(pair) for pair in vm.passthrough],
    }
