"""Values that are written as text: sizes, durations, addresses."""

from hivewright.values.units import (
    PciAddress,
    VirtualFunction,
    format_cpu_list,
    format_duration,
    format_pci_address,
    format_rate,
    format_size,
    format_virtual_function,
    parse_mac,
    parse_pci_address,
    parse_pci_name,
    parse_rate,
    parse_virtual_function,
)

__all__ = [
    "PciAddress",
    "VirtualFunction",
    "format_cpu_list",
    "format_duration",
    "format_pci_address",
    "format_rate",
    "format_size",
    "format_virtual_function",
    "parse_mac",
    "parse_pci_address",
    "parse_pci_name",
    "parse_rate",
    "parse_virtual_function",
]
