"""``hivewright clone OLD NEW``: a guest like another one, with disks made from snapshots of that one's."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hivewright.editing.change import Guests
    from hivewright.editing.guests import Edit


def add_arguments(parser: ArgumentParser) -> None:
    """Which guest, how the new one is called, and what is otherwise."""
    parser.description = (
        "Writes a VM like another one, beside it: with numbers of its own, without what only one can have (addresses, "
        "forwarded ports), and with disks that are clones of snapshots of that one's. KEY=VALUE is written as for set."
    )
    parser.add_argument("old", metavar="OLD", help="the VM")
    parser.add_argument("new", metavar="NEW", help="the name of the new one")
    parser.add_argument("assignments", metavar="KEY=VALUE", nargs="*", help="such as nic.lan.ipv4=192.0.2.12/24")
    parser.add_argument("--snapshot", metavar="NAME", help="the snapshot of each disk (default: NEW)")
    parser.add_argument(
        "--full", action="store_true", help="full copies of the snapshots, which may be destroyed afterwards"
    )
    parser.add_argument("--dry-run", action="store_true", help="write nothing; print what would change")


def run(arguments: Namespace) -> int:
    """0, 1 when the site would have errors that it has not got or is written in another way, 2 for wrong words."""
    from hivewright.editing.assignment import AssignmentError, read_assignment
    from hivewright.editing.change import change_guests

    notes: list[str] = []

    def edit(guests: Guests) -> Edit:
        from hivewright.editing.change import ChangeError
        from hivewright.editing.cloning import clone_guest

        guests.known(arguments.old)
        guests.free(arguments.new)
        try:
            assignments = [read_assignment(word) for word in arguments.assignments]
        except AssignmentError as error:
            raise ChangeError(str(error)) from None
        snapshot = arguments.snapshot or arguments.new
        change, found = clone_guest(guests, arguments.old, arguments.new, snapshot, assignments, full=arguments.full)
        notes.extend(found)
        return change

    return change_guests(arguments, edit, notes, "say by KEY=VALUE behind the names what the new VM has otherwise")
