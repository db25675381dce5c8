"""iscsictl(8) and what iscsid(8) and the kernel do behind it: sessions that connect, and devices that come later."""

from __future__ import annotations

import os
import re
from typing import Any

from .options import options
from .reply import Reply, Result, fail
from .things import Session
from .world import World

CONNECTING, SCANNING, ENDING = 2.0, 1.0, 1.0
"""Seconds until a session is connected, then until its devices are there, and until a removed one is gone."""

ENTRY = re.compile(r'\s*(\w+)\s*=\s*(?:"([^"]+)"|([a-zA-Z0-9.\-_/:\[\]]+))\s*;?')
KNOWN = {"targetaddress", "targetname", "initiatorname", "authmethod", "chapiname", "chapsecret"}


def iscsictl(world: World, words: list[str]) -> Result:
    """``iscsictl -A -n NICK [-c FILE]``, ``-R -p PORTAL -t TARGET`` and ``-L``, perhaps with ``--libxo=xml``."""
    xml = "--libxo=xml" in words
    given, rest = options([word for word in words if word != "--libxo=xml"], "AMRLac:d:e:i:n:p:rt:u:s:vw:")
    verbs = set(given) & set("AMRL")
    if rest or len(verbs) > 1:
        return fail("iscsictl: at most one of -A, -M, -R, or -L may be specified")
    if "A" in given:
        return add(world, given)
    if "R" in given:
        return remove(world, given)
    return listing(world, xml)


def read_configuration(path: str) -> dict[str, dict[str, str]]:
    """The sections of an iscsi.conf(5); raises ValueError."""
    with open(path, encoding="ascii") as stream:
        text = stream.read()
    found: dict[str, dict[str, str]] = {}
    for name, body in re.findall(r"(\S+)\s*\{([^}]*)\}", text):
        entries = ENTRY.findall(body)
        if ENTRY.sub("", body).strip() or not {key.lower() for key, _, _ in entries} <= KNOWN:
            raise ValueError(f"error in configuration file near '{body.strip()}'")
        found[name] = {key.lower(): quoted or plain for key, quoted, plain in entries}
    return found


def add(world: World, given: dict[str, str]) -> Reply:
    """Make a session: the answer comes before it is connected."""
    if set(given) != {"A", "n", "c"}:
        return fail("iscsictl: must specify -a, -n or -t/-p")
    path = given["c"]
    try:
        if os.stat(path).st_mode & 0o077:
            return fail(f"iscsictl: {path} is world-readable")
        section = read_configuration(path)[given["n"]]
    except (OSError, ValueError) as error:
        return fail(f"iscsictl: {error}")
    except KeyError:
        return fail(f"iscsictl: target {given['n']} not found in {path}")
    if "chapiname" in section and "chapsecret" not in section:
        return fail(f'iscsictl: missing chapSecret for target "{given["n"]}"')
    key = (section["targetaddress"], section["targetname"])
    if key in world.sessions:
        return fail("iscsictl: ISCSISADD: Device busy")
    session = world.sessions[key] = Session()
    connect(world, key, session, section)
    return Reply()


def portals_of(target: dict[str, Any]) -> list[str]:
    """Where a target is reached."""
    given = target["portal"]
    return [given] if isinstance(given, str) else given


def connect(world: World, key: tuple[str, str], session: Session, section: dict[str, str]) -> None:
    """Try until it works, as iscsid(8) does."""

    def attempt() -> None:
        if world.sessions.get(key) is not session or session.ending:
            return
        portal, name = key
        target = world.targets.get(name)
        if not world.iscsid:
            session.state = "Waiting for iscsid(8)"
        elif target is None or portal not in portals_of(target):
            session.state = "Connection refused"
        elif any(
            section.get(given) != target.get(wanted)
            for given, wanted in (("chapiname", "user"), ("chapsecret", "secret"))
        ):
            session.state = "Authentication failure"
        else:
            session.state = "Connected"
            world.at(SCANNING, lambda: scan(world, session, target["luns"]))
            return
        world.at(CONNECTING, attempt)

    world.at(CONNECTING, attempt)


def scan(world: World, session: Session, luns: list[int]) -> None:
    """Each logical unit becomes the next free disk of the host."""
    if session.ending:
        return
    for lun in luns:
        taken = {device for other in world.sessions.values() for device in other.devices.values()}
        number = next(number for number in range(len(taken) + 1) if f"da{number}" not in taken)
        session.devices[lun] = f"da{number}"
        world.node(f"da{number}", own=True)


def remove(world: World, given: dict[str, str]) -> Reply:
    """End a session: it stays in the list until it is gone."""
    if set(given) != {"R", "p", "t"}:
        return fail("iscsictl: must specify either -a, -n, -t, or -p")
    key = (given["p"], given["t"])
    session = world.sessions.get(key)
    if session is None:
        return fail("iscsictl: ISCSISREMOVE: No such process")
    session.ending = True
    world.at(ENDING, lambda: drop(world, key))
    return Reply()


def drop(world: World, key: tuple[str, str]) -> None:
    """A session is gone, and its disks with it."""
    session = world.sessions.pop(key, None)
    for device in session.devices.values() if session else ():
        world.unnode(device)


def listing(world: World, xml: bool) -> Reply:
    """What -L prints; only xml says which unit a device is."""
    lines = []
    for (portal, target), session in world.sessions.items():
        connected = session.state == "Connected"
        if xml:
            units = "".join(
                f"<lun><lun>{lun}</lun><device>{device}</device></lun>" for lun, device in session.devices.items()
            )
            devices = f"<devices>{units}<scbus>7</scbus><bus>0</bus><target>0</target></devices>" if connected else ""
            state = (
                f"<name>{target}</name><portal>{portal.replace('&', '&amp;')}</portal><state>{session.state}</state>"
            )
            lines.append(f"<session>{state}{devices}</session>")
        else:
            devices = "".join(f"{device} " for device in session.devices.values())
            state = f"Connected: {devices}" if connected else session.state
            lines.append(f"{target:36} {portal:16} {state}\n")
    if xml:
        return Reply(f'<iscsictl version="1">{"".join(lines)}</iscsictl>\n')
    return Reply(f"{'Target name':36} {'Target portal':16} State\n{''.join(lines)}")
