"""The command of a guest, whoever gave it, as keys of a site.

What bhyve takes where nothing is said is said here, since the defaults of a site are others: an option that is absent
becomes a key, and one that a site gives by itself becomes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable
from typing import Any

from hivewright.bhyve.options import Argument, parse_extra_args
from hivewright.importers.devices import read_device
from hivewright.importers.firmware import read_bootrom, read_loader
from hivewright.importers.forms import Guest, Old, Target, UnreadableError
from hivewright.importers.names import site_name
from hivewright.importers.variables import SWITCHES, read_variable
from hivewright.values import MEBIBYTE, format_cpu_list, format_size

_COM = re.compile("com[1-4]")
_FACTORS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def guest_of(old: Old, target: Target, taken: Container[str] = ()) -> Guest:
    """What a site says of a guest. Raises ``UnreadableError`` for a command that bhyve would not take either."""
    guest = Guest(site_name(old.called, taken), old, {})
    guest.comments.update(old.comments)
    guest.notes += old.notes
    guest.slots.update(old.slots)
    if guest.name != old.called:
        guest.keys["alias"] = old.called
    guest.keys["host"] = target.host
    try:
        arguments = parse_extra_args(old.words)
    except ValueError as error:
        raise UnreadableError(old.place, f"{old.called}: {error}") from None
    try:
        _read(guest, target, _without_variables(guest, arguments))
    except ValueError as error:
        raise UnreadableError(old.place, f"{old.called}: {error}") from None
    for path, value in old.keys.items():
        if value is None:
            guest.unset(path)
        else:
            guest.set(path, value)
    guest.keys = _in_order(guest.keys)
    return guest


_ORDER = (
    *("description", "alias", "host", "profile", "inherit", "uuid", "cpus", "topology", "pin", "numa", "memory"),
    *("autostart", "order", "after", "stop_timeout", "stop", "on_poweroff", "on_reboot", "on_crash"),
    *("rng", "sound", "tablet", "agent", "tpm", "serial", "vnc", "firmware", "machine", "smbios", "limits", "debug"),
    *("disk", "cd", "nic", "passthrough", "share", "channel", "input", "fwcfg", "hooks", "environment", "extra_args"),
)


def _in_order(keys: dict[str, object]) -> dict[str, object]:
    """As people write them: what the guest is first, then its devices."""
    known = {key: keys[key] for key in _ORDER if key in keys}
    return {**known, **keys}


def _without_variables(guest: Guest, arguments: Iterable[Argument]) -> list[Argument]:
    """The options; a variable that is another spelling of one is written as that, others become keys at once."""
    found: list[Argument] = []
    for argument in arguments:
        if argument.flag != "-o":
            found.append(argument)
            continue
        name, equals, value = argument.value.partition("=")
        if not equals:
            raise ValueError(f"-o {argument.value} is not NAME=VALUE")
        found += read_variable(guest, name, value, argument.place)
    cpus = [argument for argument in found if argument.flag == "-c"]
    if len(cpus) > 1:
        together = cpus[0]._replace(value=",".join(argument.value for argument in cpus))
        found = [together, *(argument for argument in found if argument.flag != "-c")]
    return found


def _read(guest: Guest, target: Target, arguments: list[Argument]) -> None:
    flags = {argument.flag for argument in arguments if not argument.value}
    _read_flags(guest, target, flags)
    devices = [argument for argument in arguments if argument.flag == "-s"]
    devices.sort(key=lambda argument: ",xhci" in argument.value)  # a tablet belongs to the screen
    serial: dict[str, dict[str, object]] = {}
    for argument in arguments:
        if argument.flag == "-l":
            _read_lpc(guest, target, argument.value, serial)
        elif argument.value and argument.flag != "-s":
            _OPTIONS[argument.flag](guest, argument.value)
    for argument in devices:
        read_device(guest, argument.value)
    if not any("hostbridge" in argument.value.split(",")[1] for argument in devices):
        guest.set(("machine", "hostbridge"), "none")
    if "passthrough" in guest.keys:
        guest.keys.get("machine", {}).pop("wired", None)
    if guest.old.loader and "com1" not in serial:
        serial = {"com1": {}, **serial}  # the loader talks to it
    if [*serial] != ["com1"] or serial["com1"]:
        guest.keys["serial"] = serial
    ordered = any("boot_index" in each for kind in ("disk", "cd") for each in guest.keys.get(kind, {}).values())
    if (ordered or "fwcfg" in guest.keys) and "extra_args" in guest.keys:
        _drop_fwcfg(guest.keys)
    if "memory" not in guest.keys:
        guest.keys["memory"] = "256M"
        guest.note("no -m", "bhyve gives 256M then; the site says so")
    if guest.old.loader:
        read_loader(guest, guest.old.loader)
    if guest.keys.get("machine") == {}:
        del guest.keys["machine"]
    if "uuid" not in guest.keys:
        guest.note(
            "no -U",
            "bhyve derived the UUID from the names of guest and host, and nobody can derive it again; the site gives "
            "another one. Where the guest relies on it (licences, cloud-init), ask the guest before it is switched "
            "over (kenv smbios.system.uuid, dmidecode -s system-uuid) and write it as uuid",
        )


def _drop_fwcfg(keys: dict[str, Any]) -> None:
    """A boot order, or files for the firmware, bring the fw_cfg of QEMU's kind along."""
    words = keys["extra_args"]
    for place in reversed(range(len(words) - 1)):
        if words[place : place + 2] == ["-o", "lpc.fwcfg=qemu"]:
            del words[place : place + 2]
    if not words:
        del keys["extra_args"]


def _read_flags(guest: Guest, target: Target, flags: set[str]) -> None:
    """Switches. Those of the PC are not there on arm64, and -A says nothing from 15.0 on."""
    given = {flag[1] for flag in flags}
    for letter, (path, when_given, when_absent) in SWITCHES.items():
        value = when_given if letter in given else when_absent
        if value is None or (target.arch != "amd64" and letter in "AHPwuxeY"):
            continue
        if letter == "A" and target.release >= (15, 0):
            continue
        guest.set(path, value)


def _cpus(guest: Guest, value: str) -> None:
    """bhyve(8), -c: a number, or ``cpus=``, ``sockets=``, ``cores=``, ``threads=`` in any order."""
    numbers: dict[str, int] = {}
    for part in value.split(","):
        name, equals, text = part.partition("=")
        name, text = (name, text) if equals else ("cpus", part)
        if name not in ("cpus", "sockets", "cores", "threads") or not text.isdecimal() or int(text) < 1:
            raise ValueError(f"-c {value} is no number of vCPUs")
        numbers[name] = int(text)
    cores, threads = numbers.get("cores", 1), numbers.get("threads", 1)
    sockets = numbers.get("sockets", numbers.get("cpus", 1))
    product = sockets * cores * threads
    if numbers.get("cpus", product) != product:
        raise ValueError(
            f"-c {value}: {sockets} sockets of {cores} cores of {threads} threads are not {numbers['cpus']} vCPUs, and "
            "bhyve refuses that"
        )
    if product != 1:
        guest.keys["cpus"] = product
    if (cores, threads) != (1, 1):
        parts = {"sockets": sockets, "cores": cores, "threads": threads}
        guest.keys["topology"] = {name: number for name, number in parts.items() if number != 1}


def memory_size(text: str) -> str:
    """A size as bhyve(8) takes it for ``-m``: a number below one mebibyte without a unit counts mebibytes."""
    match = re.fullmatch(r"([0-9]+)([bkmgtBKMGT]?)[bB]?", text)
    if match is None or not int(match[1]):
        raise ValueError(f"-m {text} is no size of memory")
    size = int(match[1]) * _FACTORS[match[2].lower()]
    if size < MEBIBYTE:
        size = int(match[1]) * MEBIBYTE
    if size % MEBIBYTE:
        raise ValueError(f"-m {text} is not a whole number of mebibytes")
    return format_size(size)


def _memory(guest: Guest, value: str) -> None:
    guest.keys["memory"] = memory_size(value)


def _pin(guest: Guest, value: str) -> None:
    """bhyve(8), -p: several of one vCPU add up."""
    vcpu, colon, cpu = value.partition(":")
    if not colon or not vcpu.isdecimal() or not cpu.isdecimal():
        raise ValueError(f"-p {value} is not VCPU:CPU")
    pins = guest.keys.setdefault("pin", {})
    known = [int(each) for each in pins.get(str(int(vcpu)), "").split(",") if each.isdecimal()]
    pins[str(int(vcpu))] = format_cpu_list(tuple(sorted({*known, int(cpu)})))


def _uuid(guest: Guest, value: str) -> None:
    guest.keys["uuid"] = value.lower()


def _keyboard(guest: Guest, value: str) -> None:
    guest.set(("vnc", "keyboard"), value.rpartition("/")[2])


def _stub(guest: Guest, value: str) -> None:
    """bhyve(8), -G: ``[w][ADDRESS:]PORT``."""
    wait, rest = value.startswith("w"), value.removeprefix("w")
    address, _, port = rest.rpartition(":")
    if not port.isdecimal():
        raise ValueError(f"-G {value} is no port")
    stub = {"port": int(port)} | ({"address": address} if address not in ("", "127.0.0.1") else {})
    guest.set(("debug", "gdb"), stub | ({"wait": True} if wait else {}))


def _fwcfg(guest: Guest, value: str) -> None:
    name, _, rest = value.partition(",")
    kind, equals, content = rest.partition("=")
    if kind not in ("string", "file") or not equals:
        raise ValueError(f"-f {value} is not NAME,string=TEXT or NAME,file=PATH")
    key = site_name(name.rpartition("/")[2], guest.keys.get("fwcfg", {}), "file")
    guest.set(("fwcfg", key), {"name": name, kind: content})


def _numa(guest: Guest, value: str) -> None:
    parts = dict(part.partition("=")[::2] for part in value.split(","))
    if "id" not in parts or "cpus" not in parts:
        raise ValueError(f"-n {value} lacks id or cpus")
    domain: dict[str, object] = {"cpus": parts["cpus"]}
    if "size" in parts:
        domain["size"] = memory_size(parts["size"])
    if "domain_policy" in parts:
        domain["policy"] = parts["domain_policy"]
    guest.set(("numa", parts["id"]), domain)


def _configuration(guest: Guest, value: str) -> None:
    guest.note(f"-k {value}", "its variables are not known here; import that file itself: hivewright import args FILE")


def _restore(guest: Guest, value: str) -> None:
    guest.note(f"-r {value}", "a checkpoint is for one start, not for every start")


_OPTIONS: dict[str, Callable[[Guest, str], None]] = {
    "-c": _cpus,
    "-f": _fwcfg,
    "-G": _stub,
    "-K": _keyboard,
    "-k": _configuration,
    "-m": _memory,
    "-n": _numa,
    "-p": _pin,
    "-r": _restore,
    "-U": _uuid,
}


def _read_lpc(guest: Guest, target: Target, value: str, serial: dict[str, dict[str, object]]) -> None:
    device, _, rest = value.partition(",")
    if device == "bootrom":
        read_bootrom(guest, target, rest.split(","))
    elif _COM.fullmatch(device):
        _read_serial(guest, device, rest, serial)
    elif device == "tpm":
        _read_tpm(guest, rest.split(","))
    elif device == "fwcfg":
        guest.note(f"-l {value}", "no release of bhyve takes it")
    else:
        guest.extra("-l", value)


def _read_serial(guest: Guest, port: str, backend: str, serial: dict[str, dict[str, object]]) -> None:
    if re.fullmatch(r"/dev/nmdm.*[AB]", backend):
        serial[port] = {}
    elif backend == "stdio":
        serial[port] = {"kind": "tmux"}
    elif backend.startswith("tcp="):
        address, _, number = backend.removeprefix("tcp=").rpartition(":")
        own = address.strip("[]")
        serial[port] = {"kind": "tcp", "port": int(number)}
        if own not in ("", "127.0.0.1"):
            serial[port]["address"] = own
    elif backend.startswith("/dev/"):
        serial[port] = {"kind": "device", "device": backend}
    else:
        guest.extra("-l", f"{port},{backend}")


def _read_tpm(guest: Guest, words: list[str]) -> None:
    kind, path = (*words, "", "")[:2]
    if kind == "passthru":
        guest.set(("tpm",), {"kind": "passthru", "device": path})
    elif kind == "swtpm":
        guest.set(("tpm",), True)
        guest.note(
            f"-l tpm,swtpm,{path}",
            "hivewright starts swtpm itself, with a state of its own; what the old one holds (keys of BitLocker) is in "
            f"the directory that swtpm of {path} was given: copy it to /var/db/hivewright/{guest.name}/tpm before the "
            "first start",
        )
    else:
        raise ValueError(f"-l tpm,{','.join(words)} is neither passthru nor swtpm")
