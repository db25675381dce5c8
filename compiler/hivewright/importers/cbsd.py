"""``import cbsd DIR``: guests of CBSD's bhyve, from its databases, and from single files of guests."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from hivewright.bhyve.facts import version
from hivewright.importers.cbsd_command import Builder, Definition, Port
from hivewright.importers.cbsd_database import is_on, is_set
from hivewright.importers.cbsd_files import Workdir, read_definitions
from hivewright.importers.forms import Bridge, Found, KeyPath, Old, Remark, UnreadableError
from hivewright.importers.names import site_name
from hivewright.importers.request import Request
from hivewright.importers.sources import read_text
from hivewright.model.host import BHYVE
from hivewright.values import format_pci_address, parse_pci_address

_ENDINGS = ("destroy", "restart")
_HOOKS = {
    "master_prestart.d": "prestart", "master_poststart.d": "poststart", "master_prestop.d": "prestop",
    "master_poststop.d": "poststop", "master_reboot.d": "reboot", "remove.d": "remove",
}  # fmt: skip
"""Folders of programs -> the moment of a site."""
_NICE = "1"
"""The priority of a guest of CBSD where nobody says another one."""
_NEWEST = "14.3"


def read_cbsd(request: Request, release: str | None) -> Found:
    """All guests that CBSD has. Which words it gives bhyve depends on the release of the host."""
    workdir, definitions = read_definitions(request)
    builders = [Builder(each, version(release or request.release or _NEWEST)) for each in definitions]
    names, alone = tuple(each.name for each in definitions), len(definitions) == 1
    read = [request.guest(name, partial(_words, each), alone=alone) for name, each in zip(names, builders, strict=True)]
    bridges: dict[str, str] = {}
    for builder in builders:
        for port in builder.ports:
            if bridge := builder.bridge_of(port.slot):
                bridges[port.row.get("nic_parent", "auto")] = bridge
    found = [
        _guest(builder, words, bridges, workdir)
        for builder, words in zip(builders, read, strict=True)
        if words is not None
    ]
    _one_mtu(found)
    orders = {old.keys.pop(("order",), None) for old in found}
    if len(orders) > 1:
        by_name = {definition.name: definition for definition in definitions}
        for old in found:
            old.keys[("order",)] = int(by_name[old.called].get("b_order", "0"))
    after = (
        "`sysrc cbsdd_enable=NO` keeps CBSD's daemon from starting guests with the host; it made bridges at their "
        "start, so first let hivewright make these: the comment at each network says what to write in the place of "
        "`manual`.",
    )
    return Found("CBSD", found, [], [], after, names=names)


def _one_mtu(guests: list[Old]) -> None:
    """NICs of one bridge have its MTU, which only some of them may know."""
    largest: dict[str, int] = {}
    for old in guests:
        for bridge in old.networks.values():
            if "bridge" in bridge.keys:
                name = bridge.keys["bridge"]
                largest[name] = max(largest.get(name, 0), bridge.keys.get("mtu", 1500))
    for old in guests:
        for where, bridge in old.networks.items():
            mtu = largest.get(bridge.keys.get("bridge", ""), 1500)
            if mtu != 1500:
                old.networks[where] = bridge._replace(keys={**bridge.keys, "mtu": mtu})


def _words(builder: Builder) -> list[str]:
    try:
        return builder.build()
    except (ValueError, KeyError) as error:
        reason = f"a column {error} is missing" if isinstance(error, KeyError) else str(error)
        raise UnreadableError(builder.definition.place, reason) from None


def _guest(builder: Builder, words: list[str], bridges: dict[str, str], workdir: Workdir) -> Old:
    definition = builder.definition
    old = Old(definition.name, definition.place, tuple(words), notes=builder.notes)
    for port in builder.ports:
        where = format_pci_address(parse_pci_address(str(port.slot)))
        if is_on(port.row.get("nic_persistent", "")):
            old.nics[where] = _existing(port, old.notes)
            continue
        old.networks[where] = _bridge(definition, port, bridges, old.notes)
        if "private" in port.row.get("nic_flags", "").split(","):
            old.nics[where] = {"private": True}
    old.keys.update(_keys(definition))
    _remarks(old, definition)
    _comments(old, definition, workdir)
    _hooks(old, definition, workdir)
    _switching(old, definition)
    return old


def _existing(port: Port, notes: list[Remark]) -> dict[str, Any]:
    """A tap that the administrator made: CBSD uses it and touches nothing of it, and so does the site."""
    if is_set(port.row.get("nic_flags", "0")):
        why = "the bridge that the administrator put the tap on says what kind of member it is"
        notes.append(Remark(f"nic_flags {port.row['nic_flags']}", why))
    return {"existing": port.backend}


def _bridge(definition: Definition, port: Port, bridges: dict[str, str], notes: list[Remark]) -> Bridge:
    """What a NIC is connected to. Which bridge CBSD found or made for a parent, the last start of some guest knows."""
    parent = port.row.get("nic_parent", "auto")
    mtu: dict[str, Any] = {"mtu": int(port.mtu)} if port.mtu not in ("", "1500") else {}
    if parent.startswith(("cbsdvale_", "vale")):
        return Bridge(site_name(parent.removeprefix("cbsdvale_")), {"kind": "vale", "switch": port.backend[:5]})
    if parent.startswith("cbsdng_ng"):
        return Bridge(site_name(parent, otherwise="net"), {"kind": "netgraph", "node": parent})
    address = port.row.get("nic_address", "")
    if parent in ("disable", "0"):
        name = site_name(f"{definition.name}-host", otherwise="net")
        keys: dict[str, Any] = {"kind": "bridge", "uplink": "none", **mtu}
        if re.fullmatch(r"[0-9.]+/[0-9]+", address):
            keys["ipv4"] = address
        comment = "CBSD had the tap in no bridge, and the address of the host on the tap itself."
        return Bridge(name, keys, comment)
    bridge = parent if parent.startswith("bridge") else bridges.get(parent, "")
    if is_set(address):
        notes.append(Remark(f"nic_address {address}", "CBSD put it on the tap; write it at the bridge of the host"))
    if not bridge:
        notes.append(Remark(f"the bridge of {parent}", "CBSD finds or makes it at a start, and there was none here; "
                            "bridge0 was written: correct it (ifconfig -g bridge)"))  # fmt: skip
    if parent.startswith("bridge"):
        return Bridge(site_name(parent), {"kind": "manual", "bridge": parent, **mtu})
    name = "lan" if parent == "auto" else site_name(parent, otherwise="net")
    uplink = "UPLINK" if parent == "auto" or parent.startswith("vpc-") else parent
    later = (
        f"CBSD makes this bridge, and both share it until the last guest is switched over. Then write: "
        f'kind = "bridge", bridge = "{bridge or "bridge0"}", uplink = "{uplink}"'
    )
    return Bridge(name, {"kind": "manual", "bridge": bridge or "bridge0", **mtu}, later)


def _keys(definition: Definition) -> dict[KeyPath, Any]:
    keys: dict[KeyPath, Any] = {}
    if not definition.on("astart", True):
        keys[("autostart",)] = False
    keys[("order",)] = int(definition.get("b_order", "0"))
    for event, default in (("poweroff", "destroy"), ("reboot", "restart"), ("crash", "destroy")):
        action = definition.get(f"on_{event}", default)
        ending = action if action in _ENDINGS else default
        if ending != {"poweroff": "destroy"}.get(event, "restart"):
            keys[(f"on_{event}",)] = ending
    if definition.settings.get("double_acpi") == "0":
        keys[("stop", "press_every")] = "0s"
    if definition.on("protected"):
        keys[("protected",)] = True
    if tags := definition.get("tags"):
        keys[("tags",)] = [*dict.fromkeys(site_name(tag, otherwise="tag") for tag in re.split("[ ,]+", tags) if tag)]
    nice = definition.get("nice") or definition.get("rctl_nice", _NICE)
    if nice != _NICE:
        keys[("limits", "nice")] = int(nice)
    return keys


def _remarks(old: Old, definition: Definition) -> None:
    """What a site has otherwise, or not."""
    get = definition.get
    said = {
        "cpuset": "CBSD stores it and never applies it; the site has pin and limits.cpuset",
        "boot_delay": "the site says what a guest waits for: order, after and ready",
        "debug_engine": "hivectl debug runs a guest under lldb or gdb when it is asked to",
        "jailed": "CBSD runs bhyve in a jail, and a site does not",
        "mnt_start": "it is a program of the host; copy it into the site and name it in hooks.prestart",
        "hidden": "CBSD leaves it out of its lists, and a site does not",
    }
    for key, why in said.items():
        if get(key, "none") != "none":
            old.notes.append(Remark(f"{key}={get(key)}", why))
    if get("tpm") == "new":
        old.notes.append(Remark("tpm=new", "CBSD only prints a line; the guest has none"))
    if get("bhyve_cmd", BHYVE) != BHYVE:
        why = "a host has one bhyve for all its guests: it is bhyve of [host.NAME], which a host that is new to the " \
              "site has where all its guests had the same"  # fmt: skip
        old.notes.append(Remark(f"bhyve_cmd={get('bhyve_cmd')}", why))
        old.program = get("bhyve_cmd")
    if not get("bhyverun_wrapper", "bhyverun.sh").endswith("/bhyverun.sh") and get("bhyverun_wrapper"):
        why = "it is a program in the place of CBSD's own; look at what it does beside bhyve"
        old.notes.append(Remark(f"bhyverun_wrapper={get('bhyverun_wrapper')}", why))
    if get("ip4_addr", "DHCP").upper() not in ("DHCP", "REALDHCP"):
        why = "CBSD's own note of it; write it with its prefix as ipv4 of the NIC for hivectl login and hooks"
        old.notes.append(Remark(f"ip4_addr={get('ip4_addr')}", why))
    if definition.has_seed:
        why = "CBSD made the medium anew at each start; the site has it as it is, and it is not made again"
        old.notes.append(Remark("cloud-init", why))
    if get("vm_boot", "hdd") == "cd":
        why = "CBSD boots the medium once; the site has it as a drive. Write install where it shall be installed"
        old.notes.append(Remark("vm_boot=cd", why))
    if definition.place.endswith("local.sqlite"):
        return
    why = "it says how the guest was to be made; what was changed since stands in CBSD's databases alone: import these"
    old.notes.append(Remark(definition.place.rpartition("/")[2], why))


def _comments(old: Old, definition: Definition, workdir: Workdir) -> None:
    """Where a disk of CBSD really is: its name is a link to a volume."""
    for row in definition.rows("bhyvedsk"):
        path = row["dsk_path"]
        path = path if path.startswith("/") else f"{definition.data}/{path}"
        if link := workdir.link(path):
            why = f"CBSD's name for {link}; keep the link, or write that path and serial as it is"
            old.notes.append(Remark(path, why))


def _hooks(old: Old, definition: Definition, workdir: Workdir) -> None:
    """Programs of CBSD become hooks that are told the same; of one that fails CBSD does not care."""
    for folder, moment in _HOOKS.items():
        hooks = []
        for file in workdir.programs(definition.name, folder):
            try:
                text = read_text(file, workdir.shown("jails-system", definition.name, folder, file.name))
            except UnreadableError:
                old.notes.append(Remark(f"{folder}/{file.name}", f"it is no text; name it in hooks.{moment} yourself"))
                continue
            if "/bin/cbsd" in text.partition("\n")[0]:
                why = f"it needs the shell of CBSD; write it for sh(1) and name it in hooks.{moment}"
                old.notes.append(Remark(f"{folder}/{file.name}", why))
                continue
            name = f"hooks/{site_name(definition.name)}/{moment}/{file.name}"
            old.files[name] = text
            hooks.append({"file": name, "on_failure": "warn", "names": "cbsd"})
        if hooks:
            old.keys[("hooks", moment)] = hooks


def _switching(old: Old, definition: Definition) -> None:
    """CBSD refuses to start a guest in maintenance; what stops it takes it out of there, so that comes first."""
    name = definition.name
    old.leave = (
        f"cbsd bset jname={name} astart=0 &&",
        f"cbsd bstop jname={name}   # its loop has to end too:",
        f"while pgrep -qf jails-system/{name}/bhyve.conf; do sleep 1; done",
        f"cbsd bswmode jname={name} mode=maintenance comment=hivewright &&   # CBSD does not start it now",
    )
    old.back = (
        f"    cbsd bswmode jname={name} mode=master comment=0 &&",
        f"    cbsd bset jname={name} astart={1 if definition.on('astart', True) else 0} &&",
        f"    cbsd bstart jname={name}",
    )
