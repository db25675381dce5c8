"""bhyvectl(8) as the stand-in host has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bhyve import ENDS, destroy_context, end
from .reply import Reply, Result, fail

if TYPE_CHECKING:
    from .world import World


def bhyvectl(world: World, words: list[str]) -> Result:
    """bhyvectl(8): --destroy, --force-poweroff, --force-reset, --inject-nmi, --get-stats."""
    names = [word[len("--vm=") :] for word in words if word.startswith("--vm=")]
    verbs = [word for word in words if not word.startswith("--vm=")]
    known = ("--destroy", "--force-poweroff", "--force-reset", "--inject-nmi", "--get-stats")
    if len(names) != 1 or len(verbs) != 1 or verbs[0] not in known:
        return fail("Usage: bhyvectl --vm=<vmname> [--destroy] [--force-reset] [--force-poweroff] ...")
    name = names[0]
    if name not in world.contexts:
        return fail(f"VM:{name} could not be opened")
    guest = world.guests.get(name)
    if verbs[0] == "--destroy":
        destroy_context(world, name)
    elif guest is not None and not guest.behaviour.wedged and verbs[0].startswith("--force"):
        status = ENDS["poweroff"] if verbs[0] == "--force-poweroff" else ENDS["reboot"]
        world.at(0.1, lambda: end(world, guest, status))
    return Reply()
