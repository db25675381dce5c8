"""``hivewright bundle``: all that is installed on hosts as one archive."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping

from hivewright.delivery.archive import SUFFIXES, archive, suffix_of
from hivewright.delivery.current import deliver
from hivewright.delivery.package import package
from hivewright.output.files import NEW, OutputError, replace, write_new
from hivewright.pipeline.compile_host import Compiled, compile_runtime
from hivewright.plan import Artifact


def add_arguments(parser: ArgumentParser) -> None:
    """Which hosts, and where to."""
    parser.description = (
        "Packs what build/ has for some hosts, with the runtime and a script that installs it there, into one archive. "
        "On the host: tar -xf FILE && sh hivewright/install -n"
    )
    parser.add_argument("host", nargs="+", metavar="HOST", help="a host of the site, or a pattern such as '*'")
    parser.add_argument(
        "-o", dest="output", metavar="FILE", required=True, help=f"the archive: a name with {', '.join(SUFFIXES)}"
    )


def run(arguments: Namespace) -> int:
    """0; 1 on errors, and when build/ is not what the site says; 2 for a host that is not there."""
    suffix = suffix_of(arguments.output)
    if suffix is None:
        sys.stderr.write(f"hivewright: {arguments.output} has none of the suffixes {', '.join(SUFFIXES)}\n")
        return 2
    return deliver(arguments, lambda _, compiled: _pack(arguments, compiled, suffix))


def _pack(arguments: Namespace, compiled: Mapping[str, Compiled], suffix: str) -> int:
    try:
        _write(arguments.output, archive(package(compile_runtime(), compiled), suffix))
    except OutputError as error:
        sys.stderr.write(f"hivewright: {error}\n")
        return 1
    if not arguments.quiet and arguments.format != "json":
        sys.stderr.write(f"{arguments.output}: {', '.join(compiled)}\n")
    return 0


def _write(path: str, content: bytes) -> None:
    """By rename, for its owner alone: first-boot data may hold what others need not read."""
    write_new(f"{path}{NEW}", Artifact(0o600, content))
    replace(f"{path}{NEW}", path)
