"""NICs of guests, and the networks of a host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hivewright.lower.context import Device, Guest, device
from hivewright.model.network import Bridge, Manual
from hivewright.model.nic import Nic
from hivewright.plan import Keys, NetworkPlan, NicPlan, Step
from hivewright.site import Site

USUAL_MTU = 1500


def lower_nics(guest: Guest) -> Iterator[Device]:
    """The NICs of a guest (bhyve(8), virtio-net, e1000 and "Network device backends")."""
    for name, nic in sorted(guest.vm.nic.items()):
        tap = tap_name(guest, name, nic)
        words = f"{nic.model},{tap}"
        prefix = f"nic.{name}"
        keys = [f"{prefix}.model", f"{prefix}.tap" if nic.tap is not None else f"lock:taps.{name}"]
        if not tap.startswith("tap"):
            # The kind of a backend is otherwise taken from the beginning of its name.
            words += ",type=tap"
            keys.append("rule:tap-type")
        words += f",mac={mac_address(guest, name, nic)}"
        keys.append(f"{prefix}.mac" if nic.mac is not None else f"lock:macs.{name}")
        mtu = guest_mtu(guest, nic)
        if nic.model == "virtio-net" and (nic.mtu is not None or mtu != USUAL_MTU):
            words += f",mtu={mtu}"
            keys.append(f"{prefix}.mtu" if nic.mtu is not None else f"network:{nic.network}.mtu")
        yield device(guest, prefix, words, tuple(keys), nic.model)


def prepare_taps(guest: Guest) -> Iterator[Step]:
    """One tap for each NIC, with the MTU of its bridge: the first member of a bridge decides for all."""
    for name, nic in sorted(guest.vm.nic.items()):
        network = guest.site.host_networks[guest.host_name, nic.network]
        bridge = bridge_name(nic.network, network)
        words: tuple[str, ...] = (name, tap_name(guest, name, nic), bridge, str(network.mtu))
        prefix = f"nic.{name}"
        keys: Keys = (f"{prefix}.network", f"network:{nic.network}.bridge", f"network:{nic.network}.mtu")
        if nic.private:
            words, keys = (*words, "private"), (*keys, f"{prefix}.private")
        yield Step("tap", words, keys, prefix)


def nic_plans(guest: Guest) -> tuple[NicPlan, ...]:
    return tuple(
        NicPlan(
            name,
            nic.network,
            nic.model,
            mac_address(guest, name, nic),
            tap_name(guest, name, nic),
            ", ".join(_addresses(nic)),
        )
        for name, nic in sorted(guest.vm.nic.items())
    )


def _addresses(nic: Nic) -> Iterator[str]:
    """What people shall read of its addresses; an IPv6 one that is not written out is called so."""
    if nic.ipv4 is not None:
        yield nic.ipv4
    if nic.ipv6 is not None:
        yield nic.ipv6 if "/" in nic.ipv6 else f"IPv6 {nic.ipv6}"


def tap_name(guest: Guest, name: str, nic: Nic) -> str:
    return nic.tap if nic.tap is not None else guest.lock.taps[name]


def mac_address(guest: Guest, name: str, nic: Nic) -> str:
    return nic.mac if nic.mac is not None else guest.lock.macs[name]


def guest_mtu(guest: Guest, nic: Nic) -> int:
    """The MTU that the guest shall use."""
    return nic.mtu if nic.mtu is not None else guest.site.host_networks[guest.host_name, nic.network].mtu


def bridge_name(name: str, network: Bridge | Manual) -> str:
    return network.bridge if network.bridge is not None else f"br-{name}"


def lower_networks(site: Site, host: str, names: Iterable[str]) -> tuple[NetworkPlan, ...]:
    """The networks of a host that its VMs use."""
    return tuple(_lower_network(site, host, name) for name in sorted(names))


def _lower_network(site: Site, host: str, name: str) -> NetworkPlan:
    network = site.host_networks[host, name]
    interface = bridge_name(name, network)
    uplink = network.uplink if isinstance(network, Bridge) else "none"
    source = f"{site.homes.get(('network', name), '')} [network.{name}]".lstrip()
    keys = tuple(f"network:{name}.{key}" for key in ("kind", "bridge", "mtu", "uplink"))
    step = Step("network", (name, network.kind, interface, str(network.mtu), uplink), keys, f"network.{name}")
    return NetworkPlan(name, network.kind, interface, uplink, network.mtu, source, (step,))
