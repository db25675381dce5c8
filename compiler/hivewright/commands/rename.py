"""``hivewright rename OLD NEW``: give a guest another name, in the files of the site and in its lock."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hivewright.editing.change import Guests
    from hivewright.editing.guests import Edit


def add_arguments(parser: ArgumentParser) -> None:
    """Which guest, and how it is called from now on."""
    parser.description = (
        "Gives a VM another name, with everything that refers to it, and its lock: it keeps its UUID, MACs, ports and "
        "serial numbers. renamed_from tells its host, which gives it its disks and its state at the next start."
    )
    parser.add_argument("old", metavar="OLD", help="the VM")
    parser.add_argument("new", metavar="NEW", help="its new name")
    parser.add_argument("--dry-run", action="store_true", help="write nothing; print what would change")


def run(arguments: Namespace) -> int:
    """0, 1 when the site would have errors that it has not got or is written in another way, 2 for wrong names."""
    from hivewright.editing.change import change_guests

    def edit(guests: Guests) -> Edit:
        from hivewright.editing.guests import rename_guest

        guests.known(arguments.old)
        guests.free(arguments.new)
        return rename_guest(guests.sources, guests.homes, guests.locks, arguments.old, arguments.new)

    after = (
        f"{arguments.new}: stop {arguments.old} on its host, install the files there, and start {arguments.new}, or "
        f"hivectl rename {arguments.old} {arguments.new}; delete renamed_from when that is done"
    )
    return change_guests(arguments, edit, after)
