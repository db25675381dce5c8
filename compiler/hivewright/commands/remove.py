"""``hivewright remove VM``: take a guest out of the site; what its host has of it stays."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hivewright.editing.change import Guests
    from hivewright.editing.guests import Edit


def add_arguments(parser: ArgumentParser) -> None:
    """Which guest."""
    parser.description = (
        "Takes a VM out of the site. Its lock stays, so that nobody else gets its numbers, and so do its disks and its "
        "state on its host, which goes on to list them, until hivectl remove destroys them there."
    )
    parser.add_argument("vm", metavar="VM", help="the VM")
    parser.add_argument("--dry-run", action="store_true", help="write nothing; print what would change")


def run(arguments: Namespace) -> int:
    """0, 1 when the site would have errors that it has not got or is written in another way, 2 for wrong names."""
    from hivewright.editing.change import change_guests

    def edit(guests: Guests) -> Edit:
        from hivewright.editing.change import ChangeError
        from hivewright.editing.guests import remove_guest

        guests.known(arguments.vm)
        vm = guests.site.vms.get(arguments.vm) if guests.site is not None else None
        own = guests.vms[arguments.vm].get("protected", False)
        if vm.protected if vm is not None else own:
            raise ChangeError(f"{arguments.vm} is protected; first: hivewright set {arguments.vm} protected=false")
        return remove_guest(guests.sources, guests.homes, guests.locks, arguments.vm)

    after = (
        f"{arguments.vm}: stop it on its host and install the files there; hivectl remove {arguments.vm} then shows "
        f"and destroys what is left, after which locks/{arguments.vm}.toml can be deleted"
    )
    return change_guests(arguments, edit, after)
