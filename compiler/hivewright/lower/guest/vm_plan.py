"""One VM on one host: from its definition and its lock to a VmPlan."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

from hivewright.diagnostics import Diagnostic
from hivewright.lower.context import Device, Guest, uuid_of
from hivewright.lower.devices.disks import (
    disk_plans,
    prepare_disks,
    provision_datasets,
    provision_disks,
    provision_images,
)
from hivewright.lower.devices.nics import nic_plans, prepare_taps, tell_nics
from hivewright.lower.devices.passthrough import passed_devices, prepare_binds, prepare_passthrough, reserved_devices
from hivewright.lower.devices.peripherals import prepare_peripherals
from hivewright.lower.devices.serial import prepare_serial, serial_ports
from hivewright.lower.devices.shares import prepare_shares
from hivewright.lower.devices.vnc import prepare_vnc, vnc_address
from hivewright.lower.guest.command import lower_command, lower_devices, seed_path
from hivewright.lower.guest.debug import gdb_address, prepare_debug
from hivewright.lower.guest.firmware import prepare_rom, prepare_variables, provision_firmware
from hivewright.lower.guest.former import owner_step, provision_former, rival_step
from hivewright.lower.guest.limits import prepare_limits
from hivewright.lower.guest.loader import lower_loader, prepare_loader
from hivewright.lower.guest.machine import prepare_environment, prepare_machine
from hivewright.lower.guest.tpm import prepare_tpm
from hivewright.lower.seed.accounts import secrets_of
from hivewright.lower.seed.nocloud import Seed, SeedWriter
from hivewright.model.events import condition
from hivewright.model.guest import HOOK_TIMEOUT, MAY_REFUSE, PRESS_EVERY, Hook, Ready
from hivewright.model.host import BHYVE
from hivewright.model.readers import CLOUD_INIT
from hivewright.model.vm import Vm
from hivewright.plan import HOOKS_OF_A_START, Option, Policy, Step, VmPlan, checksum
from hivewright.site.programs import Program, programs
from hivewright.site.start_order import saving_seconds

_DIGEST_LENGTH = 32
"""Hexadecimal digits of a digest in scripts: 128 bits."""


def lower_guest(guest: Guest, depth: int, seeds: SeedWriter) -> tuple[VmPlan, tuple[Diagnostic, ...]]:
    """The plan of a guest and what is wrong with its seed. ``depth`` is its wave within its order."""
    vm = guest.vm
    devices = lower_devices(guest)
    seed, diagnostics = seeds.seed(guest) if vm.cloud_init is not None else ((), ())
    provision, provision_digest = _provisioning(guest, seed)
    prepare = tuple(_prepare(guest, provision, provision_digest))
    options = tuple(lower_command(guest, devices))
    loader = tuple(lower_loader(guest))
    hooks = _hooks(guest)
    policy = Policy(vm.on_poweroff, vm.on_reboot, vm.on_crash, vm.restart_limit.count, vm.restart_limit.within)
    plan = VmPlan(
        name=guest.name,
        host=guest.host_name,
        home=guest.host_name if vm.carp is not None else guest.site.hosts_of(vm)[0],
        source=f"{guest.site.homes.get(('vm', guest.name), '')} [vm.{guest.name}]".lstrip(),
        description=vm.description,
        descriptions=tuple(_descriptions(vm)),
        profile=vm.profile,
        hosts=guest.site.hosts_of(vm),
        cpus=vm.cpus,
        memory=vm.memory,
        autostart=vm.autostart,
        order=vm.order,
        depth=depth,
        after=vm.after,
        ready=(_readiness(vm.ready), vm.ready.timeout) if vm.ready is not None else None,
        on_not_ready=vm.on_not_ready,
        on_host_shutdown=vm.on_host_shutdown,
        saving_seconds=saving_seconds(vm),
        tags=vm.tags,
        stop=_stop(vm),
        policy=policy,
        prepare=prepare,
        options=options,
        provision=tuple(_with_seed_files(provision, seed)),
        digest=_start_digest(options, (*prepare, *loader), policy, hooks, guest.host.bhyve),
        program=guest.host.bhyve,
        provision_digest=provision_digest,
        uuid=uuid_of(guest)[0],
        seed=seed,
        hooks=hooks,
        named_hooks=tuple(_named_hooks(guest, hooks)),
        events=tuple((name, condition(event), event.action or "hook") for name, event in sorted(vm.event.items())),
        carp=vm.carp.place if vm.carp is not None else "",
        replicate=tuple(_replicate(guest)),
        told=tuple(_told(vm)),
        loader=loader,
        ports=tuple(tell_nics(guest)),
        nics=nic_plans(guest),
        disks=disk_plans(guest),
        slots=_slots(devices),
        vnc=vnc_address(guest),
        consoles=serial_ports(guest),
        gdb=gdb_address(guest),
        debugger=vm.debug.debugger if vm.debug is not None and vm.debug.debugger != "lldb" else "",
        passthrough=passed_devices(guest),
        pptdevs=reserved_devices(guest),
    )
    return plan, diagnostics


def _descriptions(vm: Vm) -> Iterator[tuple[str, str, str]]:
    yield from (("disk", name, disk.description) for name, disk in sorted(vm.disk.items()) if disk.description)
    yield from (("cd", name, drive.description) for name, drive in sorted(vm.cd.items()) if drive.description)
    yield from (("nic", name, nic.description) for name, nic in sorted(vm.nic.items()) if nic.description)


def _readiness(ready: Ready) -> str:
    """Where it shows that a guest is ready, as host.conf says it."""
    places = (f"{kind}:{path}" for kind, path in (("file", ready.file), ("socket", ready.socket)) if path)
    return ready.tcp or next(places, "hook" if ready.hook else "agent")


def _prepare(guest: Guest, provision: tuple[Step, ...], provision_digest: str) -> Iterator[Step]:
    """What each start checks or makes: first whether this host may run it at all, then what only the administrator can
    repair and what provisioning makes, last what has an undo: devices that are taken from their drivers, and taps."""
    vm = guest.vm
    if vm.carp is not None:
        yield Step("carp", (vm.carp.place,), ("carp.interface", "carp.vhid"), "carp")
    if not vm.renamed_from:
        yield from owner_step(guest)
        yield from rival_step(guest)
    yield from prepare_rom(guest)
    yield from prepare_loader(guest)
    yield from prepare_machine(guest)
    yield from prepare_environment(guest)
    yield from prepare_tpm(guest)
    if vm.pin:
        yield Step("cpus", (str(max(max(cpus) for cpus in vm.pin.values())),), ("pin",), "pin")
    if vm.cpus > 1 and guest.host.cpus is None and guest.features.vcpu_tunable:
        yield Step("vcpus", (str(vm.cpus),), ("cpus", "host:freebsd"), "cpus")
    yield from prepare_passthrough(guest)
    yield from prepare_shares(guest)
    yield from prepare_peripherals(guest)
    yield from prepare_vnc(guest)
    yield from prepare_debug(guest)
    yield from prepare_serial(guest)
    yield from prepare_limits(guest)
    if vm.checkpoint:
        yield Step("checkpoint", (), ("checkpoint",), "checkpoint")
    if any(_made(provision)):
        keys = dict.fromkeys([*uuid_of(guest)[1], *(key for step in _made(provision) for key in step.keys)])
        yield Step("provisioned", (provision_digest,), (*keys, "rule:provisioned"), "provision")
    if vm.renamed_from:
        yield from owner_step(guest)
        yield from rival_step(guest)
    yield from prepare_variables(guest)
    yield from prepare_disks(guest)
    if vm.cloud_init is not None:
        yield Step("file", ("seed", seed_path(guest)), ("cloud_init", "rule:seed"), "cloud_init")
    if vm.hooks.prestart:
        yield Step("hook", ("prestart",), ("hooks.prestart",), "hooks.prestart")
    yield from prepare_binds(guest)
    yield from prepare_taps(guest)


def _provisioning(guest: Guest, seed: Seed) -> tuple[tuple[Step, ...], str]:
    """What provisioning makes, and its digest, of which the UUID is a part."""
    steps = tuple(_provision(guest, bool(seed)))
    uuid, keys = uuid_of(guest)
    return steps, _digest((Step("vm", (uuid,), keys, "uuid"), *steps), seed)


def _provision(guest: Guest, has_seed: bool) -> Iterator[Step]:
    """What provisioning makes if it is missing, where the host owns the guest; the seed comes last."""
    yield from provision_former(guest)
    yield from owner_step(guest)
    yield from provision_images(guest)
    yield from provision_datasets(guest)
    yield from provision_disks(guest)
    yield from provision_firmware(guest)
    if has_seed:
        yield from _secrets(guest)
        medium = guest.site.medium(guest.vm)
        yield Step("seed", (medium,) if medium != "cidata" else (), ("cloud_init",), "cloud_init")
    if guest.vm.hooks.create:
        yield Step("created", (), ("hooks.create",), "hooks.create")


def _secrets(guest: Guest) -> Iterator[Step]:
    """What the host puts into the seed: form, name."""
    cloud_init, reader = guest.vm.cloud_init, guest.site.reader(guest.vm) or CLOUD_INIT
    if cloud_init is not None:
        for words, key in sorted(secrets_of(guest, cloud_init, reader).items()):
            yield Step("seed_secret", words, (key,), key)


def _replicate(guest: Guest) -> Iterator[Step]:
    """Where copies of it are kept, for all but the host that keeps them, which sends none."""
    copies = guest.vm.replicate
    if copies is not None and copies.to != guest.host_name:
        words = (copies.to, str(copies.every), str(copies.keep))
        yield Step("replicate", words, ("replicate.to", "replicate.every", "replicate.keep"), "replicate")


def _told(vm: Vm) -> Iterator[Step]:
    """What people call it, and how they reach it. Not called as the keys are: alias(1) and login(1) are programs."""
    if vm.alias is not None:
        yield Step("called", (vm.alias,), ("alias",), "alias")
    if vm.login is not None and vm.login.command is not None:
        yield Step("login_by", ("command", *vm.login.command), ("login.command",), "login.command")
    elif vm.login is not None and vm.login.user is not None:
        yield Step("login_by", ("user", vm.login.user), ("login.user",), "login.user")


def _stop(vm: Vm) -> Step:
    """How long the power button may take, and how often it is pressed. Force at once is a clean stop without time."""
    if vm.stop.method == "force":
        return Step("stop_within", ("0",), ("stop.method",), "stop.method")
    words, keys = [str(vm.stop_timeout)], ["stop_timeout"]
    if vm.stop.method == "agent":
        words.append("method=agent")
        keys.append("stop.method")
    if vm.stop.press_every != PRESS_EVERY:
        words.append(f"press_every={vm.stop.press_every}")
        keys.append("stop.press_every")
    return Step("stop_within", tuple(words), tuple(keys), ", ".join(keys))


def _slots(devices: Iterable[Device]) -> tuple[tuple[str, str], ...]:
    return tuple((device.option.words[1].partition(",")[0], device.description) for device in devices)


def _hooks(guest: Guest) -> tuple[tuple[str, bytes], ...]:
    """Hooks by their path below ``hooks/``; numbers of equal width keep the order of the list."""
    found: list[tuple[str, bytes]] = []
    for moment, those in groupby(_programs(guest.vm), attrgetter("moment")):
        files = [program.hook.file for program in those]
        width = len(str(10 * len(files)))
        for number, file in enumerate(files, 1):
            name = file.rpartition("/")[2]
            found.append((f"{moment}/{10 * number:0{width}}-{name}", guest.site.files[file]))
    return tuple(found)


def _programs(vm: Vm) -> list[Program]:
    return sorted(programs(vm), key=attrgetter("moment"))


def _named_hooks(guest: Guest, hooks: Iterable[tuple[str, bytes]]) -> Iterator[Step]:
    """What the start script says of the hooks: moment, name, SHA-256; and their terms, where they are not the usual.

    The two are calls of their own, since a supervisor of an earlier runtime reads the first and knows no terms."""
    for (path, content), program in zip(hooks, _programs(guest.vm), strict=True):
        moment, _, name = path.partition("/")
        yield Step("hook", (moment, name, checksum(content)), (program.key,), program.key)
        if words := tuple(_terms(program.hook, moment)):
            yield Step("hook_terms", (moment, name, *words), (program.key,), program.key)


def _terms(hook: Hook, moment: str) -> Iterator[str]:
    if hook.timeout != HOOK_TIMEOUT:
        yield f"timeout={hook.timeout}"
    if moment in MAY_REFUSE and hook.on_failure == "warn":
        yield "on_failure=warn"
    if hook.names != "hivewright":
        yield f"names={hook.names}"


def _with_seed_files(provision: Iterable[Step], seed: Seed) -> Iterator[Step]:
    """What the provision script says, with the files of the seed before it is made: name, SHA-256."""
    for step in provision:
        for name, content in seed if step.verb == "seed" else ():
            yield Step("seed_file", (name, checksum(content)), ("cloud_init", "rule:seed"), "cloud_init")
        yield step


def _made(steps: Iterable[Step]) -> Iterator[Step]:
    """Steps but for those that ask who owns the guest."""
    return (step for step in steps if step.verb not in ("owner", "replica", "rival"))


def _digest(steps: Iterable[Step], files: Iterable[tuple[str, bytes]]) -> str:
    """A digest of steps and files. Words and steps are separated by control characters, which no word contains.

    Which hosts may own a guest changes nothing of what runs."""
    text = "\x1e".join(["\x1f".join((step.verb, *step.words)) for step in _made(steps)])
    digest = hashlib.sha256(text.encode())
    for name, content in files:
        digest.update(f"\x1d{name}\x1f{len(content)}\x1f".encode())
        digest.update(content)
    return digest.hexdigest()[:_DIGEST_LENGTH]


def _start_digest(
    options: Iterable[Option],
    prepare: Iterable[Step],
    policy: Policy,
    hooks: Iterable[tuple[str, bytes]],
    program: str,
) -> str:
    words = [word for option in options for word in option.words]
    if program != BHYVE:
        words.insert(0, program)
    limits = (policy.on_poweroff, policy.on_reboot, policy.on_crash, str(policy.restart_count))
    first = Step("", (*words, "", *limits, str(policy.restart_within)), (), "")
    return _digest((first, *prepare), [hook for hook in hooks if hook[0].startswith(HOOKS_OF_A_START)])
