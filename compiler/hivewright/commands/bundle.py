"""``hivewright bundle``: all that is installed on hosts as one archive."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from hivewright.delivery.archive import SUFFIXES, ChangedError, Stored, suffix_of, write_archive
from hivewright.delivery.current import deliver
from hivewright.delivery.package import Images, package
from hivewright.output.files import NEW, OutputError, remove, replace
from hivewright.pipeline.compile_host import Compiled, compile_runtime
from hivewright.plan import Artifact
from hivewright.site import Site


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
    parser.add_argument("--images", action="store_true", help="with the images that their guests are made from")
    parser.add_argument(
        "--image-folder", metavar="DIR", default="images", help="where images are that were fetched (default: images)"
    )


def run(arguments: Namespace) -> int:
    """0; 1 on errors, and when build/ is not what the site says; 2 for a host that is not there."""
    suffix = suffix_of(arguments.output)
    if suffix is None:
        sys.stderr.write(f"hivewright: {arguments.output} has none of the suffixes {', '.join(SUFFIXES)}\n")
        return 2
    return deliver(arguments, lambda site, compiled: _pack(arguments, site, compiled, suffix))


def _pack(arguments: Namespace, site: Site, compiled: Mapping[str, Compiled], suffix: str) -> int:
    images, stored = Images({}, {}), dict[str, Stored]()
    if arguments.images:
        found = _images(arguments, site, list(compiled))
        if found is None:
            return 1
        images, stored = found
    try:
        _write(arguments.output, package(compile_runtime(), compiled, images), suffix, stored)
    except (OutputError, ChangedError) as error:
        sys.stderr.write(f"hivewright: {error}\n")
        return 1
    if not arguments.quiet and arguments.format != "json":
        sys.stderr.write(f"{arguments.output}: {', '.join(compiled)}\n")
    return 0


def _images(arguments: Namespace, site: Site, hosts: list[str]) -> tuple[Images, dict[str, Stored]] | None:
    """What is packed of images; ``None`` where one is not as it should be, which was told."""
    from hivewright.delivery.images import FOLDER, list_of, packed_images

    found, faults = packed_images(site, hosts, Path(arguments.image_folder))
    if faults:
        for fault in faults:
            sys.stderr.write(f"hivewright: {fault}\n")
        sys.stderr.write(
            f"hivewright: nothing was packed; hivewright image bundle {' '.join(hosts)} -o {arguments.image_folder} "
            "fetches what is missing or wrong\n"
        )
        return None
    stored = {f"{FOLDER}/{name}": Stored(each.path, each.size, each.digests["sha256"]) for name, each in found.items()}
    lists = {host: list_of(site, host, found) for host in hosts}
    return Images({path: each.sha256 for path, each in stored.items()}, lists), stored


def _write(path: str, files: Mapping[str, Artifact], suffix: str, stored: Mapping[str, Stored]) -> None:
    """By rename, for its owner alone: first-boot data may hold what others need not read."""
    new = f"{path}{NEW}"
    try:
        remove(new)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as stream:
            write_archive(stream, files, suffix, stored)
        replace(new, path)
    except OSError as error:
        raise OutputError.from_os(error, path) from None
    finally:
        with suppress(OutputError):
            remove(new)
