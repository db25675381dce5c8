"""bhyvectl(8) as the stand-in host has it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from . import checkpoints, migration
from .bhyve import ENDS, come_to_end, destroy_context
from .reply import Reply, Result, UnmodelledError, fail

if TYPE_CHECKING:
    from .world import World

EALREADY, EEXIST = 37, 17
KNOWN = ("--create", "--destroy", "--force-poweroff", "--force-reset", "--inject-nmi", "--get-stats")
SAVES = ("--checkpoint", "--suspend")
USAGE = "Usage: bhyvectl --vm=<vmname> [--create] [--destroy] [--force-reset] [--force-poweroff] ..."
CAN_SAVE = "       [--checkpoint=<filename> | --suspend=<filename>]"
CAN_SEND = "       [--migrate=<host,port>]"
SUSPENDED = 5


def bhyvectl(world: World, words: list[str]) -> Result:
    """bhyvectl(8): --create, --destroy, --force-poweroff, --force-reset, --inject-nmi, --get-stats; with
    BHYVE_SNAPSHOT --checkpoint and --suspend; and --migrate where it is said to have it."""
    names = [word[len("--vm=") :] for word in words if word.startswith("--vm=")]
    verbs = [word for word in words if not word.startswith("--vm=")]
    saves = [verb for verb in verbs if verb.partition("=")[0] in SAVES and world.snapshot]
    if any(verb.startswith(("--get-", "--set-")) for verb in verbs if verb not in KNOWN):
        raise UnmodelledError(" ".join(verbs))
    sends = [verb for verb in verbs if verb.startswith("--migrate=") and world.migrates]
    if len(names) != 1 or len(verbs) != 1 or not (saves or sends or verbs[0] in KNOWN):
        return fail("\n".join([USAGE, *[CAN_SAVE] * world.snapshot, *[CAN_SEND] * world.migrates]))
    name, verb = names[0], verbs[0]
    if verb == "--create":
        if name in world.contexts:
            return Reply(f"errno = {EEXIST}\n", "", 255)
        world.contexts.add(name)
        world.node(f"vmm/{name}")
        return Reply()
    if name not in world.contexts:
        return fail(f"VM:{name} could not be opened")
    if verb == "--destroy":
        return destroy_context(world, name)
    if saves:
        return save(world, name, verb.partition("=")[2], verb.startswith("--suspend"))
    if sends:
        return migrate(world, name, verb.partition("=")[2])
    return force(world, name, verb) if verb.startswith("--force") else Reply()


def force(world: World, name: str, verb: str) -> Reply:
    """The kernel is told to suspend the guest; a guest that goes down already is told on standard output."""
    guest = world.guests.get(name)
    if guest is None:
        return Reply()
    if guest.leaving:
        return Reply(f"errno = {EALREADY}\n", "", 255)
    guest.leaving = True
    if not guest.behaviour.wedged:
        status = ENDS["poweroff"] if verb == "--force-poweroff" else ENDS["reboot"]
        world.at(0.1, lambda: come_to_end(world, guest, status))
    return Reply()


def migrate(world: World, name: str, where: str) -> Reply:
    """Ask bhyve to send the guest. The answer is 0 whatever becomes of it; only what cannot be asked at all fails."""
    guest = world.guests.get(name)
    if guest is None or guest.port:
        return fail("connect() failed: No such file or directory", 2)
    migration.send(world, guest, where)
    return Reply()


def save(world: World, name: str, path: str, suspend: bool) -> Reply:
    """Ask bhyve for a checkpoint. The answer is 0 whatever becomes of it; only what cannot be asked at all fails."""
    if not os.path.isdir(os.path.dirname(path) or "."):
        return Reply("", "", 2)
    guest = world.guests.get(name)
    if guest is None or world.now < guest.started + guest.behaviour.listens:
        return fail("connect() failed: No such file or directory", 2)
    status = SUSPENDED if world.release >= (15, 1) else 0
    ended = (lambda: come_to_end(world, guest, status)) if suspend else (lambda: None)
    checkpoints.save(world, guest, os.path.abspath(path), ended)
    return Reply()
