"""A small host to write, and what lies on disk afterwards."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from hivewright.output.write import Changes, apply, compare_departed, compare_files, compare_host
from hivewright.plan import INVENTORY, INVENTORY_MARK, MANIFEST, Artifact, format_manifest

START = "root/etc/vms/web1/start"
SEED = "root/etc/vms/web1/seed/user-data"
CONF = "root/etc/host.conf"


def host(**contents: str) -> dict[str, Artifact]:
    """The artifacts of a small host; a content may be replaced, or be left out by being empty."""
    texts = {"start": "#!/bin/sh\n", "seed": "#cloud-config\n", "conf": "host alpha\n", **contents}
    items = {START: (0o755, texts["start"]), SEED: (0o600, texts["seed"]), CONF: (0o644, texts["conf"])}
    artifacts = {path: Artifact(mode, text.encode()) for path, (mode, text) in items.items() if text}
    artifacts[MANIFEST] = Artifact(0o644, format_manifest(artifacts))
    artifacts[INVENTORY] = Artifact(0o644, b"# alpha\n\n" + INVENTORY_MARK + b"\n" + texts["conf"].encode())
    return artifacts


def write_output(
    build: Path,
    hosts: Mapping[str, Mapping[str, Artifact]],
    locks: Mapping[str, bytes | None],
    lock_directory: Path,
    *,
    unchanged_hosts: Collection[str] = (),
    dry_run: bool = False,
) -> Changes:
    """Bring ``build`` and the locks up to date; with ``dry_run`` only say what would be done.

    ``hosts`` are artifacts by host; ``unchanged_hosts`` are those that stay as they are without being looked at.
    Everything is compared before anything is written.
    """
    works = [compare_files(lock_directory, locks, f"{lock_directory.name}/")]
    works += [compare_host(build, host, artifacts) for host, artifacts in sorted(hosts.items())]
    works += compare_departed(build, {*hosts, *unchanged_hosts})
    changes = Changes()
    for work in works:
        changes.add(work.changes)
    if not dry_run:
        apply(works)
    return changes


def write(build: Path, hosts: Mapping[str, Mapping[str, Artifact]], *, dry_run: bool = False) -> Changes:
    return write_output(build, hosts, {}, build.parent / "locks", dry_run=dry_run)


def tree(directory: Path) -> dict[str, str]:
    """Every file and link below a folder, with its content or target."""
    return {
        str(path.relative_to(directory)): f"-> {path.readlink()}" if path.is_symlink() else path.read_text()
        for path in sorted(directory.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def folders(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_dir()}


def expected(artifacts: Mapping[str, Artifact], name: str = "alpha") -> dict[str, str]:
    return {f"{name}/{path}": artifact.content.decode() for path, artifact in artifacts.items()}
