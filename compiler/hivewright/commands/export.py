"""``hivewright export ansible|pkg DIR``: what was built, as a role of Ansible or as packages of pkg(8)."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from hivewright.pipeline.session import load_project

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hivewright.pipeline.compile_host import Compiled
    from hivewright.pipeline.session import Session
    from hivewright.plan import Artifact
    from hivewright.site import Site

KINDS = ("ansible", "pkg")


def add_arguments(parser: ArgumentParser) -> None:
    """As what, where to, and which hosts."""
    parser.description = (
        "Writes what build/ has for hosts, with the runtime, into a folder: as a role of Ansible with an inventory, or "
        "as packages of pkg(8), one for the runtime and one for each host."
    )
    parser.add_argument("kind", choices=KINDS, help="as what")
    parser.add_argument("output", metavar="DIR", help="a new folder, or one of an earlier export")
    parser.add_argument("host", nargs="*", metavar="HOST", help="only these hosts (default: all)")
    parser.add_argument(
        "--package-version",
        metavar="VERSION",
        help="of the packages, higher each time (default: how many commits lead to HEAD)",
    )


def run(arguments: Namespace) -> int:
    """0; 1 on errors, and when build/ is not what the site says; 2 for a host or a version that is not there."""
    from hivewright.delivery.current import NotCurrentError, current_hosts
    from hivewright.delivery.folder import write_folder
    from hivewright.output.files import OutputError

    with load_project(arguments) as session:
        site = session.site
        if site is None:
            return 1
        try:
            compiled = current_hosts(session, site, arguments.host or list(site.hosts))
            if compiled is None:
                return 1
            files = _files(arguments, session, site, compiled)
        except NotCurrentError as error:
            sys.stderr.write(f"hivewright: {error}\n")
            return error.status
    try:
        kept = write_folder(arguments.output, files)
    except OutputError as error:
        sys.stderr.write(f"hivewright: {error}\n")
        return 1
    for path in kept:
        sys.stderr.write(f"hivewright: {arguments.output}/{path} was changed by hand and is not wanted any more\n")
    if not arguments.quiet and arguments.format != "json":
        sys.stderr.write(f"{arguments.output}: {', '.join(compiled)}\n")
    return 0


def _files(arguments: Namespace, session: Session, site: Site, compiled: Mapping[str, Compiled]) -> dict[str, Artifact]:
    from hivewright.pipeline.compile_host import compile_runtime

    runtime = compile_runtime()
    if arguments.kind == "ansible":
        from hivewright.delivery.ansible import role

        return role(runtime, compiled, {host: site.hosts[host].address or host for host in compiled})
    from hivewright.delivery.pkg import packages, version_of

    version = arguments.package_version or version_of(session.project.root)
    return packages(runtime, compiled, version)
