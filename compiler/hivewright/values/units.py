"""Sizes, durations, rates, MAC addresses, CPU lists, PCI addresses, virtual functions.

Every ``parse_*`` function takes the text (or number) a person wrote and returns a plain value, or raises
``ValueError`` whose text says what is expected. They know nothing of TOML or pydantic.
"""

from __future__ import annotations

import re
from functools import lru_cache

# Patterns are text, which re compiles on first use: a site needs few of them.
_SIZE = r"([0-9]+)([KMGT])"
_DURATION = r"([0-9]+)(s|m|h)"
_SIZE_MEANT = r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?([kmgt])i?(?:b|bytes?)?"
_DURATION_MEANT = r"([0-9]{1,6}) ?([smhd])(?:ecs?|econds?|ins?|inutes?|ours?|rs?|ays?)?"
_MAC = r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}"
_CPU_RANGE = r"([0-9]+)(?:-([0-9]+))?"
_PCI_SELECTOR = r"([0-9]{1,3})/([0-9]{1,2})/([0-9]{1,3})"
_PCI_NAME = "[a-z][a-z0-9_]{0,13}[0-9]"
_RATE = r"([0-9]+)([KMG])bit"
_SIZE_FACTOR = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_RATE_FACTOR = {"K": 10**3, "M": 10**6, "G": 10**9}
_RATE_LIMIT = 2**31 - 1
"""The fastest pipe of dummynet(4): ipfw(8) keeps its bandwidth in an int."""
MEBIBYTE = _SIZE_FACTOR["M"]
_SECONDS = {"s": 1, "m": 60, "h": 3600}

PciAddress = tuple[int, int, int]
"""Bus 0..255, slot 0..31, function 0..7 of a device as the guest sees it (bhyve(8), -s)."""

VirtualFunction = tuple[str, int]
"""A device that makes virtual functions, and the number of one, which counts from 0 (iovctl.conf(5))."""


def _number(digits: str) -> int:
    """The number that digits are; of more than 18 some number that is larger than any limit."""
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) <= 18 else 10**18


def parse_size(text: str) -> int:
    """Bytes from ``"20G"``: a whole number and one of K, M, G, T (powers of 1024)."""
    match = re.fullmatch(_SIZE, text, re.ASCII)
    if match is None:
        raise ValueError(f"a size needs a whole number and a unit, for example {_meant_size(text)}")
    size = _number(match[1]) * _SIZE_FACTOR[match[2]]
    if not 0 < size < 2**63:
        raise ValueError("a size must be larger than zero" if size == 0 else "a size must be less than 8388608T")
    return size


def _meant_size(text: str) -> str:
    """The right spelling of a size such as ``1.5 GiB``; examples if the text is no size."""
    from fractions import Fraction

    match = re.fullmatch(_SIZE_MEANT, text.strip(), re.ASCII | re.IGNORECASE)
    size = Fraction(match[1]) * _SIZE_FACTOR[match[2].upper()] if match is not None else Fraction(0)
    return f'"{format_size(int(size))}"' if size and size % 2**10 == 0 else '"512M", "4G" or "1T"'


def is_whole_mebibytes(size: int) -> bool:
    """Whether bhyve can be told a size of memory: it counts in mebibytes (bhyve(8), -m, -n and nvme)."""
    return size % MEBIBYTE == 0


def format_mebibytes(size: int) -> str:
    """A size of memory for bhyve, which a rule keeps to whole mebibytes: a bare number would be guessed at."""
    unit = "G" if size % _SIZE_FACTOR["G"] == 0 else "M"
    return f"{size // _SIZE_FACTOR[unit]}{unit}"


def format_size(size: int) -> str:
    """The shortest exact spelling of a number of bytes: ``20G``; a plain number when no unit divides it."""
    for unit in "TGMK":
        if size and size % _SIZE_FACTOR[unit] == 0:
            return f"{size // _SIZE_FACTOR[unit]}{unit}"
    return str(size)


def parse_duration(text: str) -> int:
    """Whole seconds from ``"60s"``, ``"10m"`` or ``"1h"``."""
    match = re.fullmatch(_DURATION, text, re.ASCII)
    if match is None:
        raise ValueError(f"a duration needs a whole number and a unit, for example {_meant_duration(text)}")
    number = _number(match[1])
    if number >= 10**9:
        raise ValueError("a duration has at most nine digits")
    return number * _SECONDS[match[2]]


def _meant_duration(text: str) -> str:
    """The right spelling of a duration such as ``2 days``; examples if the text is no duration."""
    match = re.fullmatch(_DURATION_MEANT, text.strip(), re.IGNORECASE)
    if match is None:
        return '"30s", "10m" or "1h"'
    number, unit = int(match[1]), match[2].lower()
    return f'"{24 * number}h"' if unit == "d" else f'"{number}{unit}"'


def format_duration(seconds: int) -> str:
    """The shortest exact spelling of a number of seconds: ``90s``, ``10m``, ``2h``."""
    if seconds and seconds % 3600 == 0:
        return f"{seconds // 3600}h"
    if seconds and seconds % 60 == 0:
        return f"{seconds // 60}m"
    return f"{seconds}s"


def parse_rate(text: str) -> int:
    """Bits per second from ``"100Mbit"``: a whole number and one of Kbit, Mbit, Gbit (powers of 1000)."""
    match = re.fullmatch(_RATE, text, re.ASCII)
    if match is None:
        raise ValueError('a rate is bits per second with a unit, for example "500Kbit", "100Mbit" or "1Gbit"')
    rate = _number(match[1]) * _RATE_FACTOR[match[2]]
    if not 0 < rate <= _RATE_LIMIT:
        raise ValueError("a rate must be larger than zero" if rate == 0 else "dummynet(4) limits to 2147Mbit at most")
    return rate


def format_rate(rate: int) -> str:
    """Bits per second as ipfw(8) reads them: ``100Mbit/s``. Gbit is not used, since not every release has it."""
    return f"{rate // 10**6}Mbit/s" if rate % 10**6 == 0 else f"{rate // 10**3}Kbit/s"


def parse_mac(text: str) -> str:
    """A unicast MAC address in lower case; bhyve(8) refuses multicast and all-zero addresses."""
    if re.fullmatch(_MAC, text, re.ASCII) is None:
        raise ValueError('a MAC address is six pairs of hexadecimal digits, for example "58:9c:fc:0a:1b:2c"')
    mac = text.lower()
    if int(mac[:2], 16) & 1:
        raise ValueError("a multicast MAC address (odd first octet) cannot be given to a guest")
    if mac == "00:00:00:00:00:00":
        raise ValueError("the all-zero MAC address cannot be given to a guest")
    return mac


def parse_cpu_list(text: str) -> tuple[int, ...]:
    """Host CPU numbers, ascending, from ``"4"``, ``"6-7"`` or ``"0-3,8"`` (cpuset(1), -l)."""
    cpus: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(_CPU_RANGE, part.strip(), re.ASCII)
        if match is None:
            raise ValueError('a CPU list is numbers and ranges, for example "4", "6-7" or "0-3,8"')
        first = _number(match[1])
        last = _number(match[2]) if match[2] else first
        if last < first:
            raise ValueError(f"the range {part.strip()} runs backwards")
        if last > 1023:
            raise ValueError("the highest host CPU number is 1023")
        cpus.update(range(first, last + 1))
    return tuple(sorted(cpus))


def format_cpu_list(cpus: tuple[int, ...]) -> str:
    """The shortest spelling of ascending CPU numbers: ``0-3,8``."""
    parts: list[str] = []
    index = 0
    while index < len(cpus):
        end = index
        while end + 1 < len(cpus) and cpus[end + 1] == cpus[end] + 1:
            end += 1
        parts.append(str(cpus[index]) if end == index else f"{cpus[index]}-{cpus[end]}")
        index = end + 1
    return ",".join(parts)


@lru_cache(maxsize=8192)
def parse_pci_address(text: str | int) -> PciAddress:
    """A guest address from ``4``, ``"4"``, ``"4:1"`` (slot:function) or ``"0:4:1"`` (bus:slot:function)."""
    parts = str(text).split(":")
    if not 1 <= len(parts) <= 3 or not all(re.fullmatch("[0-9]+", part, re.ASCII) for part in parts):
        raise ValueError('a PCI address is "slot", "slot:function" or "bus:slot:function", for example 4 or "4:1"')
    numbers = [_number(part) for part in parts]
    if len(numbers) == 1:
        numbers = [0, numbers[0], 0]
    elif len(numbers) == 2:
        numbers = [0, *numbers]
    bus, slot, function = numbers
    if bus > 255 or slot > 31 or function > 7:
        raise ValueError("the bus is 0 to 255, the slot 0 to 31, the function 0 to 7")
    return bus, slot, function


def format_pci_address(address: PciAddress) -> str:
    """``bus:slot:function`` as bhyve(8) takes it on every bus."""
    return "{}:{}:{}".format(*address)


def parse_pci_selector(text: str) -> str:
    """A host device ``bus/slot/function`` in decimal (bhyve(8), passthru; vmm(4), pptdevs)."""
    match = re.fullmatch(_PCI_SELECTOR, text, re.ASCII)
    if match is None or int(match[1]) > 255 or int(match[2]) > 31 or int(match[3]) > 255:
        raise ValueError('a host PCI device is "bus/slot/function" in decimal, for example "2/0/0" (see pciconf -l)')
    return "/".join(str(int(part)) for part in match.groups())


def parse_pci_name(text: str) -> str:
    """A device as pciconf(8) and iovctl.conf(5) name it: its driver and a number, ``ix0``."""
    if re.fullmatch(_PCI_NAME, text, re.ASCII) is None:
        raise ValueError('a device is named by its driver and a number, for example "ix0" (see pciconf -l)')
    return text


def parse_virtual_function(text: str) -> VirtualFunction:
    """``("ix0", 3)`` from ``"ix0:3"``."""
    name, _, number = text.partition(":")
    if re.fullmatch(_PCI_NAME, name, re.ASCII) is None or re.fullmatch("0|[1-9][0-9]{0,2}", number, re.ASCII) is None:
        raise ValueError('a virtual function is a device and a number that counts from 0, for example "ix0:3"')
    return name, int(number)


def format_virtual_function(function: VirtualFunction) -> str:
    """``ix0:3``."""
    return "{}:{}".format(*function)
