"""Networks: ``[network.NAME]`` and, for one host, ``[host.HOST.network.NAME]``."""

from typing import Annotated, Literal

from pydantic import Field

from hivewright.bhyve.facts import VLAN_FILTER, Since
from hivewright.model.addresses import HostAddress4, HostAddresses4, HostAddresses6, Ip4
from hivewright.model.base import Interface, ListOf, Name, NetgraphName, Table, ValeSwitch, Vlan
from hivewright.model.uplinks import Uplinks

Mtu = Annotated[int, Field(ge=576, le=16384)]
_HOSTS = "Hosts that have it; all if empty."
_PRIVATE = "Ports of guests cannot talk to each other, but to the host and the uplink; private of a NIC decides for it."
_SLIRP = Since("15.0", "bhyve(8), slirp", value="slirp", instead="choose another kind of network")


class Bridge(Table):
    """A bridge that hivewright makes once per host."""

    kind: Literal["bridge"]
    hosts: ListOf[Name] = Field((), description=_HOSTS)
    bridge: Interface | None = Field(None, description="Name of the interface; br-NAME if absent.")
    uplink: Uplinks = Field(
        ("auto",),
        description="auto: the interface of the default route, found at start; none: no physical member. Several in an "
        "array lead to different places: two to the same switch are a loop, for which there is lagg(4).",
    )
    mtu: Mtu = Field(1500, description="MTU of the bridge and its taps.")
    private: bool = Field(False, description=_PRIVATE)
    vlan: Vlan | None = Field(None, description="The VLAN of each uplink that is bridged; vlan(4) interfaces are made.")
    vlan_filter: Annotated[bool, VLAN_FILTER] = Field(
        False, description="The bridge keeps VLANs apart; NICs say theirs by vlan and trunk."
    )
    ipv4: HostAddresses4 = Field(
        (), description='IPv4 address of the host on the bridge, "192.0.2.1/24", or several in an array.'
    )
    ipv6: HostAddresses6 = Field(
        (), description='IPv6 address of the host on the bridge, "2001:db8::1/64", or several in an array.'
    )
    span: Interface | None = Field(None, description="An interface that gets a copy of every frame.")


class Manual(Table):
    """The administrator's own bridge, to which only taps are added."""

    kind: Literal["manual"]
    hosts: ListOf[Name] = Field((), description=_HOSTS)
    bridge: Interface = Field(description="Name of the interface.")
    mtu: Mtu = Field(1500, description="MTU of the bridge, given to the taps.")
    private: bool = Field(False, description=_PRIVATE)


class Routed(Table):
    """Point to point: the host has an address on each tap (gateway4 of the NIC) and a route to the guest; no bridge."""

    kind: Literal["routed"]
    hosts: ListOf[Name] = Field((), description=_HOSTS)
    mtu: Mtu = Field(1500, description="MTU of the taps.")


class Dhcp(Table):
    """Addresses that dnsmasq(8) gives to guests: ``dhcp = { first = "…", last = "…" }``."""

    first: Ip4 = Field(description="The first address that is given away.")
    last: Ip4 = Field(description="The last one.")
    dns: ListOf[Ip4] = Field((), description="Name servers; the host itself if empty.")


class Nat(Table):
    """A private bridge whose guests reach the outside behind an address of the host."""

    kind: Literal["nat"]
    hosts: ListOf[Name] = Field((), description=_HOSTS)
    bridge: Interface | None = Field(None, description="Name of the interface; br-NAME if absent.")
    ipv4: HostAddress4 = Field(description='Address of the host on the bridge, gateway of the guests: "10.0.0.1/24".')
    uplink: Interface = Field(description="The interface behind whose address the guests are.")
    address: Ip4 | None = Field(
        None, description="Which of the uplink's addresses that is, where it has several; its first if absent."
    )
    mtu: Mtu = Field(1500, description="MTU of the bridge and its taps.")
    private: bool = Field(False, description=_PRIVATE)
    firewall: Literal["pf", "ipfw"] = Field("pf", description="For which of them the translation rules are written.")
    ipfw_number: Annotated[int, Field(ge=1, le=65000)] | None = Field(
        None, description="ipfw only: the number of the NAT instance and of its rules."
    )
    dhcp: Dhcp | None = Field(None, description="Addresses for guests, as a fragment for dnsmasq(8).")


class Vale(Table):
    """A switch of vale(4)."""

    kind: Literal["vale"]
    hosts: ListOf[Name] = Field((), description=_HOSTS)
    switch: ValeSwitch = Field(description='Name of the switch: "vale" and one to three characters.')
    uplink: Literal["none"] | Interface = Field("none", description="An interface that is attached to it.")
    mtu: Mtu = Field(1500, description="MTU of the guests.")


class Netgraph(Table):
    """A node of ng_bridge(4), with a hook for each NIC."""

    kind: Literal["netgraph"]
    hosts: ListOf[Name] = Field((), description=_HOSTS)
    node: NetgraphName = Field(description="Name of the node; one that is there is used, else it is made.")
    uplink: Literal["none"] | NetgraphName = Field("none", description="An interface that is connected to it.")
    mtu: Mtu = Field(1500, description="MTU of the guests.")


class Vxlan(Table):
    """A bridge that spans hosts: its member is a vxlan(4) interface."""

    kind: Literal["vxlan"]
    hosts: ListOf[Name] = Field((), description=_HOSTS)
    bridge: Interface | None = Field(None, description="Name of the interface; br-NAME if absent.")
    vni: Annotated[int, Field(ge=1, le=16777215)] = Field(description="The number of the segment, the same everywhere.")
    local: Ip4 = Field(description="Address of this host, usually in [host.HOST.network.NAME].")
    remote: Ip4 = Field(description="Address of the other host, or a multicast group that all of them join.")
    device: Interface | None = Field(None, description="Interface of the multicast group.")
    mtu: Mtu = Field(1450, description="MTU of the bridge and its taps; 50 less than what the hosts can send.")
    private: bool = Field(False, description=_PRIVATE)


class Slirp(Table):
    """The guest behind an address of the host, without any interface (port libslirp)."""

    kind: Annotated[Literal["slirp"], _SLIRP]
    hosts: ListOf[Name] = Field((), description=_HOSTS)
    open: Annotated[bool, Since("15.1", "bhyve(8), slirp")] = Field(False, description="The guest reaches the outside.")
    mtu: Mtu = Field(1500, description="MTU of the guests.")


AnyNetwork = Bridge | Manual | Routed | Nat | Vale | Netgraph | Vxlan | Slirp
Network = Annotated[AnyNetwork, Field(discriminator="kind")]
