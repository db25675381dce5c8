"""Keeps what a build read and wrote as fingerprints, so that the next build can skip what did not change.

A fingerprint is a digest over names, sizes, times and inodes of files, not over their contents. Kept are one of
everything a build depends on, and for every host a digest of its definition and a fingerprint of its output; in the
user's cache folder, never in the project. Losing them costs time only. Of the locks and of the output at most
``FILE_LIMIT`` files each are looked at, those nearest to the top first, every MANIFEST among them; ``build --check``
and ``diff`` do without fingerprints and compare every byte.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from hivewright import __version__
from hivewright.source import RUNTIME, Project
from hivewright.system.cache import cache_path, keep
from hivewright.system.data import DATA, data_directory, package_directory

FILE_LIMIT = 512
FEWEST_FILES = 2
"""Of a host: INVENTORY.md and MANIFEST, which lie at the top."""
WORTH_A_DESCENT = 16
"""With fewer files for each host only the top folder is read: the next files are many folders below."""


class Fingerprints(NamedTuple):
    """What an earlier build left; empty when there was none."""

    compiler: str = ""
    inputs: str = ""
    locks: str = ""
    hosts: Mapping[str, tuple[str, str]] = {}
    """Host -> digest of its definition, fingerprint of its output; and the same of the runtime."""
    names: Sequence[str] = ()
    """What lies in the output folder."""


def fingerprint(
    directories: Iterable[str], limit: int | None = None, skipped: Collection[str] = (), *, follow: bool = True
) -> str:
    """A digest over the metadata of the files below some directories, without the directories ``skipped``.

    Of ``limit`` files at most. Links are followed in input; in output a link counts as a change.
    """
    seen: list[str] = []
    entered: set[tuple[int, int]] = set()
    pending = list(directories)
    for directory in pending:
        if limit is not None and len(seen) >= limit:
            break
        if not follow and os.path.islink(directory):
            seen.append(f"{directory} is a link")
            continue
        try:
            status = os.stat(directory)
            with os.scandir(directory) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            seen.append(f"{directory} {error.errno}")
            continue
        # A link may lead to a folder above it; each folder is entered once, as when the site is read.
        if (status.st_dev, status.st_ino) in entered:
            continue
        entered.add((status.st_dev, status.st_ino))
        for entry in entries:
            if entry.name == "__pycache__" or entry.path in skipped:
                continue
            if _is_directory(entry, follow):
                pending.append(entry.path)
            else:
                seen.append(f"{entry.path} {_metadata(entry, follow)}")
                if limit is not None and len(seen) >= limit:
                    break
    return blake2b("\n".join(seen).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _is_directory(entry: os.DirEntry[str], follow: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow)
    except OSError:  # a link to itself
        return False


def _metadata(entry: os.DirEntry[str], follow: bool) -> str:
    try:
        status = entry.stat(follow_symlinks=follow)
    except OSError as error:
        return f"{error.errno}"
    # Unlike mtime, ctime cannot be set back (cp -p, rsync -t).
    return f"{status.st_mtime_ns} {status.st_ctime_ns} {status.st_size} {status.st_ino} {status.st_mode}"


def compiler_fingerprint() -> str:
    """Of hivewright itself: its version where it is installed, its files in a checkout."""
    folders = [package_directory(), *map(data_directory, DATA)]
    return f"{__version__} {fingerprint(map(str, folders))}"


def input_fingerprint(project: Project) -> str:
    """Of everything below the site but its locks, and of the project's own profiles."""
    folders = [str(project.site), *(str(path) for path in project.profiles[:-1])]
    return fingerprint(dict.fromkeys(folders), skipped=(str(project.build), str(project.locks)))


def lock_fingerprint(project: Project) -> str:
    """Of the folder of locks, and of the locks that the file system lists first.

    The order of the listing changes only with the folder, and then its time changes too.
    """
    folder = str(project.locks)
    if os.path.islink(folder):
        return f"{folder} is a link"
    try:
        status = os.stat(folder)
        with os.scandir(folder) as found:
            seen = [f"{entry.name} {_metadata(entry, follow=False)}" for entry in islice(found, FILE_LIMIT)]
    except OSError as error:
        return f"{folder} {error.errno}"
    seen.append(f"{status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}")
    return blake2b("\n".join(seen).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def output_fingerprint(build: Path, host: str, hosts: int) -> str:
    """Of one host's output; ``hosts`` is the number of hosts that share the limit. The runtime has none."""
    if host == RUNTIME:
        return fingerprint([os.path.join(build, host)], follow=False)
    share = FILE_LIMIT // max(hosts, 1)
    return fingerprint([os.path.join(build, host)], share if share >= WORTH_A_DESCENT else FEWEST_FILES, follow=False)


def output_names(build: Path) -> list[str]:
    """What lies in the output folder."""
    try:
        return sorted(os.listdir(build))
    except OSError:
        return []


def is_current(last: Fingerprints, project: Project, compiler: str, inputs: str) -> bool:
    """Whether a build would find nothing to do."""
    return (
        bool(last.inputs)
        and last.compiler == compiler
        and last.inputs == inputs
        and last.locks == lock_fingerprint(project)
        and last.names == output_names(project.build)
        and all(
            output == output_fingerprint(project.build, host, len(last.hosts))
            for host, (_, output) in last.hosts.items()
        )
    )


def check_fingerprint(project: Project) -> str:
    """Of everything that ``check`` looks at, every lock included."""
    return f"{compiler_fingerprint()} {input_fingerprint(project)} {fingerprint([str(project.locks)], follow=False)}"


def is_checked(project: Project, seen: str) -> bool:
    """Whether an earlier check with the same fingerprint reported nothing."""
    path = cache_path(project.site, ".checked")
    try:
        return path is not None and path.read_text(encoding="utf-8") == seen
    except (OSError, ValueError):
        return False


def mark_checked(project: Project, seen: str) -> None:
    """Keep that a check with this fingerprint reported nothing."""
    keep(cache_path(project.site, ".checked"), seen.encode())


def read_fingerprints(project: Project) -> Fingerprints:
    """Those of the last build of this project; empty ones when there are none that can be used."""
    import json

    try:
        path = cache_path(project.site, ".json")
        if path is None:
            return Fingerprints()
        values = json.loads(path.read_bytes())
        hosts = {str(host): (str(digest), str(output)) for host, (digest, output) in values["hosts"].items()}
        return Fingerprints(
            str(values["compiler"]),
            str(values["inputs"]),
            str(values["locks"]),
            hosts,
            [str(name) for name in values["names"]],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Fingerprints()


def write_fingerprints(project: Project, fingerprints: Fingerprints) -> None:
    """Keep those of a build."""
    import json

    keep(cache_path(project.site, ".json"), json.dumps(fingerprints._asdict()).encode())
