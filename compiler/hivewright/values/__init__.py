"""Values that are written as text: sizes, durations, addresses."""

from hivewright.values.units import (
    MEBIBYTE,
    PciAddress,
    VirtualFunction,
    format_cpu_list,
    format_duration,
    format_mebibytes,
    format_pci_address,
    format_rate,
    format_size,
    format_virtual_function,
    is_whole_mebibytes,
    parse_mac,
    parse_pci_address,
    parse_pci_name,
    parse_rate,
    parse_virtual_function,
)

__all__ = [
    "MEBIBYTE",
    "PciAddress",
    "VirtualFunction",
    "format_cpu_list",
    "format_duration",
    "format_mebibytes",
    "format_pci_address",
    "format_rate",
    "format_size",
    "format_virtual_function",
    "is_whole_mebibytes",
    "parse_mac",
    "parse_pci_address",
    "parse_pci_name",
    "parse_rate",
    "parse_virtual_function",
]
