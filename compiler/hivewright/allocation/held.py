"""What the site sets, and a lock has for something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hivewright.allocation.lock import Lock, lock_file
from hivewright.diagnostics import Diagnostic, Place
from hivewright.site import Site


def already_held(site: Site, path: tuple[str, ...], value: str, other: str, lock_path: tuple[str, ...]) -> Diagnostic:
    """A value of the site is in the lock of another VM."""
    gone = "" if other in site.vms else ", which is no longer in the site"
    return Diagnostic(
        "LOCK005",
        f"{value} is already allocated to {other}{gone}",
        site.place(*path),
        f"choose another value, or delete the line from {lock_file(other)} if nothing uses it any more",
        (Place(lock_file(other), lock_path),),
    )


def held_consoles(site: Site, locks: Mapping[str, Lock]) -> Iterator[Diagnostic]:
    """No serial port is on an nmdm(4) that a guest has for a console."""
    claims = [
        (("vm", name, "serial", port, "device"), serial.device)
        for name, vm in site.vms.items()
        for port, serial in vm.serial.items()
        if serial.device is not None
    ]
    holders = {
        f"/dev/{held}": (vm, port) for vm, lock in locks.items() if claims for port, held in lock.consoles.items()
    }
    for path, device in claims:
        if device[:-1] in holders:
            holder, port = holders[device[:-1]]
            yield Diagnostic(
                "LOCK005",
                f"{device} is already allocated to {port} of {holder}",
                site.place(*path),
                "choose a name of your own, for example /dev/nmdm-modem.1A",
            )
