"""All that is installed on some hosts, with the script that does so: files below one folder.

- ``install``, with the parts that it sources; it is for every host, and needs nothing of hivewright there
- ``MANIFEST``: every file but those below a ``root``
- ``runtime/``: as in build/
- ``hosts/HOST/``: as in build/, with a ``CHECKLIST``, and with ``IMAGES`` where images of it are packed
- ``images/``: those, which are not among what is returned here
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hivewright.delivery.checklist import checklist
from hivewright.pipeline.compile_host import Compiled
from hivewright.plan import MANIFEST, ROOT, Artifact, manifest_line
from hivewright.source import RUNTIME
from hivewright.system.data import data_directory

CHECKLIST = "CHECKLIST"
IMAGES = "IMAGES"
_SCRIPT = "install"


class Images(NamedTuple):
    """Images that are packed as well."""

    checksums: Mapping[str, str]
    """SHA-256 by path."""
    lists: Mapping[str, bytes]
    """The text of ``IMAGES`` by host."""


NO_IMAGES = Images({}, {})


def package(
    runtime: Mapping[str, Artifact], hosts: Mapping[str, Compiled], images: Images = NO_IMAGES
) -> dict[str, Artifact]:
    """The files by path, sorted, but for those of images."""
    files = _scripts()
    files |= {f"{RUNTIME}/{path}": artifact for path, artifact in runtime.items()}
    for name, host in hosts.items():
        files |= {f"hosts/{name}/{path}": artifact for path, artifact in host.artifacts.items()}
        files[f"hosts/{name}/{CHECKLIST}"] = Artifact(0o644, checklist(host.plan))
        if images.lists.get(name):
            files[f"hosts/{name}/{IMAGES}"] = Artifact(0o644, images.lists[name])
    listed = [manifest_line(path, each) for path, each in files.items() if f"/{ROOT}" not in path]
    listed += [f"{path} 0644 {digest}\n" for path, digest in images.checksums.items()]
    files[MANIFEST] = Artifact(0o644, "".join(sorted(listed)).encode())
    return dict(sorted(files.items()))


def _scripts() -> dict[str, Artifact]:
    folder = data_directory("templates") / "delivery"
    return {
        path.name: Artifact(0o755 if path.name == _SCRIPT else 0o644, path.read_bytes())
        for path in folder.iterdir()
        if not path.name.startswith(".")
    }
