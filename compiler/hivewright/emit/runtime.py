"""The runtime of hosts with its manual pages: copied as it is, once, and the same for every host.

``templates/runtime/`` lies as its files lie on a host. The pages of section 8 are those of the host;
those of its verbs are made of hivectl.8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from hivewright.emit.pages import verb_pages
from hivewright.plan import MANIFEST, ROOT, Artifact, format_manifest, runtime_line
from hivewright.system.data import data_directory

ABI = 2
"""Of the contract between scripts and runtime; the runtime refuses scripts of another."""

_VERBS = f"{ROOT}usr/local/libexec/hivewright/verbs/"
_PAGES = f"{ROOT}usr/local/share/man/man8/"


@cache
def runtime_artifacts() -> Mapping[str, Artifact]:
    """Every file below build/runtime, its MANIFEST included."""
    artifacts = dict(_copied(data_directory("templates") / "runtime"))
    for page in data_directory("man").glob("*.8"):
        artifacts[f"{_PAGES}{page.name}"] = Artifact(0o644, page.read_bytes())
    overview = artifacts[f"{_PAGES}hivectl.8"].content.decode()
    for name, text in verb_pages(overview, dict(_about(artifacts))):
        artifacts[f"{_PAGES}{name}.8"] = Artifact(0o644, text.encode())
    artifacts[MANIFEST] = Artifact(0o644, format_manifest(artifacts))
    return artifacts


@cache
def runtime_reference() -> str:
    """The line by which the MANIFEST of a host names the runtime that belongs to it."""
    return runtime_line(ABI, runtime_artifacts()[MANIFEST].content)


def _about(artifacts: Mapping[str, Artifact]) -> Iterator[tuple[str, str]]:
    """What each verb for people says of itself."""
    for path in sorted(artifacts):
        name = path.removeprefix(_VERBS)
        if name != path and not name.startswith("_"):
            found = re.search(r"(?ms)^about='([^']*)'$", artifacts[path].content.decode())
            if found is not None:
                yield name, found[1]


def _copied(directory: Path) -> Iterator[tuple[str, Artifact]]:
    for path in directory.rglob("*"):
        if not path.name.startswith(".") and path.is_file():
            content = path.read_bytes()
            # Packaging and file systems lose modes, so the first line decides whether a file is executable.
            mode = 0o755 if content.startswith(b"#!") else 0o644
            yield f"{ROOT}{path.relative_to(directory).as_posix()}", Artifact(mode, content)
