"""NICs of guests: options of bhyve(8), taps, and the rows of INVENTORY.md."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.lower.context import Device, Guest, device
from hivewright.lower.devices.switches import End, backend_of, port_of
from hivewright.model.device_kinds import KINDS
from hivewright.model.network import AnyNetwork, Netgraph
from hivewright.model.network_kinds import interface_of, kind_of
from hivewright.model.nic import Nic
from hivewright.plan import NicPlan, Provenance, Step
from hivewright.values import format_cpu_list, format_virtual_function

USUAL_MTU = 1500


def lower_nics(guest: Guest) -> Iterator[Device]:
    """The NICs of a guest (bhyve(8), virtio-net, e1000 and "Network device backends")."""
    for name, nic in _ports(guest):
        backend, backend_keys = _backend(guest, name, nic)
        prefix = f"nic.{name}"
        words = f"{nic.model},{backend}"
        keys = [f"{prefix}.model", *backend_keys]
        words += f",mac={mac_address(guest, name, nic)}"
        keys.append(f"{prefix}.mac" if nic.mac is not None else f"lock:macs.{name}")
        mtu = guest_mtu(guest, nic)
        if nic.model == "virtio-net" and (nic.mtu is not None or mtu != USUAL_MTU):
            words += f",mtu={mtu}"
            keys.append(f"{prefix}.mtu" if nic.mtu is not None else f"network:{nic.network}.mtu")
        yield device(guest, prefix, words, tuple(keys), nic.model)


def _ports(guest: Guest) -> Iterator[tuple[str, Nic]]:
    """The NICs that bhyve emulates, by name; the others are virtual functions of the host."""
    return ((name, nic) for name, nic in sorted(guest.vm.nic.items()) if nic.vf is None)


def _network(guest: Guest, nic: Nic) -> AnyNetwork | None:
    """The network of a NIC; an interface of the administrator's needs none."""
    return guest.site.host_networks[guest.host_name, nic.network] if nic.network else None


def _backend(guest: Guest, name: str, nic: Nic) -> tuple[str, list[str]]:
    """The backend of a NIC: its tap, or that of a network kind without taps."""
    network = _network(guest, nic)
    tap = tap_name(guest, name, nic)
    tap_key = _tap_key(name, nic)
    if network is None:
        return tap, [tap_key]
    network_key = f"nic.{name}.network"
    if not kind_of(network).taps:
        keys = [network_key]
        keys += [f"network:{nic.network}.{key}" for key in ("switch", "node", "open") if hasattr(network, key)]
        if isinstance(network, Netgraph):
            keys.append(tap_key)
        if nic.forward:
            keys += (f"nic.{name}.forward", f"nic.{name}.ipv4")
        return backend_of(network, End(nic, tap, mac_address(guest, name, nic))), keys
    # bhyve takes the kind of a backend from the beginning of its name, which is tap (NET007).
    return tap, [network_key, tap_key]


def prepare_taps(guest: Guest) -> Iterator[Step]:
    """One tap for each NIC, with the MTU of its bridge: the first member of a bridge decides for all."""
    for name, nic in _ports(guest):
        network = _network(guest, nic)
        prefix = f"nic.{name}"
        if nic.existing is not None:
            yield _use_existing(name, nic.existing, nic, network)
            continue
        if network is None or not kind_of(network).taps:
            continue
        if not kind_of(network).bridged:
            own = ",".join([address.partition("/")[0] for address in nic.fixed4])
            words: tuple[str, ...] = (name, tap_name(guest, name, nic), str(network.mtu), nic.gateway4 or "", own)
            keys: Provenance = (
                f"{prefix}.network",
                _tap_key(name, nic),
                f"network:{nic.network}.mtu",
                f"{prefix}.gateway4",
                f"{prefix}.ipv4",
            )
            if nic.persistent:
                words, keys = (*words, "persistent"), (*keys, f"{prefix}.persistent")
            yield Step("routed", words, keys, prefix)
            continue
        words = (name, tap_name(guest, name, nic), interface_of(nic.network, network), str(network.mtu))
        keys = (f"{prefix}.network", _tap_key(name, nic), f"network:{nic.network}.bridge", f"network:{nic.network}.mtu")
        port, port_keys = _port_words(prefix, nic, network)
        yield Step("tap", (*words, *port), (*keys, *port_keys), prefix)


def _use_existing(name: str, existing: str, nic: Nic, network: AnyNetwork | None) -> Step:
    """An interface of the administrator's has to be there, and becomes a port of a bridge if a network is named."""
    prefix = f"nic.{name}"
    words: tuple[str, ...] = (name, existing)
    keys: Provenance = (f"{prefix}.existing",)
    if network is not None:
        port, port_keys = _port_words(prefix, nic, network)
        words = (*words, interface_of(nic.network, network), *port)
        keys = (f"{prefix}.network", *keys, f"network:{nic.network}.bridge", *port_keys)
    return Step("existing", words, keys, prefix)


def _port_words(prefix: str, nic: Nic, network: AnyNetwork) -> tuple[tuple[str, ...], Provenance]:
    """What kind of port of its bridge a NIC is, and the keys that say so."""
    words: tuple[str, ...] = ()
    keys: Provenance = ()
    if nic.span:
        words, keys = ("span",), (f"{prefix}.span",)
    elif nic.private:
        words, keys = ("private",), (f"{prefix}.private",)
    elif nic.private is None and getattr(network, "private", False):
        words, keys = ("private",), (f"network:{nic.network}.private",)
    if nic.vlan is not None:
        words, keys = (*words, f"untagged={nic.vlan}"), (*keys, f"{prefix}.vlan")
    if nic.trunk:
        trunk = format_cpu_list(tuple(sorted(set(nic.trunk))))
        words, keys = (*words, f"tagged={trunk}"), (*keys, f"{prefix}.trunk")
    if nic.persistent:
        words, keys = (*words, "persistent"), (*keys, f"{prefix}.persistent")
    return words, keys


def tell_nics(guest: Guest) -> Iterator[Step]:
    """What readers of the start script learn of each NIC: its network, its port on the host, its addresses."""
    for name, nic in sorted(guest.vm.nic.items()):
        prefix = f"nic.{name}"
        words = [name]
        keys = []
        if nic.vf is not None:
            words.append(f"port={format_virtual_function(nic.vf)}")
            keys.append(f"{prefix}.vf")
        else:
            if nic.network:
                words.append(f"network={nic.network}")
                keys.append(f"{prefix}.network")
            port = _port(guest, name, nic)
            if port:
                words.append(f"port={port}")
                keys += _port_keys(guest, name, nic)
        words.append(f"mac={mac_address(guest, name, nic)}")
        keys.append(f"{prefix}.mac" if nic.mac is not None else f"lock:macs.{name}")
        for key, addresses in (("ipv4", nic.ipv4), ("ipv6", nic.ipv6)):
            if addresses:
                words += [f"{key}={address}" for address in addresses]
                keys.append(f"{prefix}.{key}")
        yield Step("nic", tuple(words), tuple(dict.fromkeys(keys)), prefix)


def nic_plans(guest: Guest) -> tuple[NicPlan, ...]:
    return tuple(
        NicPlan(
            name=name,
            network=nic.network,
            model=KINDS["nic"].emulation(nic),
            mac=mac_address(guest, name, nic),
            tap=_port(guest, name, nic),
            address=", ".join(_addresses(nic)),
        )
        for name, nic in sorted(guest.vm.nic.items())
    )


def _addresses(nic: Nic) -> Iterator[str]:
    """Addresses for INVENTORY.md; an IPv6 keyword such as ``auto`` is prefixed with IPv6."""
    yield from nic.ipv4
    yield from (address if "/" in address else f"IPv6 {address}" for address in nic.ipv6)


def _port(guest: Guest, name: str, nic: Nic) -> str:
    """The port of a NIC on the host, for INVENTORY.md."""
    if nic.vf is not None:
        return f"function {nic.vf[1]} of {nic.vf[0]}"
    network = _network(guest, nic)
    if network is not None and not kind_of(network).taps:
        return port_of(network, mac_address(guest, name, nic))
    return tap_name(guest, name, nic)


def _port_keys(guest: Guest, name: str, nic: Nic) -> list[str]:
    network = _network(guest, nic)
    if network is None or kind_of(network).taps:
        return [_tap_key(name, nic)]
    return [f"network:{nic.network}.{kind_of(network).interface}"]


def tap_name(guest: Guest, name: str, nic: Nic) -> str:
    return nic.interface[1] if nic.interface is not None else guest.lock.taps[name]


def _tap_key(name: str, nic: Nic) -> str:
    return f"nic.{name}.{nic.interface[0]}" if nic.interface is not None else f"lock:taps.{name}"


def mac_address(guest: Guest, name: str, nic: Nic) -> str:
    return nic.mac if nic.mac is not None else guest.lock.macs[name]


def guest_mtu(guest: Guest, nic: Nic) -> int:
    """The MTU that the guest shall use."""
    if nic.mtu is not None:
        return nic.mtu
    network = _network(guest, nic)
    return USUAL_MTU if network is None else network.mtu
