"""What a VM does when devd(8) tells something: events of the site's own, and an address of CARP that it follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from hivewright.model.base import Interface, Table, described, matching, reader
from hivewright.model.guest import Hook, OrFile, file_as_hook

_PATTERN = r"[A-Za-z0-9._:@/+=,*-]{1,128}"
EventText = Annotated[
    str,
    reader(
        matching(_PATTERN, "a value of an event has letters, digits, . _ : @ / + = , -, and * for anything"), '"da*"'
    ),
    described(f"^{_PATTERN}$", "da*"),
]
"""A value in an event of devd(8), where a star stands for any text. All else stands for itself, so that what two of
them have in common is known, and no regular expression of devd.conf(5) can be broken."""

_VARIABLE = r"[a-z][a-z0-9_-]{0,30}"
EventVariable = Annotated[
    str,
    reader(matching(_VARIABLE, "a variable of an event has lower-case letters, digits, - and _"), "notify"),
    described(f"^{_VARIABLE}$", "notify"),
]


class Event(Table):
    """What it does at an event of the host: ``[vm.NAME.event.NAME]``. devd.conf(5) and the log of devd(8) name them."""

    system: EventText | None = Field(None, description="The system that tells it: ACPI, ZFS, IFNET …")
    subsystem: EventText | None = Field(None, description="Its subsystem: that of IFNET is an interface.")
    type: EventText | None = Field(None, description="Its type.")
    attach: EventText | None = Field(None, description="Instead of system: a device that came, such as da*.")
    detach: EventText | None = Field(None, description="Instead of system: a device that went.")
    match: dict[EventVariable, EventText] = Field(
        default_factory=dict, description='Further variables of it, and their values: { notify = "0x00" }.'
    )
    action: Literal["start", "stop", "restart"] | None = Field(
        None, description="What is done with the VM; one that is off is not restarted. This or hook."
    )
    hook: Annotated[Hook | None, BeforeValidator(file_as_hook), OrFile()] = Field(
        None, description="A program of the site's own that is run."
    )


class Carp(Table):
    """The address of CARP that it follows: ``carp = { interface = "ix0", vhid = 1 }``."""

    interface: Interface = Field(description="The interface that has the address.")
    vhid: int = Field(ge=1, le=255, description="The number of the virtual host (carp(4)).")

    @property
    def place(self) -> str:
        """As devd(8) names it: ``1@ix0``."""
        return f"{self.vhid}@{self.interface}"


class Condition(NamedTuple):
    """When something is done: the kind of a statement of devd.conf(5), and values of variables, with stars."""

    kind: str
    values: tuple[tuple[str, str], ...]


def condition(event: Event) -> Condition:
    """That of an event that says one thing (rules)."""
    named = [(key, getattr(event, key)) for key in ("system", "subsystem", "type")]
    device = [("device-name", value) for value in (event.attach, event.detach) if value]
    kind = "attach" if event.attach else "detach" if event.detach else "notify"
    values = [*((key, value) for key, value in named if value), *device, *sorted(event.match.items())]
    return Condition(kind, tuple(values))


def meet(first: Condition, second: Condition) -> bool:
    """Whether one event can fulfil both."""
    values = dict(second.values)
    return first.kind == second.kind and all(
        _meet(value, values[name]) for name, value in first.values if name in values
    )


def within(special: Condition, general: Condition) -> bool:
    """Whether all that fulfils the first fulfils the second."""
    values = dict(special.values)
    return special.kind == general.kind and all(
        name in values and _agree(value, values[name], starred="") for name, value in general.values
    )


def expression(value: str) -> str:
    """The regular expression of a value: a dot and a plus mean something else there."""
    return value.replace(".", "[.]").replace("+", "[+]").replace("*", ".*")


def _meet(first: str, second: str) -> bool:
    """Whether there is a text that both stand for."""
    return _agree(first, second, starred="*")


def _agree(first: str, second: str, starred: str) -> bool:
    """Whether the first, by its stars and those that count in the second, can be the second. What is left of both is
    compared from behind, a row for each character of the first, so that many stars take no longer than few."""
    row = [not second[at:].strip(starred or " ") for at in range(len(second) + 1)]
    for one in reversed(first):
        below, row = row, [one == "*" and row[-1]]
        for at in reversed(range(len(second))):
            any_text = one == "*" or second[at] == starred
            row.append(below[at] or row[-1] if any_text else one == second[at] and below[at + 1])
        row.reverse()
    return row[0]


OF_THE_SYSTEM: tuple[tuple[Condition, str], ...] = (
    (
        Condition("notify", (("system", "IFNET"), ("type", "LINK_UP"))),
        "/usr/sbin/service dhclient quietstart $subsystem",
    ),
    (Condition("notify", (("system", "ACPI"), ("subsystem", "ACAD"))), "/usr/sbin/service power_profile $notify"),
    (
        Condition("notify", (("system", "ACPI"), ("subsystem", "Thermal"))),
        "/usr/bin/logger -p kern.emerg WARNING: thermal event of ACPI, notify=$notify",
    ),
    (Condition("notify", (("system", "ACPI"), ("subsystem", "Suspend"))), "/etc/rc.suspend acpi $notify"),
    (Condition("notify", (("system", "ACPI"), ("subsystem", "Resume"))), "/etc/rc.resume acpi $notify"),
    (Condition("notify", (("system", "ZFS"),)), "/usr/bin/logger -p local7.notice -t ZFS $type zpool=$pool vdev=$vdev"),
)
"""What FreeBSD's own statements act on, and what they do then (/etc/devd.conf, /etc/devd/zfs.conf): a statement that
takes precedence over one of them does that as well."""


def _devices(kind: str, *names: str) -> Iterator[Condition]:
    yield from (Condition(kind, (("device-name", name),)) for name in names)


def _nodes(kind: str, *names: str) -> Iterator[Condition]:
    where = (("system", "DEVFS"), ("subsystem", "CDEV"), ("type", kind))
    yield from (Condition("notify", (*where, ("cdev", name))) for name in names)


_INPUT = ("ukbd*", "ubt*", "ulpt*", "uath*", "ppt*")
TAKEN: tuple[Condition, ...] = (
    *_devices("attach", *_INPUT),
    *_devices("detach", *_INPUT),
    *_nodes("CREATE", "atp*", "ums*", "wsp*", "vmm/*"),
    *_nodes("DESTROY", "ums*", "vmm/*"),
    Condition("notify", (("system", "IFNET"), ("type", "ATTACH"))),
    Condition("notify", (("system", "ZFS"), ("type", "sysevent.fs.zfs.pool_import"))),
    Condition("notify", (("system", "ZFS"), ("type", "ereport.fs.zfs.io_failure"))),
    Condition("notify", (("system", "RCTL"),)),
    Condition("notify", (("system", "CARP"),)),
    Condition("notify", (("system", "kernel"), ("subsystem", "signal"), ("type", "coredump"))),
)
"""What statements of FreeBSD or of hivewright act on, and nothing else can beside them."""
