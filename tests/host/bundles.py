"""Bundles on a stand-in host: what hivewright bundle packs of a site, unpacked there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from hivewright.allocation.allocate import allocate
from hivewright.delivery.images import list_of, packed_images
from hivewright.delivery.package import Images, package
from hivewright.emit.runtime import runtime_artifacts
from hivewright.lower.seed.nocloud import SeedWriter
from hivewright.pipeline.compile_host import compile_plan
from hivewright.plan import Artifact, checksum
from hivewright.rules import check_rules
from hivewright.site.load import load
from hivewright.source import find_project, read_site

from .build import refuse_errors
from .sandbox import Host


def packed(site: Path, *hosts: str, images: Path | None = None) -> dict[str, Artifact]:
    """The package of hosts of a site, alpha if none is named, with the images of a folder if one is."""
    loaded = load(read_site(find_project(site)))
    refuse_errors(loaded.diagnostics)
    assert loaded.site is not None
    refuse_errors(check_rules(loaded.site))
    allocation = allocate(loaded.site, {})
    refuse_errors(allocation.diagnostics)
    found = {}
    for host in hosts or ("alpha",):
        compiled, diagnostics = compile_plan(loaded.site, allocation, host, SeedWriter())
        refuse_errors(diagnostics)
        assert compiled is not None
        found[host] = compiled
    if images is None:
        return package(runtime_artifacts(), found)
    stored, faults = packed_images(loaded.site, list(found), images)
    assert faults == []
    contents = {f"images/{name}": Artifact(0o644, each.path.read_bytes()) for name, each in stored.items()}
    lists = {host: list_of(loaded.site, host, stored) for host in found}
    return (
        package(
            runtime_artifacts(), found, Images({path: checksum(each.content) for path, each in contents.items()}, lists)
        )
        | contents
    )


def packed_with(site: Path, *replacements: tuple[str, str]) -> dict[str, Artifact]:
    """The same of alpha, with some texts of the site replaced."""
    with tempfile.TemporaryDirectory() as directory:
        changed = Path(directory) / "site"
        shutil.copytree(site, changed)
        path = changed / "site.toml"
        text = path.read_text()
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new)
        path.write_text(text)
        return packed(changed)


def unpack(host: Host, files: Mapping[str, Artifact], folder: str) -> str:
    """Lay a package below a folder of the host; returns the script that installs it."""
    for name, artifact in files.items():
        path = host.path(f"{folder}/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(artifact.content)
        path.chmod(artifact.mode)
    return f"{folder}/install"
