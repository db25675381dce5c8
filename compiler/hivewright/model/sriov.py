"""Virtual functions that a PCI device of a host makes (SR-IOV): what iovctl.conf(5) knows."""

import re
from typing import Annotated, Literal

from pydantic import Field

from hivewright.bhyve.facts import Since
from hivewright.model.base import Mac, Table, Vlan, described, reader
from hivewright.values import VirtualFunction, parse_pci_name, parse_virtual_function

PciName = Annotated[str, reader(parse_pci_name, '"ix0"'), described("^[a-z][a-z0-9_]{0,13}[0-9]$", "ix0")]
"""A device as pciconf(8) and iovctl.conf(5) name it."""

Function = Annotated[
    VirtualFunction,
    reader(parse_virtual_function, '"ix0:3"'),
    described("^[a-z][a-z0-9_]{0,13}[0-9]:(0|[1-9][0-9]{0,2})$", "ix0:3"),
]
"""A virtual function: the device that makes it, and its number."""

_OWN_KEYS = {
    "passthrough": "what guests use is passed through",
    "mac-addr": "write mac",
    "vlan": "write vlan",
    "mac-anti-spoof": "write mac_anti_spoof",
    "allow-set-mac": "write allow_set_mac",
    "allow-promisc": "write allow_promisc",
}


def _number(text: str) -> str:
    if re.fullmatch("0|[1-9][0-9]{0,2}", text, re.ASCII) is None:
        raise ValueError("a virtual function is named by its number, counted from 0")
    return text


def _option(text: str) -> str:
    if re.fullmatch("[a-z][a-z0-9-]{0,31}", text, re.ASCII) is None:
        raise ValueError("an option of a driver is named by lower-case letters, digits and -")
    if text in _OWN_KEYS:
        raise ValueError(f"the option {text} is not written here: {_OWN_KEYS[text]}")
    return text


def _value(text: str) -> str:
    if re.fullmatch("[A-Za-z0-9_.:-]{1,64}", text, re.ASCII) is None:
        raise ValueError("the value of an option has 1 to 64 letters, digits, - _ . and :")
    return text


FunctionNumber = Annotated[str, reader(_number, "0"), described("^(0|[1-9][0-9]{0,2})$", "0")]
OptionName = Annotated[str, reader(_option, "num-queues"), described("^[a-z][a-z0-9-]{0,31}$", "num-queues")]
OptionValue = Annotated[str, reader(_value, '"4"'), described("^[A-Za-z0-9_.:-]{1,64}$", "4")]


_VLANS = Since("13.4 14.2", "iovctl.conf(5), vlan", instead="delete vlan and let the guest make its VLAN")


class FunctionSettings(Table):
    """What one virtual function is made with: ``[host.HOST.sriov.DEVICE.vf.NUMBER]``.

    Which of the keys a driver knows is in its manual page (ixgbe(4), ixl(4)); iovctl(8) makes no function at all where
    it is given one that the driver does not know.
    """

    mac: Mac | None = Field(None, description="MAC address, where no nic of a guest has the function.")
    vlan: Annotated[Vlan | Literal["trunk"] | None, _VLANS] = Field(
        None, description="The only VLAN it reaches, or all."
    )
    mac_anti_spoof: bool | None = Field(None, description="Drop frames that do not come from its MAC address.")
    allow_set_mac: bool | None = Field(None, description="Whether the guest may change the MAC address.")
    allow_promisc: bool | None = Field(None, description="Whether the guest may see the frames of others.")
    options: dict[OptionName, OptionValue] = Field(
        default_factory=dict, description='Further options of the driver, such as num-queues = "4".'
    )


class Sriov(Table):
    """A device that makes virtual functions: ``[host.HOST.sriov.DEVICE]``, by its name in iovctl.conf(5)."""

    vfs: int = Field(ge=1, le=255, description="How many it makes; the device says how many it can.")
    pci_name: PciName | None = Field(
        None, description="Its name in pciconf(8) where that is another: t6iov0 is that of the interface cc0."
    )
    vf: dict[FunctionNumber, FunctionSettings] = Field(
        default_factory=dict, description="Settings of single functions, by number from 0."
    )
