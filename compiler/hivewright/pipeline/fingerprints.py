"""Keeps what a build read and wrote as fingerprints, so that the next build can skip what did not change.

A fingerprint is a digest over names, sizes, times and inodes of files, not over their contents. Kept are one of
everything a build depends on, and for every host a digest of its definition and a fingerprint of its output; in the
user's cache folder, never in the project. Losing them costs time only. Every file is looked at, at any size of a site:
what is said to be up to date was seen. ``build --check`` and ``diff`` do without fingerprints and compare every byte.
"""

from __future__ import annotations

import marshal
import os
import stat
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from hivewright import __version__
from hivewright.source import Project
from hivewright.system.cache import cache_path, keep
from hivewright.system.data import DATA, data_directory, package_directory

_name = attrgetter("name")

LOCKS_WORTH_A_PROCESS = 1000
"""Looking at the output of about so many guests takes several times as long as starting a process."""


class Fingerprints(NamedTuple):
    """What an earlier build left; empty when there was none."""

    compiler: str = ""
    inputs: str = ""
    locks: str = ""
    hosts: Mapping[str, tuple[str, str]] = {}
    """Host -> digest of its definition, fingerprint of its output; and the same of the runtime."""
    names: Sequence[str] = ()
    """What lies in the output folder."""


BYTES_WORTH_PARTS = 5_000_000
"""The TOML of some 20,000 VMs."""

Seen = list["str | tuple[str, object]"]
"""What was seen below some directories: each directory by its path, followed by its files, name and metadata."""


def fingerprint(directories: Iterable[str], skipped: Collection[str] = (), *, follow: bool = True) -> str:
    """A digest over the metadata of the files below some directories, without the directories ``skipped``.

    Links are followed in input; in output a link counts as a change.
    """
    return _digest(_look_below(directories, skipped, follow))


def _look_below(directories: Iterable[str], skipped: Collection[str], follow: bool) -> Seen:
    seen: Seen = []
    entered: set[tuple[int, int]] = set()
    pending = list(directories)
    for directory in pending:
        try:
            status = os.stat(directory, follow_symlinks=follow)
            # A link may lead to a folder above it; each folder is entered once, as when the site is read.
            if (status.st_dev, status.st_ino) in entered:
                # By which path it is entered first says what its files are called.
                seen.append((directory, f"{status.st_dev} {status.st_ino}"))
                continue
            if stat.S_ISLNK(status.st_mode):
                seen.append((directory, "a link"))
                continue
            with os.scandir(directory) as found:
                entries = sorted(found, key=_name)
        except OSError as error:
            seen.append((directory, error.errno))
            continue
        entered.add((status.st_dev, status.st_ino))
        seen.append(directory)
        for entry in entries:
            if entry.name == "__pycache__" or entry.path in skipped:
                continue
            if _is_directory(entry, follow):
                pending.append(entry.path)
            else:
                seen.append((entry.name, _metadata(entry, follow)))
    return seen


def _digest(seen: Any, size: int = 16) -> str:
    # Each value is marshalled with its type and length, so that consecutive values are never ambiguous.
    return blake2b(marshal.dumps(seen, 2), digest_size=size).hexdigest()


def _is_directory(entry: os.DirEntry[str], follow: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow)
    except OSError:  # a link to itself
        return False


def _metadata(entry: os.DirEntry[str], follow: bool) -> object:
    try:
        status = entry.stat(follow_symlinks=follow)
    except OSError as error:
        return error.errno
    # Unlike mtime, ctime cannot be set back (cp -p, rsync -t).
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_mode


def compiler_fingerprint() -> str:
    """Of hivewright itself: its version where it is installed, its files in a checkout."""
    folders = [package_directory(), *map(data_directory, DATA)]
    return f"{__version__} {fingerprint(map(str, folders))}"


class Inputs(NamedTuple):
    """Everything below the site but its locks, and the project's own profiles, as they were seen."""

    seen: Seen

    @property
    def fingerprint(self) -> str:
        return _digest(self.seen)

    @property
    def are_many(self) -> bool:
        """Whether there is so much TOML that it is worth it to compile the site in parts."""
        files = (each[1] for each in self.seen if not isinstance(each, str) and each[0].endswith(".toml"))
        size: int = sum(metadata[2] for metadata in files if isinstance(metadata, tuple))
        return size >= BYTES_WORTH_PARTS

    @property
    def marks(self) -> dict[str, str]:
        """The path of each file, and of each directory -> a digest of its metadata alone."""
        marks = {}
        directory = ""
        for each in self.seen:
            if isinstance(each, str):
                directory = each
                marks[each] = ""
            else:
                name, metadata = each
                marks[f"{directory}/{name}"] = _digest(metadata, 8)
        return marks


def look_at_inputs(project: Project) -> Inputs:
    """To be done before they are read: what changes in between is then seen as a change by the next build."""
    folders = [str(project.site), *(str(path) for path in project.profiles[:-1])]
    skipped = (str(project.build), str(project.locks))
    return Inputs(_look_below(dict.fromkeys(folders), skipped, follow=True))


def lock_fingerprint(project: Project) -> str:
    """Of all locks."""
    return fingerprint([str(project.locks)], follow=False)


def output_fingerprints(project: Project, hosts: Iterable[str]) -> dict[str, str]:
    """Of the whole output of each host; of a large site in two processes."""
    names = list(hosts)
    others = output_fingerprints_meanwhile(project, names[1::2])
    try:
        found = _look_at(project, names[0::2])
    finally:
        rest = others()
    return found | rest


def look_at_last(project: Project, last: Fingerprints) -> tuple[str, dict[str, str]]:
    """Of all locks, and of the whole output of each host that the last build knew; of a large site in two processes."""
    names = list(last.hosts)
    # Three of seven parts of the output take as long as the other four without the locks.
    others = output_fingerprints_meanwhile(project, [name for place, name in enumerate(names) if place % 7 < 4])
    try:
        locks = lock_fingerprint(project)
        found = _look_at(project, [name for place, name in enumerate(names) if place % 7 >= 4])
    finally:
        rest = others()
    return locks, found | rest


def output_fingerprints_meanwhile(project: Project, hosts: Collection[str]) -> Callable[[], dict[str, str]]:
    """Begins to look at the output of hosts, of a large site in a process of its own; what is returned waits for it.

    It must be called once.
    """
    if not hosts or _count(project.locks) < LOCKS_WORTH_A_PROCESS:
        return lambda: _look_at(project, hosts)
    from hivewright.system.parallel import in_background

    return in_background(lambda: _look_at(project, hosts), worthwhile=True)


def _look_at(project: Project, hosts: Iterable[str]) -> dict[str, str]:
    return {host: fingerprint([os.path.join(project.build, host)], follow=False) for host in hosts}


def _count(directory: Path) -> int:
    try:
        return len(os.listdir(directory))
    except OSError:
        return 0


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
        and last.names == output_names(project.build)
        and look_at_last(project, last) == (last.locks, {host: output for host, (_, output) in last.hosts.items()})
    )


def check_fingerprint(project: Project) -> str:
    """Of everything that ``check`` looks at, every lock included."""
    return f"{compiler_fingerprint()} {look_at_inputs(project).fingerprint} {lock_fingerprint(project)}"


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
