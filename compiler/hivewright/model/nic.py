"""Network interfaces of a VM."""

from typing import Annotated, Literal

from pydantic import Field

from hivewright.bhyve.facts import Only
from hivewright.model.addresses import Addresses4, Addresses6, Gateway4, Gateway6, Ip, Subnet, is_link_local, within
from hivewright.model.base import Backend, Domain, Line, ListOf, Mac, Name, OwnTap, Rate, Slot, Table, Vlan
from hivewright.model.sriov import Function


class Forward(Table):
    """A port of the host that leads to the guest: ``[vm.NAME.nic.NIC.forward.NAME]``; networks nat and slirp only."""

    port: int = Field(ge=1, le=65535, description="Port of the host.")
    to: int = Field(ge=1, le=65535, description="Port of the guest.")
    protocol: Literal["tcp", "udp"] = Field("tcp", description="The protocol.")


class RateLimit(Table):
    """What a NIC may carry at most: ``rate_limit = { in = "100Mbit", out = "50Mbit" }``, as the guest sees it."""

    inward: Rate | None = Field(
        None, alias="in", description="Bits per second that reach the guest; no limit if absent."
    )
    out: Rate | None = Field(None, description="Bits per second that the guest sends; no limit if absent.")


class Route(Table):
    """A network that is reached through another router: ``routes = [{ to = "10.0.0.0/8", via = "192.0.2.254" }]``."""

    to: Subnet = Field(description="The network.")
    via: Ip = Field(description="The router, of the same family.")


_FUNCTIONS = Only("amd64", "bhyve(8), passthru", instead="connect it to a network")


class Nic(Table):
    """A network interface: ``[vm.NAME.nic.NIC]``."""

    description: Line = Field("", description="For people; INVENTORY.md of the host shows it.")
    network: Name = Field("", description="The [network.NAME] it is connected to; this, existing or vf.")
    existing: Backend | None = Field(
        None,
        description="The tap(4) or vmnet(4) interface of the administrator that it is: it has to be there at a start, "
        "and is neither made nor renamed nor destroyed. With network besides, it is a member of that bridge while the "
        "guest is there, and before and after that where it was one already.",
    )
    vf: Annotated[Function | None, _FUNCTIONS] = Field(
        None, description="The virtual function of a [host.HOST.sriov.DEVICE] that it is, in place of a network's port."
    )
    model: Literal["virtio-net", "e1000"] = Field("virtio-net", description="The device the guest sees.")
    mac: Mac | None = Field(None, description="MAC address; derived from the names and kept in the lock if absent.")
    mtu: int | None = Field(None, ge=576, le=16384, description="MTU told to the guest; that of the network if absent.")
    ipv4: Addresses4 = Field(
        (),
        description='Address for the first-boot data, "192.0.2.10/24" or "dhcp"; several in an array, the main first.',
    )
    gateway4: Gateway4 = Field(
        None,
        description='IPv4 default gateway; on a routed network also the address of the host on the tap. "none" says '
        "that the guest shall have none.",
    )
    ipv6: Addresses6 = Field(
        (), description='"2001:db8::10/64", several in an array, "dhcp" or "auto" (router advertisements).'
    )
    gateway6: Gateway6 = Field(None, description='IPv6 default gateway; may be link-local (fe80::1), or "none".')
    on_link: bool = Field(
        False, description="Gateways and routers may lie outside of its networks; they are on the link all the same."
    )
    routes: ListOf[Route] = Field((), description="Networks behind other routers than the default gateway.")
    dns: ListOf[Ip] = Field((), description="Name servers.")
    search: ListOf[Domain] = Field((), description="Domains to search.")
    private: bool | None = Field(
        None, description="Cannot talk to other private ports of its bridge; what its network says if absent."
    )
    span: bool = Field(
        False,
        description="It gets a copy of every frame of its bridge and is no member of it: what it sends goes nowhere. "
        "Networks with a bridge only.",
    )
    vlan: Vlan | None = Field(None, description="Its VLAN, without tags, on a network with vlan_filter.")
    trunk: ListOf[Vlan] = Field((), description="VLANs it sees with tags, on a network with vlan_filter.")
    forward: dict[Name, Forward] = Field(
        default_factory=dict, description="Ports of the host that lead to it; networks of the kinds nat and slirp only."
    )
    tap: OwnTap | None = Field(
        None,
        description="Name of the tap; taken from the lock if absent. The host has no address on it, but on the bridge "
        "(ipv4 and ipv6 of the network), or, on a routed network, gateway4.",
    )
    persistent: bool = Field(
        False,
        description="The tap stays, in its bridge, when the guest stops, and the next start uses it; hivectl network "
        "down removes it. Networks with a tap only.",
    )
    rate_limit: RateLimit | None = Field(
        None,
        description="How much it may carry, as rules for ipfw(8) with pipes of dummynet(4), which the administrator "
        "includes. Networks with a tap only; needs ipfw_number of the host.",
    )
    slot: Slot | None = Field(None, description="A fixed PCI address; taken from the lock if absent.")

    @property
    def interface(self) -> tuple[str, str] | None:
        """The key that names its interface on the host, and the name; none if the lock does."""
        if self.existing is not None:
            return "existing", self.existing
        return ("tap", self.tap) if self.tap is not None else None

    @property
    def fixed4(self) -> tuple[str, ...]:
        """Its static IPv4 addresses, with prefix lengths; the first is the main one."""
        return self.ipv4 if self.ipv4 and "/" in self.ipv4[0] else ()

    @property
    def fixed6(self) -> tuple[str, ...]:
        """Its static IPv6 addresses, with prefix lengths."""
        return self.ipv6 if self.ipv6 and "/" in self.ipv6[0] else ()

    @property
    def main4(self) -> str:
        """Its main IPv4 address, without prefix length; empty if it has no static one."""
        return self.fixed4[0].partition("/")[0] if self.fixed4 else ""

    def reaches(self, router: str) -> bool:
        """Whether a router is in a network of one of its static addresses, or link-local."""
        if is_link_local(router):
            return True
        return any(within(router, subnet) for subnet in (self.fixed6 if ":" in router else self.fixed4))
