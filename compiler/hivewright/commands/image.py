"""``hivewright image list|fetch|verify|bundle|pin``: the images that the guests of a site are made from."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hivewright.catalogue.images import (
    FetchError,
    Needed,
    claim_name,
    fault_of,
    fetch,
    file_of,
    kept_digest,
    needed,
    rows_of,
    stated_digest,
)
from hivewright.diagnostics.printer import visible
from hivewright.pipeline.session import Session, load_project

if TYPE_CHECKING:
    from hivewright.site import Site
    from hivewright.site.profiles import Profiles

ACTIONS = ("list", "fetch", "verify", "bundle", "pin")


def add_arguments(parser: ArgumentParser) -> None:
    """What to do, and with which."""
    parser.description = (
        "Images of the guests of a site: list those that hosts need; fetch some into a folder; verify what is in it; "
        "bundle all that hosts need, to be carried to hosts without internet; pin images that change, by writing "
        "today's checksum into the site."
    )
    parser.add_argument("action", choices=ACTIONS, help="what to do")
    parser.add_argument("name", nargs="*", help="images; with list and bundle: hosts (default: all)")
    parser.add_argument("-o", dest="output", metavar="DIR", default="images", help="the folder (default: images)")
    parser.add_argument("--json", action="store_true", help="with list: print one JSON document")
    parser.add_argument("--dry-run", action="store_true", help="with pin: print what would change")


def run(arguments: Namespace) -> int:
    """0; 1 where something cannot be had or is not what it should be; 2 for a name that nothing has."""
    with load_project(arguments) as session:
        if session.site is None:
            return 1
        chosen = _chosen(arguments, session.site)
        if chosen is None:
            return 2
        if not chosen and not arguments.json:
            sys.stderr.write("hivewright: no guest there is made from an image\n")
            return 0
        if arguments.action == "list":
            return _list(arguments, chosen)
        if arguments.action == "pin":
            return _pin(arguments, session, session.site, chosen)
        return _folder(arguments, chosen)


def _chosen(arguments: Namespace, site: Site) -> list[Needed] | None:
    """The images that are meant: of hosts, or by their names."""
    from hivewright.site.selection import SelectionError, select_vms

    of_hosts = arguments.action in ("list", "bundle")
    try:
        if of_hosts:
            hosts = select_vms(site.hosts, arguments.name, kind="host") if arguments.name else list(site.hosts)
            return needed(site, hosts)
        images = needed(site, list(site.hosts))
        if not arguments.name:
            return images
        names = select_vms(dict.fromkeys(each.name for each in images), arguments.name, kind="image that a VM has")
    except SelectionError as error:
        sys.stderr.write(f"hivewright: {error}\n")
        return None
    return [each for each in images if each.name in names]


def _list(arguments: Namespace, images: Sequence[Needed]) -> int:
    from hivewright.commands.list import print_rows

    rows = list(rows_of(images))
    if arguments.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        print_rows(rows)
    return 0


def _folder(arguments: Namespace, images: Sequence[Needed]) -> int:
    """Fetches into the folder, or verifies what is there, one after the other; one fault keeps no other back."""
    from hivewright.catalogue.images import write_list

    folder = Path(arguments.output)
    if arguments.action != "verify":
        folder.mkdir(parents=True, exist_ok=True)
    failed = False
    first: dict[str, Needed] = {}
    for each in images:
        if each.image.url is None:
            print(f"{each.name}: {each.image.path} is a file of its hosts, which is not fetched")
            continue
        try:
            claim_name(each, first)
            if arguments.action == "verify":
                _verify(folder, each)
                continue
            digest = stated_digest(each.image)
            path = fetch(each.image, folder, digest)
            if digest is not None:
                write_list(folder, [(path.name, digest)])
        except (FetchError, OSError) as error:
            failed = True
            sys.stderr.write(visible(f"hivewright: {each.name} for {each.arch}: {_reason(error)}\n"))
            continue
        print(f"{each.name}: {path}{'' if digest else ', which nobody states a checksum of'}")
    if arguments.action == "bundle" and not failed:
        print(f"copy the files of {folder} to /var/db/hivewright/media of the hosts")
    return 1 if failed else 0


def _reason(error: FetchError | OSError) -> str:
    return f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)


def _verify(folder: Path, each: Needed) -> None:
    """Against the site, or what its publisher said when it was fetched; without a network."""
    path = file_of(each.image, folder)
    if not path.is_file():
        raise FetchError(f"{path} is missing")
    digest = kept_digest(each.image, folder)
    fault = fault_of(path, each.image, digest)
    if fault is not None:
        raise FetchError(f"{path}: {fault}")
    print(f"{each.name}: {path} is {'as it should be' if digest else 'there, and nobody states a checksum of it'}")


def _pin(arguments: Namespace, session: Session, site: Site, images: Sequence[Needed]) -> int:
    """Today's checksum of images that change goes into their tables; one of a profile gets a table of its own."""
    from hivewright.editing.attempt import attempt
    from hivewright.editing.document import UneditableError, set_key, write_tables
    from hivewright.editing.edits import conclude
    from hivewright.site.profiles import Profiles

    moving = [each for each in images if not each.image.pinned and each.image.checksums is not None]
    arches = {each.name: [other.arch for other in moving if other.name == each.name] for each in moving}
    texts: dict[str, str | None] = {}
    try:
        for each in moving:
            digest = stated_digest(each.image)
            assert digest is not None
            kind, _, digits = digest.partition(":")
            if each.name in site.images:
                file = site.homes["image", each.name]
                text = texts.get(file) or session.sources.texts[file]
                texts[file] = set_key(text, ("image", each.name, kind), digits)
                continue
            if len(arches[each.name]) > 1:
                raise FetchError(
                    f"the profile {each.name} has an image for each architecture, and hosts of both have it: define an "
                    "[image.NAME] for each"
                )
            file = "images.toml"
            values = {**_as_written(Profiles(session.sources), each), kind: digits}
            before = texts.get(file) or session.sources.texts.get(file, "")
            texts[file] = f"{before}{chr(10) if before else ''}{write_tables(('image', each.name), values)}"
    except (FetchError, UneditableError) as error:
        sys.stderr.write(f"hivewright: {error}\n")
        return 1
    if not texts:
        print("no image that a VM has changes: nothing to pin")
        return 0
    trial, faults = attempt(arguments, session, [], texts)
    with trial:
        return 1 if trial.report(faults) else conclude(arguments, session.sources, texts)


def _as_written(profiles: Profiles, image: Needed) -> dict[str, object]:
    """The keys of the image of a profile, as its file has them."""
    found: Any = profiles.whole(image.name)[0]["image"]
    return dict(found[image.arch])
