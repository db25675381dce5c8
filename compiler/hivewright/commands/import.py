"""``hivewright import KIND PATH…``: guests of other tools, as TOML of the site."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hivewright.importers.forms import Found
    from hivewright.importers.request import Request

KINDS = {
    "guest": "what hivectl export wrote of a guest",
    "vm-bhyve": "its folder, vm_dir, or one with a copy of the host's root; over ssh none",
    "libvirt": "what virsh(1) dumps of domains, networks, pools and volumes, or its folder; over ssh none",
    "bmd": "its file, bmd.conf; over ssh none",
    "cbsd": "its working directory, one with a copy of the host's root, or a jconf; over ssh none",
    "args": "a command line, a script with one, or a file of bhyve_config(5)",
}


def add_arguments(parser: ArgumentParser) -> None:
    """From what, from where, and for which host."""
    kinds = "; ".join(f"{kind}: {what}" for kind, what in KINDS.items())
    parser.description = (
        "Writes guests of other tools into new files of the site, or of a new site, and prints a report: each old "
        f"command beside the new one, and how to switch over. Nothing is written over. KIND is one of {kinds}."
    )
    parser.add_argument("kind", metavar="KIND", choices=(*KINDS,), help=", ".join(KINDS))
    parser.add_argument("paths", metavar="PATH", nargs="*", help="files or folders of the other tool")
    parser.add_argument("--host", metavar="HOST", help="the host they run on (default: the only one of the site)")
    parser.add_argument("--freebsd", metavar="RELEASE", help="its release, where the site does not have it (14.3)")
    parser.add_argument(
        "--ssh", metavar="ADDRESS", help="PATHs are on this host, reached as root and without questions"
    )
    parser.add_argument("--at", metavar="PATH", help="where the folder lies on the host, if this is a copy of it")
    parser.add_argument("--dataset", metavar="DATASET", help="what holds the volumes of the guests (vm-bhyve)")
    parser.add_argument("--only", metavar="GUEST", action="append", help="this guest alone; may be given again")
    parser.add_argument(
        "--as", dest="new_name", metavar="NAME", help="what it is called here, as another guest (guest)"
    )
    parser.add_argument("-o", dest="output", metavar="FILE", help="where the report goes (default: standard output)")
    parser.add_argument("--dry-run", action="store_true", help="write nothing; print what would be written")


def run(arguments: Namespace) -> int:
    """0; 1 when something cannot be read or the site would have errors; 2 for wrong words."""
    from hivewright.importers.forms import UnreadableError
    from hivewright.importers.request import RequestError, open_request

    try:
        with open_request(arguments) as request:
            found = _readers(arguments)[arguments.kind](request)
            if arguments.new_name is not None:
                from hivewright.importers.archive import rename_guest

                rename_guest(found, arguments.new_name)
            return _write(arguments, request, found)
    except RequestError as error:
        sys.stderr.write(f"hivewright: {error}\n")
        return 2
    except UnreadableError as error:
        from hivewright.diagnostics.printer import visible

        sys.stderr.write(f"hivewright: {visible(str(error))}\n")
        return 1


def _readers(arguments: Namespace) -> Mapping[str, Callable[[Request], Found]]:
    from hivewright.importers import archive, args, bmd, cbsd, libvirt, vm_bhyve

    return {
        "args": lambda request: args.read_args(request.texts()),
        "bmd": bmd.read_bmd,
        "cbsd": lambda request: cbsd.read_cbsd(request, arguments.freebsd),
        "guest": archive.read_guest,
        "libvirt": libvirt.read_libvirt,
        "vm-bhyve": vm_bhyve.read_vm_bhyve,
    }


def _write(arguments: Namespace, request: Request, found: Found) -> int:
    from hivewright.importers.placing import place

    outcome = place(arguments, request, found)
    if outcome.status:
        return outcome.status
    if arguments.output and not arguments.dry_run:
        try:
            with Path(arguments.output).open("x", encoding="utf-8") as file:
                file.write(outcome.report)
        except FileExistsError:
            sys.stderr.write(f"hivewright: {arguments.output} is there already; the report is below\n")
            print(outcome.report, end="")
            return 1
    elif not arguments.quiet:
        print(outcome.report, end="")
    return 0
