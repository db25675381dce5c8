"""The tree that a revision of git has committed, read by git itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from hashlib import new as new_hash
from pathlib import Path

from hivewright.impact.trees import Differences, Files, TreeError
from hivewright.plan import MANIFEST, ROOT


class RevisionTree:
    """The committed folder ``build`` of a revision. Contents are read only where they differ."""

    def __init__(self, build: Path, objects: Mapping[str, Mapping[str, str]]) -> None:
        self._build = build
        self._objects = objects

    def hosts(self) -> dict[str, frozenset[str]]:
        return {host: frozenset(paths) for host, paths in self._objects.items()}

    def differences(self, compiled: Mapping[str, Files]) -> Differences:
        wanted: dict[str, dict[str, str]] = {}
        found: Differences = {}
        for host in compiled.keys() | self._objects.keys():
            old, new = self._objects.get(host, {}), compiled.get(host, {})
            differing = [path for path in old.keys() | new.keys() if not _is(new.get(path), old.get(path))]
            found[host] = {path: (None, new.get(path)) for path in differing}
            wanted[host] = {path: old[path] for path in differing if path in old}
        contents = _contents(self._build, [name for paths in wanted.values() for name in paths.values()])
        for host, paths in wanted.items():
            for path, name in paths.items():
                found[host][path] = (contents[name], found[host][path][1])
        return found


def _is(content: bytes | None, name: str | None) -> bool:
    """Whether a content is the object of this name (gitglossary(7), object identifier)."""
    if content is None or name is None:
        return False
    digest = new_hash("sha1" if len(name) == 40 else "sha256", b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest() == name


def revision_tree(build: Path, revision: str) -> RevisionTree:
    """The tree at ``build`` in a revision. Raises ``TreeError`` where git, the repository or the tree is missing."""
    _require(build, revision)
    listed = _git(build, "ls-tree", "-r", "-z", revision, f"{build.name}/")
    objects: dict[str, dict[str, str]] = {}
    manifests = set()
    for entry in listed.stdout.split(b"\0"):
        about, _, path = entry.partition(b"\t")
        _, host, below = (*os.fsdecode(path).split("/", 2), "", "")[:3]
        if below == MANIFEST:
            manifests.add(host)
        elif below.startswith(ROOT):
            objects.setdefault(host, {})[below] = about.split(b" ")[2].decode()
    if not manifests:
        remedy = "commit build/ together with the site, or name a revision that has it"
        raise TreeError(f"the revision {revision} has no compiled files in {build.name}/", remedy)
    return RevisionTree(build, {host: objects.get(host, {}) for host in sorted(manifests)})


def _require(build: Path, revision: str) -> None:
    found = _git(build, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{tree}}", fails=True)
    if found.returncode == 0:
        return
    repository = _git(build, "rev-parse", "--git-dir", fails=True)
    if repository.returncode != 0:
        said = _said(repository.stderr) or "git does not know it"
        raise TreeError(
            f"{build.parent} cannot be compared with a revision: {said}",
            "work in a clone of the site's repository, or compare with a folder: --against DIR",
        )
    if revision == "HEAD":
        raise TreeError("there is no commit yet", "commit the site with its build/, or name a folder: --against DIR")
    remedy = "git branch -a lists branches, and git fetch brings more (with --unshallow after a shallow clone)"
    raise TreeError(f"there is no revision {revision}, and no folder of this name", remedy, 2)


def _contents(build: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Objects by their names, by one process."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    output = _git(build, "cat-file", "--batch", said="\n".join(wanted).encode() + b"\n").stdout
    contents: dict[str, bytes] = {}
    position = 0
    for name in wanted:
        end = output.index(b"\n", position)
        header = output[position:end].split(b" ")
        if len(header) != 3:
            raise TreeError(f"git lacks the object {name}", "fetch it: git fetch, or git fsck to see what is wrong")
        size = int(header[2])
        contents[name] = output[end + 1 : end + 1 + size]
        position = end + size + 2
    return contents


def _git(
    build: Path, *words: str, said: bytes | None = None, fails: bool = False
) -> subprocess.CompletedProcess[bytes]:
    """Runs git beside the folder ``build``; its messages are in English."""
    command = ["git", "-C", str(build.parent), "--no-optional-locks", *words]
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(command, input=said, capture_output=True, env=environment, check=False)
    except FileNotFoundError:
        remedy = "install it, or compare with a folder: --against DIR"
        raise TreeError("git is not installed, or not in PATH", remedy) from None
    if done.returncode != 0 and not fails:
        raise TreeError(f"git {words[0]} failed: {_said(done.stderr)}", "correct this, or name a folder: --against DIR")
    return done


def _said(errors: bytes) -> str:
    """The first line of what git said, without its prefix."""
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else ""
