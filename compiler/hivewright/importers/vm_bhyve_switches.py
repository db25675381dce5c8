"""Switches of vm-bhyve as networks. Both tools share one bridge: an interface can be in no two."""

from __future__ import annotations

import re
from typing import Any

from hivewright.importers.forms import Bridge, Old, Remark, UnreadableError
from hivewright.importers.names import site_name
from hivewright.importers.settings import Settings, is_yes

_OWN_TAP = re.compile(r"(?!tap[0-9]+\Z)tap[A-Za-z0-9_.-]{1,12}")
"""What a tap may be called that hivewright makes: not as the kernel calls its own."""
_LONGEST = 12
"""A bridge is called vm-SWITCH where the name of the switch has so many characters at most."""


class Switches:
    """The switches of one host."""

    def __init__(self, core: dict[str, str]) -> None:
        self._core = core
        self.names = core.get("switch_list", "").split()
        self.notes: list[Remark] = []
        self.in_tmux = core.get("console") == "tmux"
        """Whether guests run in tmux(1), which is for all guests of a host."""

    def _get(self, key: str, switch: str) -> str:
        return self._core.get(f"{key}_{switch}", "")

    def backend(self, guest: str, settings: Settings, number: int) -> str:
        """The first word of a NIC. The tap is made at the start, so its number is not known."""
        switch = settings.get(f"network{number}_switch")
        kind = self._get("type", switch) or "standard"
        if kind == "vale":
            return f"vale{self._get('vale', switch) or switch}:{guest}{number}"
        if kind == "netgraph":
            node = self._get("netgraph", switch) or switch
            return f"netgraph,path={node}:,peerhook=link{number}"
        return settings.get(f"network{number}_device") or settings.get(f"network{number}_name") or f"tap{number}"

    def connect(self, old: Old, settings: Settings, number: int, where: str) -> None:
        """What a NIC is connected to, and what it has besides its words; by the address, since names come later."""
        switch, device = settings.get(f"network{number}_switch"), settings.get(f"network{number}_device")
        if switch or not device:
            old.networks[where] = self._connection(switch, number, old.place)
        keys: dict[str, Any] = {}
        if self._has_taps(switch):
            keys |= {"existing": device} if device else {}
            name = settings.get(f"network{number}_name")
            keys |= {"tap": name} if not device and _OWN_TAP.fullmatch(name) else {}
            span = settings.yes(f"network{number}_span") and bool(switch)
            keys |= {"span": True} if span else {}
        if keys:
            old.nics.setdefault(where, {}).update(keys)
        if not settings.get(f"network{number}_mac"):
            old.notes.append(
                Remark(f"no network{number}_mac", "vm-bhyve makes one at the first start; this guest has not had that")
            )

    def _has_taps(self, switch: str) -> bool:
        return self._get("type", switch) not in ("vale", "netgraph")

    def _connection(self, switch: str, number: int, place: str) -> Bridge:
        if not switch:
            return Bridge("lan", {"kind": "manual", "bridge": "bridge0"}, "vm-bhyve did not say which bridge.")
        if switch not in self.names and not self._get("type", switch):
            raise UnreadableError(place, f'network{number}_switch is "{switch}", which system.conf lacks; '
                                  "vm-bhyve leaves such a NIC unconnected without a word")  # fmt: skip
        name = site_name(switch, otherwise="net")
        kind = self._get("type", switch) or "standard"
        if kind == "manual":
            keys = {"kind": "manual", "bridge": self._get("bridge", switch)}
            return Bridge(name, keys | self._mtu(switch) | self._private(switch))
        if kind == "vale":
            own = f"vale{self._get('vale', switch) or switch}"
            return Bridge(name, {"kind": "vale", "switch": own[:7]})
        if kind == "netgraph":
            return Bridge(name, {"kind": "netgraph", "node": self._get("netgraph", switch) or switch})
        keys = {"kind": "manual", "bridge": self._bridge(switch)}
        return Bridge(name, keys | self._mtu(switch) | self._private(switch), self._later(switch))

    def _bridge(self, switch: str) -> str:
        if len(switch) > _LONGEST:
            remark = Remark(
                f"the bridge of {switch}",
                "its name is that of the kernel (`ifconfig -g vm-switch` with the description vm/"
                f"{switch}); write it in the network",
            )
            if remark not in self.notes:
                self.notes.append(remark)
            return "bridge0"
        return f"vm-{switch}"

    def _mtu(self, switch: str) -> dict[str, Any]:
        mtu = self._get("mtu", switch)
        return {"mtu": int(mtu)} if mtu.isdecimal() and mtu != "1500" else {}

    def _private(self, switch: str) -> dict[str, Any]:
        return {"private": True} if is_yes(self._get("private", switch)) else {}

    def _later(self, switch: str) -> str:
        """What to write when vm-bhyve does not make the bridge any more."""
        first = "vm-bhyve makes this bridge, and both share it until the last guest is switched over."
        ports = self._get("ports", switch).split()
        if self._get("type", switch) == "vxlan":
            private = ", and private = true stays" if self._private(switch) else ""
            number = self._get("vlan", switch) or 1
            return f"{first} Then it is a network of the kind vxlan with vni = {number}{private}."
        names = ", ".join(f'"{port}"' for port in ports or ["none"])
        uplinks = f"[{names}]" if len(ports) > 1 else names
        keys = ['kind = "bridge"', f'bridge = "{self._bridge(switch)}"', f"uplink = {uplinks}"]
        if vlan := self._get("vlan", switch):
            keys.append(f"vlan = {vlan}")
        keys += ["private = true"] if self._private(switch) else []
        keys += [f'ipv4 = "{address}"' for address in [self._get("addr", switch)] if "/" in address]
        keys += [f'ipv6 = "{address}"' for address in [self._get("addr6", switch)] if "/" in address]
        return f"{first} Then write: {', '.join(keys)}"
