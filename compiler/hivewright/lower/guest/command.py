"""The bhyve command: options of the machine, devices by address, devices of the LPC bridge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hivewright.bhyve.options import parse_extra_args, slot_of
from hivewright.lower.context import STATE, Device, Guest, device, fixed_device, uuid_of
from hivewright.lower.devices.blocks import lower_boot_order, lower_cds, lower_controllers, lower_disks
from hivewright.lower.devices.nics import lower_nics
from hivewright.lower.devices.passthrough import lower_functions, lower_passthrough
from hivewright.lower.devices.peripherals import lower_peripherals
from hivewright.lower.devices.serial import serial_backend
from hivewright.lower.devices.shares import lower_shares
from hivewright.lower.devices.vnc import lower_secrets, lower_vnc
from hivewright.lower.guest.debug import lower_gdb
from hivewright.lower.guest.firmware import lower_firmware
from hivewright.lower.guest.machine import lower_firmware_files, lower_flags, lower_identity
from hivewright.lower.guest.numa import lower_numa
from hivewright.lower.guest.tpm import lower_tpm
from hivewright.model.device_kinds import HOSTBRIDGE, LPC, lpc_address
from hivewright.model.guest import Topology
from hivewright.model.machine import IGNITION
from hivewright.plan import Option, Provenance
from hivewright.values import format_cpu_list, format_mebibytes

_HOSTBRIDGES = {
    kind: fixed_device(HOSTBRIDGE, emulation, ("machine.hostbridge", "rule:hostbridge"))
    for kind, emulation in (("standard", "hostbridge"), ("amd", "amd_hostbridge"))
}
_SEED = ("cloud_init", "rule:seed")
_LPC = fixed_device(LPC, "lpc", ("rule:lpc",))


def lower_devices(guest: Guest) -> list[Device]:
    """All PCI devices by address, the LPC bridge last."""
    devices = [*lower_disks(guest), *lower_cds(guest), *lower_nics(guest), *_lower_others(guest)]
    devices += [*lower_controllers(guest), *lower_vnc(guest), *lower_peripherals(guest), *lower_shares(guest)]
    devices += lower_passthrough(guest)
    devices.sort(key=lambda device: device.address)
    if guest.vm.machine.hostbridge != "none":
        devices.insert(0, _HOSTBRIDGES[guest.vm.machine.hostbridge])
    if guest.features.pc:
        devices.append(_lower_lpc(guest))
    return devices


def _lower_lpc(guest: Guest) -> Device:
    if guest.vm.machine.lpc_slot is None:
        return _LPC
    return fixed_device(lpc_address(guest.vm), "lpc", ("machine.lpc_slot", "rule:lpc"))


def _lower_others(guest: Guest) -> Iterator[Device]:
    vm = guest.vm
    if vm.rng is not None:
        yield device(guest, "rng", "virtio-rnd", ("rng",), "virtio-rnd")
    if guest.site.medium(vm) not in ("", "ignition"):
        yield device(guest, "seed", f"ahci-cd,{seed_path(guest)},ro", _SEED, "ahci-cd")


def lower_command(guest: Guest, devices: Sequence[Device]) -> Iterator[Option]:
    """All options of bhyve(8) in a fixed order, without the name of the guest, which the script adds."""
    extra = parse_extra_args(guest.vm.extra_args)
    beyond = [device.option.keys[-1] for device in devices if device.address[0] > 0]
    if any(address[0] > 0 for argument in extra if (address := slot_of(argument)) is not None):
        beyond.append("extra_args")
    yield from lower_flags(guest, tuple(beyond))
    sockets, cores, threads = topology_of(guest)
    words = ("-c", f"cpus={guest.vm.cpus},sockets={sockets},cores={cores},threads={threads}")
    keys: Provenance = ("cpus", "topology")
    if isinstance(guest.vm.topology, str):
        keys = (*keys, f"topology:{guest.vm.topology}")
    yield Option(words, keys, "cpus, topology" if guest.vm.topology is not None else "cpus")
    for vcpu in sorted(guest.vm.pin, key=int):
        # -p sets this variable too, but one host CPU at a time, and silently drops what follows a range.
        words = ("-o", f"vcpu.{int(vcpu)}.cpuset={format_cpu_list(guest.vm.pin[vcpu])}")
        yield Option(words, (f"pin.{vcpu}",), f"pin.{vcpu}")
    yield Option(("-m", format_mebibytes(guest.vm.memory)), ("memory",), "memory")
    yield from lower_numa(guest)
    uuid, keys = uuid_of(guest)
    yield Option(("-U", uuid), keys, "uuid")
    yield from lower_identity(guest)
    for lowered in devices:
        yield lowered.option
    yield from _lower_consoles(guest)
    yield from lower_gdb(guest)
    if guest.site.medium(guest.vm) == "ignition":
        yield Option(
            ("-f", f"{IGNITION},file={seed_path(guest)}"),
            ("cloud_init", "cloud_init.reader", "rule:seed"),
            "cloud_init",
        )
    yield from lower_firmware_files(guest)
    yield from lower_boot_order(guest)
    yield from lower_tpm(guest)
    yield from lower_firmware(guest)
    for argument in extra:
        value = (argument.value,) if argument.value else ()
        yield Option((argument.flag, *value), ("extra_args",), "extra_args")
    yield from lower_functions(guest)
    yield from lower_secrets(guest)


def topology_of(guest: Guest) -> tuple[int, int, int]:
    """Sockets, cores and threads. All three are always given, since bhyve's defaults differ from its manual."""
    topology = guest.vm.topology
    if topology is None:
        return guest.vm.cpus, 1, 1
    if not isinstance(topology, Topology):
        topology = guest.site.topologies[topology]
    return topology.sockets, topology.cores, topology.threads


def _lower_consoles(guest: Guest) -> Iterator[Option]:
    for port in sorted(guest.vm.serial):
        backend, keys = serial_backend(guest, port, guest.vm.serial[port])
        if guest.features.pc:
            yield Option(("-l", f"{port},{backend}"), keys, f"serial.{port}")
        elif port == "com1":
            yield Option(("-o", f"console={backend}"), (*keys, "rule:arm64-console"), f"serial.{port}")


def seed_path(guest: Guest) -> str:
    """The ISO image that provisioning makes of the seed, or the config of ignition."""
    return f"{STATE}/{guest.name}/{'config.ign' if guest.site.medium(guest.vm) == 'ignition' else 'seed.iso'}"
