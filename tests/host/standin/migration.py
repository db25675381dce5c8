"""A guest that goes to another host while it runs: bhyve(8) with ``-R`` and bhyvectl(8) with ``--migrate``.

No release of FreeBSD has these. They are played as usr.sbin/bhyve/migration.c does it in the tree of its authors: the
bhyve that waits takes one connection, and gets its title when it has all and goes on; then it answers, and the bhyve
that sent ends with 0. That one goes on where anything fails, and so it does where it does not hear the answer.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .options import options
from .processes import stopped
from .reply import Reply, Result, fail
from .things import Guest

if TYPE_CHECKING:
    from .arguments import Machine
    from .world import World

FAILED = 1


def wait(world: World, guest: Guest, machine: Machine) -> str:
    """A bhyve waits for its guest; what is in the way, empty if nothing is."""
    port = machine.receive.rpartition(",")[2]
    if port in listeners(world):
        return "Could not bind: Address already in use"
    guest.port = port
    guest.process.say(f"Waiting for connections from {machine.receive}...\r\n")
    return ""


def name_of(guest: Guest) -> str:
    """What a bhyve is: a guest, one that waits for its guest, or has it and is held."""
    kind = "waiting" if guest.port else "held" if guest.came and stopped(guest.pid) else "guest"
    return f"{kind} {guest.name}{' frozen' * guest.frozen}"


def listeners(world: World) -> dict[str, str]:
    """Port -> the process that waits for connections there; 1 stands for any other program."""
    found = {address.rpartition(":")[2]: "1" for address in world.listening}
    return found | {guest.port: str(guest.pid) for guest in world.guests.values() if guest.port}


def sockstat(world: World, words: list[str]) -> Result:
    """sockstat(1): ``sockstat -4 -l -q -P tcp -p port``."""
    given, rest = options(words, "4lqP:p:")
    if rest or set(given) != set("4lqPp"):
        return fail("usage: sockstat [-46CciLlnqSsUuvw] [-j jid] [-p ports] [-P protocols]")
    pid = listeners(world).get(given["p"])
    return Reply(f"root     bhyve      {pid:5} 5   tcp4   *:{given['p']}               *:*\n" if pid else "")


def send(world: World, guest: Guest, where: str) -> None:
    """bhyve sends its guest, some time after it was asked to; only its own output says that this failed."""
    address, _, port = where.partition(",")
    what = {"memory": guest.memory, "cpus": guest.cpus, "devices": guest.devices}

    def transfer() -> None:
        if guest.over:
            return
        if stopped(guest.pid):
            world.watch(lambda: guest.over or not stopped(guest.pid), transfer)
            return
        _, said, status = world.ask([address, f"bhyve {port}"], json.dumps(what).encode())
        if status:
            guest.process.say(said)
            return
        world.contexts.discard(guest.name)
        world.unnode(f"vmm/{guest.name}")
        world.end(guest, 0, "")

    world.at(guest.behaviour.saving, transfer, guest.name)


class Arrivals:
    """What comes from another host, as a part of ``scene.Scene``."""

    world: World

    def arrive(self, port: str, what: str) -> str:
        """A connection to a port; what was wrong, empty if the guest goes on here."""
        guest = next((each for each in self.world.guests.values() if each.port == port), None)
        if guest is None:
            return "Could not connect to the remote host: Connection refused\r\n"
        guest.port = ""
        try:
            sent = json.loads(what)
        except json.JSONDecodeError:
            self.world.end(guest, FAILED, "Could not recv lowmem and highmem\r\n")
            return "Could not recv migration completed remote or received error\r\n"
        if sent != {"memory": guest.memory, "cpus": guest.cpus, "devices": guest.devices}:
            self.world.end(guest, FAILED, "Error while checking specs\r\n")
            return "Error while checking system requirements\r\n"
        guest.came = True
        guest.process.say("Migration completed\r\n")
        self.world.live(guest)
        return ""
