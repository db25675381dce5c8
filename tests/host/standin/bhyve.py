"""bhyve(8): devices opened, and a scripted guest. Its command line is read in ``arguments.py``."""

from __future__ import annotations

import os
from collections.abc import Callable

from . import checkpoints, disks, migration, pci, swtpm
from .arguments import BLOCK, Machine, parse
from .backends import open_console, open_fbuf, open_lpc, open_tap
from .calls import Request
from .paths import OPENED, RefusedError, open_paths
from .processes import stopped
from .reply import Later, Reply, Result, fail
from .strict import misread
from .stub import open_stub
from .switches import close
from .things import Behaviour, Guest
from .world import World

KILLED = -1
"""In the transcript: a signal ended bhyve, its shell knows which."""
USAGE = "Usage: bhyve [-AaCDeHhPSuWwxY] ...\n"
RECEIVES = "       -R: source host and port of a guest that is received\n"
ENDS = {"reboot": 0, "poweroff": 1, "halt": 2, "triple": 3, "error": 4, "abort": 134}


def open_devices(world: World, machine: Machine, guest: Guest, stdin: str) -> None:
    """Open what the devices need; the context exists already and stays when this fails."""
    emulations = {emulation for emulation, _ in machine.devices.values()}
    if machine.lpc and "lpc" not in emulations:
        raise RefusedError("bhyve: lpc devices need an lpc bridge")
    for vcpu, cpu in machine.pins:
        if vcpu >= machine.cpus:
            raise RefusedError(f"bhyve: vcpu {vcpu} does not exist")
        if cpu >= int(world.sysctl["hw.ncpu"]):
            raise RefusedError("Assertion failed: (error == 0), function fbsdrun_start_thread", 134)
    for device, backend in machine.lpc:
        open_lpc(world, device, backend, stdin)
        if device == "bootrom" and "," in backend and world.release >= (14, 0):
            disks.open_disk(world, guest, backend.partition(",")[2], True)
        if device == "tpm":
            guest.tpm, fault = swtpm.connect(world, backend)
            if fault:
                raise RefusedError(fault)
    for address, (emulation, conf) in machine.devices.items():
        first, _, more = conf.partition(",")
        if emulation in BLOCK:
            open_disk(world, guest, first, "ro" not in more.split(",") and emulation != "ahci-cd")
        elif emulation == "ahci":
            for port in (part.partition(":") for part in conf.split(",")):
                if port[0] in ("hd", "cd"):
                    open_disk(world, guest, port[2], port[0] == "hd")
        elif emulation in ("virtio-net", "e1000"):
            open_tap(world, guest, first, more)
        elif emulation == "fbuf":
            open_fbuf(world, guest, conf)
        elif emulation == "passthru":
            node = "pci.{}.{}.{}.".format(*address)
            pci.open_device(world, guest, conf, node, machine.config, "S" in machine.flags)
        elif emulation in OPENED:
            open_paths(emulation, conf)
            if emulation == "virtio-console":
                guest.channels += [part.rpartition("=")[2] for part in conf.split(",")]
        elif emulation == "virtio-9p" and not os.path.isdir(first.partition("=")[2]):
            raise RefusedError(f"virtio-9p: {first}: No such file or directory")
    for node, emulation in machine.config.items():
        if node.endswith(".device") and emulation in BLOCK and node[:-6] + "path" in machine.config:
            key = node[:-6]
            writable = machine.config.get(key + "ro") != "true" and emulation != "ahci-cd"
            open_disk(world, guest, machine.config[key + "path"], writable)
    rom = machine.config.get("bootrom")
    if rom is not None and not os.path.exists(rom):
        raise RefusedError(f'Error opening bootrom "{rom}": No such file or directory')
    if "console" in machine.config:
        open_console(world, machine.config["console"], stdin)
    open_stub(world, guest, machine.config.get("gdb", ""))


def open_disk(world: World, guest: Guest, path: str, writable: bool) -> None:
    """A disk that is there."""
    if not os.path.exists(path):
        raise RefusedError(f"Could not open backing file: {path}: No such file or directory")
    disks.open_disk(world, guest, path, writable)


def bhyve(world: World, words: list[str], request: Request) -> Result:
    """Run a guest."""
    if words == ["-h"]:
        return Reply("", USAGE + (RECEIVES if world.migrates else ""))
    try:
        machine = parse(world, words)
    except RefusedError as refused:
        return fail(str(refused), refused.status)
    if machine.config.get("config.dump") == "1":
        return Reply(f"name={machine.name}\n", "", 1)
    if machine.cpus > int(world.sysctl["hw.vmm.maxcpu"]):
        return fail(f"Unable to start {machine.cpus} vCPUs", 4)
    if "vmm" not in world.modules:
        return fail("bhyve: vm_create: No such file or directory", 4)
    has_rom = "bootrom" in dict(machine.lpc) or "bootrom" in machine.config
    fault = misread(world, words, has_rom) if world.strict else ""
    if fault:
        return fail(f"the strict parser refuses {words}: {fault}", 64)
    if machine.restore:
        try:
            checkpoints.check(world, machine)
        except RefusedError as refused:
            return fail(str(refused), refused.status)
    elif machine.name in world.contexts and (has_rom or machine.name not in world.loaded):
        return fail("vm_reinit: Device busy", 4)
    if not has_rom and machine.name not in world.loaded:
        return fail("virtual machine cannot be booted", 4)
    world.loaded.discard(machine.name)

    return Later(lambda finish: start(world, machine, request, finish))


def start(world: World, machine: Machine, request: Request, finish: Callable[[Reply], None]) -> None:
    """Make the context, open the devices, and let the guest do what its scenario says."""
    name = machine.name
    world.contexts.add(name)
    world.node(f"vmm/{name}")
    script = world.behaviours.get(name, [])
    behaviour = script.pop(0) if script else Behaviour()
    guest = Guest(
        name, request.pid, behaviour, lambda status, text: finish(Reply("", text, status)), request, world.now
    )
    guest.memory, guest.cpus, guest.restored = machine.memory, machine.cpus, bool(machine.restore or machine.receive)
    guest.devices = checkpoints.names_of(machine)
    world.guests[name] = guest
    try:
        open_devices(world, machine, guest, request.stdin)
        if behaviour.refuse:
            raise RefusedError(behaviour.refuse)
        if machine.receive and (fault := migration.wait(world, guest, machine)):
            raise RefusedError(fault)
    except RefusedError as refused:
        end(world, guest, refused.status, str(refused) + "\n")
        return
    if not machine.receive:
        live(world, guest)


def live(world: World, guest: Guest) -> None:
    """The guest does what its scenario says."""
    behaviour = guest.behaviour
    if behaviour.writes >= 0:
        world.at(behaviour.writes, lambda: disks.guest_writes(world, guest))
    if behaviour.acpi is not None and not guest.restored:
        world.at(behaviour.acpi, lambda: enable_acpi(guest))
    if behaviour.end:
        world.at(behaviour.after, lambda: come_to_end(world, guest, ENDS[behaviour.end]))


def enable_acpi(guest: Guest) -> None:
    """The guest switches ACPI on: bhyve takes SIGTERM for the power button from now on."""
    if not guest.over:
        guest.acpi = True
        guest.process.catch()


def press(world: World, guest: Guest) -> None:
    """The power button."""
    guest.presses += 1
    if guest.frozen:
        return
    if guest.behaviour.cancels and guest.shutting_down:
        guest.shutting_down = 0
    elif guest.presses == guest.behaviour.ignore + 1 or guest.behaviour.cancels:
        number = guest.shutting_down = guest.presses

        def power_off() -> None:
            if guest.shutting_down == number:
                come_to_end(world, guest, ENDS["poweroff"])

        world.at(guest.behaviour.shutdown, power_off, guest.name)


def come_to_end(world: World, guest: Guest, status: int) -> None:
    """The guest ends by itself, if SIGSTOP does not hold bhyve: then it does when SIGCONT lets it go on."""
    if guest.destroyed:
        return
    if stopped(guest.pid):
        world.watch(lambda: not stopped(guest.pid), lambda: end(world, guest, status))
        return
    end(world, guest, status)


def end(world: World, guest: Guest, status: int, text: str = "") -> None:
    """bhyve ends: taps go down and are free, the context stays."""
    if guest.over:
        return
    guest.over = True
    if world.guests.get(guest.name) is guest:
        del world.guests[guest.name]
    guest.finish(status, text)
    if guest.tpm:
        swtpm.terminate(guest.tpm)
    close(world, guest.name, guest.ports)
    for name in guest.taps:
        interface = world.interfaces[name]
        interface.holder = ""
        if not interface.link0:
            interface.up, interface.addresses = False, []
        for resume in world.waiting.pop(name, []):
            resume()
    for resume in guest.mourners:
        resume()


def destroy_context(world: World, name: str) -> Result:
    """Take the context away. A live guest dies of it; if it is idle, only SIGKILL ends bhyve, and bhyvectl waits."""
    guest = world.guests.get(name)
    if name in world.stuck:
        return Reply()
    world.contexts.discard(name)
    world.loaded.discard(name)
    if world.destroy_delay and guest is None:
        world.at(world.destroy_delay, lambda: world.unnode(f"vmm/{name}"))
        return Reply()
    world.unnode(f"vmm/{name}")
    if guest is None:
        return Reply()
    if not guest.behaviour.idle:
        end(world, guest, ENDS["poweroff"], "vm_run error -1, errno 6\n")
        return Reply()
    guest.destroyed = True
    return Later(lambda finish: guest.mourners.append(lambda: finish(Reply())), block=True)


def died(world: World, pid: int) -> None:
    """The process of a guest is gone (SIGKILL, SIGTERM before ACPI): what the kernel closes for it."""
    for guest in [guest for guest in world.guests.values() if guest.pid == pid]:
        end(world, guest, KILLED)
