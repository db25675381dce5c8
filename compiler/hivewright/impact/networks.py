"""What a change does to the networks of a host, and so to the guests on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hivewright.impact.calls import Call
from hivewright.impact.consequence import Consequence, Finding, Needs
from hivewright.model.network_kinds import NETWORKS

_ADDED = ("ipv4=", "ipv6=", "span=")
"""What a bridge that is there gets besides, without a moment of interruption, as it does further uplinks."""
_FURTHER = "uplink="


class Network(NamedTuple):
    """A network of host.conf: ``network NAME KIND INTERFACE MTU UPLINK [uplink=UPLINK…] [KEY=VALUE…]``."""

    name: str
    kind: str
    interface: str
    mtu: str
    uplinks: tuple[str, ...]
    """Which is the first of them has no meaning."""
    words: tuple[str, ...]

    @property
    def members(self) -> tuple[str, ...]:
        """What belongs to this network alone on its host: its uplinks, or one VLAN of each."""
        vlan = next((word.partition("=")[2] for word in self.words if word.startswith("vlan=")), "")
        named = [uplink for uplink in self.uplinks if uplink != "none"]
        return tuple(f"{uplink}.{vlan}" if vlan else uplink for uplink in named)


class Outage(NamedTuple):
    """A network that has to be made anew: what is found of the host, and which networks lose their guests."""

    finding: Finding
    network: str
    whole_host: bool
    """Whether all guests of the host have to be off for it."""


def read_networks(calls: list[Call]) -> dict[str, Network]:
    found = (call.words for call in calls if call.verb == "network" and len(call.words) >= 5)
    networks: dict[str, Network] = {}
    for name, kind, interface, mtu, uplink, *words in found:
        more = [word.removeprefix(_FURTHER) for word in words if word.startswith(_FURTHER)]
        others = tuple(sorted(word for word in words if not word.startswith(_FURTHER)))
        networks[name] = Network(name, kind, interface, mtu, tuple(sorted((uplink, *more))), others)
    return networks


def compare_networks(old: Mapping[str, Network], new: Mapping[str, Network]) -> Iterator[Finding | Outage]:
    """Findings of the host. A network that is gone stays until somebody needs its uplink or the host boots."""
    for name in sorted(new.keys() - old.keys()):
        holder = _in_the_way(new[name], old, new)
        if holder is None:
            yield Finding(Consequence.RELOAD, (f"network.{name}",), f"network {name} is made", Needs(networks_up=True))
        else:
            yield _outage(holder, (f"network.{name}",), f"network {name} takes over from {holder.name}")
    for name in sorted(old.keys() - new.keys()):
        yield Finding(Consequence.NOTHING, (f"network.{name}",), f"network {name} has no guests any more", Needs())
    for name in sorted(old.keys() & new.keys()):
        if old[name] != new[name]:
            yield _changed(old[name], new[name])


def _in_the_way(new: Network, old: Mapping[str, Network], kept: Mapping[str, Network]) -> Network | None:
    """The network that left the host and still has the interface or the uplink of a new one."""
    for each in old.values():
        shares = not set(each.members).isdisjoint(new.members)
        if each.name not in kept and (each.interface == new.interface or shares):
            return each
    return None


def _changed(old: Network, new: Network) -> Finding | Outage:
    keys = tuple(f"network.{new.name}.{key}" for key in _keys(old, new))
    added = set(new.words) - set(old.words)
    more = set(new.uplinks) - set(old.uplinks)
    is_more = set(old.uplinks) <= set(new.uplinks) and set(old.words) <= set(new.words)
    if old[:4] == new[:4] and is_more and all(word.startswith(_ADDED) for word in added):
        reason = f"{new.interface} gets {', '.join([*sorted(f'{_FURTHER}{each}' for each in more), *sorted(added)])}"
        return Finding(Consequence.RELOAD, keys, reason, Needs(networks_up=True))
    return _outage(old, keys, f"network {new.name}: {_reason(old, new)}", _other_mtu(old, new))


def _other_mtu(old: Network, new: Network) -> tuple[str, ...]:
    """What the administrator has to do before a bridge has another MTU, which is that of its uplink."""
    if old.mtu == new.mtu or new.kind == "vxlan":
        return ()
    named = (uplink for uplink in new.uplinks if uplink not in ("none", "auto"))
    return tuple(f"ifconfig {uplink} mtu {new.mtu}, and the same in rc.conf" for uplink in named)


def _outage(old: Network, keys: tuple[str, ...], reason: str, by_hand: tuple[str, ...] = ()) -> Outage:
    """A bridge can be destroyed alone; of other kinds only hivectl knows what belongs to them, and it undoes all."""
    row = NETWORKS.get(old.kind)
    is_bridge = row is not None and row.bridged and old.kind != "vxlan" and not _has_vlan(old)
    is_ours = row is None or (row.made and not row.given and row.interface != "")
    if is_bridge and is_ours:
        by_hand = (f"ifconfig {old.interface} destroy", *by_hand)
    needs = Needs(networks_down=is_ours and not is_bridge, networks_up=True, by_hand=by_hand)
    finding = Finding(Consequence.INTERRUPTION, keys, reason, needs)
    return Outage(finding, old.name, needs.networks_down)


def _has_vlan(network: Network) -> bool:
    return any(word.startswith("vlan=") for word in network.words)


def _keys(old: Network, new: Network) -> Iterator[str]:
    """The keys of a network that differ, by the places of the words."""
    row = NETWORKS.get(new.kind)
    interface = (row.interface if row is not None else "") or "bridge"
    names = ("", "kind", interface, "mtu", "vni" if new.kind == "vxlan" else "uplink")
    yield from (key for key, before, after in zip(names, old[:5], new[:5], strict=True) if before != after)
    yield from sorted({word.partition("=")[0] for word in {*old.words} ^ {*new.words}})


def _reason(old: Network, new: Network) -> str:
    words = [(before, after) for before, after in zip(old[1:4], new[1:4], strict=True) if before != after]
    if old.uplinks != new.uplinks:
        words.append((" and ".join(old.uplinks), " and ".join(new.uplinks)))
    words += [(word, "nothing") for word in old.words if word not in new.words]
    words += [("nothing", word) for word in new.words if word not in old.words]
    return ", ".join(f"{before} becomes {after}" for before, after in words)
