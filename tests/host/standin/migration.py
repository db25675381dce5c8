"""A guest that goes to another host while it runs: bhyve(8) with ``-R`` and bhyvectl(8) with ``--migrate``.

No release of FreeBSD has these. They are played as usr.sbin/bhyve/migration.c does it in the tree of its authors: the
bhyve that waits takes one connection, answers when it has all, and gets its title and goes on; the bhyve that sent ends
with 0. That one goes on where anything fails, and where its connection ends before it hears the answer; until then it
holds the guest. It has no SO_REUSEADDR, so the kernel does not give the port again for a minute.
"""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

from .options import options
from .processes import ignores, stopped
from .reply import Reply, Result, fail
from .things import Guest

if TYPE_CHECKING:
    from .arguments import Machine
    from .world import World

FAILED = 1
HERE, THERE, OTHER = "192.0.2.1", "192.0.2.2", "50000"
LINGERS = 60
"""Seconds, twice net.inet.tcp.msl."""


def wait(world: World, guest: Guest, machine: Machine) -> str:
    """A bhyve waits for its guest; what is in the way, empty if nothing is."""
    port = machine.receive.rpartition(",")[2]
    if port in listeners(world) or port in world.lingering:
        return "Could not bind: Address already in use"
    guest.port = port
    guest.process.say(f"Waiting for connections from {machine.receive}...\r\n")
    return ""


def name_of(guest: Guest) -> str:
    """What a bhyve is: a guest, one that waits for its guest, or has it and is held."""
    kind = "waiting" if guest.port else "held" if guest.came and stopped(guest.pid) else "guest"
    kind = "sending" if guest.sends else kind
    return f"{kind} {guest.name}{' frozen' * guest.frozen}"


def listeners(world: World) -> dict[str, str]:
    """Port -> the process that waits for connections there; 1 stands for any other program."""
    found = {address.rpartition(":")[2]: "1" for address in world.listening}
    return found | {guest.port: str(guest.pid) for guest in world.guests.values() if guest.port}


def sockstat(world: World, words: list[str]) -> Result:
    """sockstat(1): ``sockstat -4 -l -q -P tcp -p port``, who waits for connections, or with ``-c`` who has some."""
    given, rest = options(words, "4clqP:p:")
    if rest or set(given) not in (set("4lqPp"), set("4cqPp")):
        return fail("usage: sockstat [-46CciLlnqSsUuvw] [-j jid] [-p ports] [-P protocols]")
    port = given["p"]
    if "l" in given:
        pid = listeners(world).get(port)
        return Reply(f"root     bhyve      {pid:5} 5   tcp4   *:{port}               *:*\n" if pid else "")
    here = f"tcp4   {HERE}"
    lines = [f"root     bhyve      {pid:5} 9   {here}:{OTHER}        {to}\n" for pid, to in senders(world, port)]
    lines += [f"?        ?          ?     ?   {here}:{port}        {THERE}:{OTHER}\n"] * (port in world.lingering)
    return Reply("".join(lines))


def senders(world: World, port: str) -> list[tuple[int, str]]:
    """Guests that are sent to this port: pid and address."""
    return [(each.pid, each.sends) for each in world.guests.values() if each.sends.endswith(f":{port}")]


def tcpdrop(world: World, words: list[str]) -> Result:
    """tcpdrop(8): a bhyve whose connection goes away does not wait for an answer any more."""
    if words[0] != HERE or len(words) != 4:
        return fail("usage: tcpdrop local-address local-port foreign-address foreign-port")
    if words[1] in world.lingering:
        world.lingering.remove(words[1])
        return Reply(f"{' '.join(words)}: dropped\n")
    for guest in world.guests.values():
        if guest.sends and guest.sends == ":".join(words[2:]):
            guest.sends = ""
            return Reply(f"{' '.join(words)}: dropped\n")
    return fail(f"tcpdrop: {' '.join(words)}: No such process")


def send(world: World, guest: Guest, where: str) -> None:
    """bhyve sends its guest, some time after it was asked to; only its own output says that this failed."""
    address, _, port = where.partition(",")
    what = {"memory": guest.memory, "cpus": guest.cpus, "devices": guest.devices}
    guest.sends = f"{address}:{port}"

    def transfer() -> None:
        if guest.over:
            return
        if stopped(guest.pid):
            world.watch(lambda: guest.over or not stopped(guest.pid), transfer)
            return
        _, said, status = world.ask([address, f"bhyve {port}"], json.dumps(what).encode())
        if guest.behaviour.lost == "answer" and not status:
            return
        guest.sends = ""
        if status and not ignores(guest.pid, signal.SIGPIPE):
            os.kill(guest.pid, signal.SIGPIPE)
        elif status:
            guest.process.say(said)
        elif guest.behaviour.lost == "end":
            os.kill(guest.pid, signal.SIGKILL)
        else:
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
        self.world.lingering.append(port)
        self.world.at(LINGERS, lambda: self.forget(port), port)
        guest.process.say("Migration completed\r\n")
        self.world.live(guest)
        return ""

    def forget(self, port: str) -> None:
        """The kernel gives a port again."""
        if port in self.world.lingering:
            self.world.lingering.remove(port)
