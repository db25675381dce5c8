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
    mermaid_node,
    quote_sh,
    rc_setting,
)
from hivewright.plan import HostPlan, KernelSetting, NetworkPlan, Preparation, RcSetting, VmPlan
from hivewright.values import format_duration, format_size


def waves(vms: Sequence[VmPlan]) -> Iterator[tuple[str, list[VmPlan]]]:
    """The guests that start side by side, by the name of their wave: the order, or ``ORDER.DEPTH``."""
    for (order, depth), guests in groupby(vms, key=lambda vm: (vm.order, vm.depth)):
        yield (f"{order}.{depth}" if depth else str(order)), list(guests)


def inventory_context(plan: HostPlan) -> dict[str, object]:
    """The variables of the template INVENTORY.md, which quotes whatever is not code or a node of a diagram."""
    names = {vm.name for vm in plan.vms}
    return {
        "host": plan,
        "source": markdown_code(plan.source),
        "cpus": f"{plan.cpus} CPUs" if plan.cpus else "an unknown number of CPUs",
        "memory": f"{format_size(plan.memory)} of memory" if plan.memory else "an unknown amount of memory",
        "shutdown": format_duration(plan.shutdown_timeout),
        "guests": [_guest_cells(vm) for vm in plan.vms],
        "loader": [(markdown_code(f'{item.name}="{item.value}"'), item.reason) for item in plan.loader],
        "made": [*map(_rc_cells, plan.rc), *(_kernel_cells(item) for item in plan.kernel if item.verb == "raise")],
        "preparation": [
            (group, _NOTES.get(group, ""), [_preparation_cells(item) for item in items])
            for group, items in groupby(preparations(plan), key=lambda item: item.group)
        ],
        "networks": [
            (network, ", ".join(network.uplinks) or "none", markdown_code(network.source)) for network in plan.networks
        ],
        "bridges": [_bridge(network.name, _network_label(network)) for network in plan.networks],
        "uplinks": [
            (_uplink(uplink), _bridge(network.name)) for network in plan.networks for uplink in network.uplinks
        ],
        "links": [
            (_bridge(network), _guest(vm.name, vm.name))
            for vm in plan.vms
            for network in dict.fromkeys(nic.network for nic in vm.nics if nic.network)
        ],
        "functions": [(iov.device, *function) for iov in plan.iov for function in iov.functions],
        "waves": [
            {"node": mermaid_node("wave", name, name), "guests": [_wave_guest(vm) for vm in guests]}
            for name, guests in waves(plan.vms)
        ],
        "after": [(_guest(name), _guest(vm.name)) for vm in plan.vms for name in vm.after if name in names],
        "details": [_details(vm) for vm in sorted(plan.vms, key=lambda vm: vm.name)],
    }


_SETTINGS = "Settings"
_NOTES = {
    "Files and devices": MarkdownText("These paths must exist."),
    "Secrets": MarkdownText(
        "Each is a file of one line that belongs to root and has mode 0600. Typed into `(umask 077; cat >FILE)`, it is "
        "in no history and in no list of processes."
    ),
    _SETTINGS: MarkdownText("What is no command goes into the file that is named, as it stands."),
}


def preparations(plan: HostPlan) -> Iterator[Preparation]:
    """All that a new host must be given."""
    yield from plan.preparation
    for setting in plan.admin:
        check = ("setting", f"{setting.name}={setting.value}")
        yield Preparation(_SETTINGS, (f"{setting.name}={quote_sh(setting.value)}",), setting.reason, check)
    yield from (Preparation(_SETTINGS, (line.text,), line.reason) for line in plan.lines)


def _preparation_cells(item: Preparation) -> tuple[MarkdownText, str]:
    return markdown_code(preparation_text(item)), item.reason


def preparation_text(item: Preparation) -> str:
    """A command in the shell's words; what is one word, a path or a line, is not quoted."""
    return " ".join(map(quote_sh, item.words)) if len(item.words) > 1 else item.words[0]


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


def _guest_cells(vm: VmPlan) -> dict[str, object]:
    return {
        "vm": vm,
        "memory": format_size(vm.memory),
        "starts": _starts(vm),
        "after": ", ".join(vm.after),
        "addresses": ", ".join([f"{nic.name} {nic.address}" for nic in vm.nics if nic.address]),
        "consoles": ", ".join([f"{port} {device}" for port, device in vm.consoles]),
        "source": markdown_code(vm.source),
    }


def _rc_cells(setting: RcSetting) -> tuple[object, ...]:
    line = rc_setting(setting.name, setting.value, setting.append).text
    where = markdown_code(f"/usr/local/etc/rc.conf.d/{setting.service}/hivewright")
    return markdown_code(line), where, setting.reason


def _kernel_cells(setting: KernelSetting) -> tuple[object, ...]:
    line = markdown_code(f"{setting.name}={setting.value}")
    return line, "before guests start, where it is less", setting.reason


def _details(vm: VmPlan) -> dict[str, object]:
    return {
        "vm": vm,
        "description": markdown_paragraph(vm.description) if vm.description else None,
        "disks": [(disk, format_size(disk.size) if disk.size else "") for disk in vm.disks],
        "descriptions": [(f"{kind} {name}", text) for kind, name, text in vm.descriptions],
    }
