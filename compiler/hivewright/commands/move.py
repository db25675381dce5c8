"""``hivewright move VM HOST``: have a guest live on another host, in the files of the site."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hivewright.editing.change import Guests
    from hivewright.editing.guests import Edit


def add_arguments(parser: ArgumentParser) -> None:
    """Which guest, and where to."""
    parser.description = (
        "Has a VM live on another host. moved_from tells that host not to make its disks anew: they, and what "
        "/var/db/hivewright/VM of the former host keeps, are brought there first. A VM with several hosts gets another "
        "home."
    )
    parser.add_argument("vm", metavar="VM", help="the VM")
    parser.add_argument("host", metavar="HOST", help="where it lives from now on")
    parser.add_argument("--dry-run", action="store_true", help="write nothing; print what would change")


def run(arguments: Namespace) -> int:
    """0, 1 when the site would have errors that it has not got or is written in another way, 2 for wrong names."""
    from hivewright.editing.change import change_guests

    left: list[str] = []

    def edit(guests: Guests) -> Edit:
        from hivewright.editing.change import ChangeError
        from hivewright.editing.guests import move_guest

        guests.known(arguments.vm)
        vm = guests.site.vms.get(arguments.vm) if guests.site is not None else None
        if guests.site is None or vm is None:
            raise ChangeError("the site has errors (hivewright check), so nobody knows where the VM lives")
        hosts = guests.site.hosts_of(vm)
        if hosts[0] == arguments.host:
            raise ChangeError(f"{arguments.vm} lives on {arguments.host} already")
        left.append(_left_to_do(arguments.vm, hosts, arguments.host))
        return move_guest(guests.sources, guests.homes, guests.locks, arguments.vm, hosts, arguments.host)

    return change_guests(arguments, edit, left)


def _left_to_do(vm: str, hosts: Sequence[str], host: str) -> str:
    """What is to be done on the hosts; of several, the one that has the guest sends it."""
    if len(hosts) > 1:
        return (
            f"{vm}: install the files of its hosts, and where it is on another host than {host}, there: hivectl "
            f"migrate {vm} {host}"
        )
    return (
        f"{vm}: stop it on its former host, install the files of both hosts, bring its disks and "
        f"/var/db/hivewright/{vm} to {host}, and start it there; then hivectl remove it on the former host"
    )
