"""Packages of pkg(8): one for the runtime, one for each host (pkg-create(8), "MANIFEST FILE DETAILS").

A package is a tar archive whose first two members describe it: ``+COMPACT_MANIFEST``, and ``+MANIFEST`` with files,
folders and scripts besides. Files follow in the order of the manifest, under absolute names. The same files give the
same bytes.
"""

from __future__ import annotations

import json
import lzma
import subprocess
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from hivewright.delivery.checklist import reloads
from hivewright.delivery.current import NotCurrentError
from hivewright.emit.inventory import preparations
from hivewright.pipeline.compile_host import Compiled
from hivewright.plan import GUESTS, ROOT, Artifact, HostPlan, checksum
from hivewright.system.data import data_directory

RUNTIME_NAME = "hivewright-runtime"
_SUFFIX = ".pkg"
_ETC = "usr/local/etc/"
_CONFIGURATION = (_ETC, "boot/loader.conf.d/")
_PROGRAMS = (GUESTS.removeprefix(ROOT), f"{_ETC}rc.d/")
"""What lies below /usr/local/etc and is no configuration: pkg(8) would merge it with what was changed by hand."""

ORIGINS = {
    "bhyve-firmware": "sysutils/bhyve-firmware",
    "dnsmasq": "dns/dnsmasq",
    "edk2-bhyve": "sysutils/edk2",
    "gdb": "devel/gdb",
    "grub2-bhyve": "sysutils/grub2-bhyve",
    "qemu-tools": "emulators/qemu",
    "swtpm": "sysutils/swtpm",
    "tmux": "sysutils/tmux",
    "u-boot-bhyve-arm64": "sysutils/u-boot-bhyve-arm64",
}
"""Packages that hosts may need, and the ports that they are made of; pkg(8) goes by the name."""

_ANY_VERSION = "0"
"""Of a dependency; pkg(8) takes whichever version there is."""


class _Package(NamedTuple):
    name: str
    version: str
    comment: str
    abi: str
    files: Mapping[str, Artifact]
    """By their paths below /."""
    dependencies: Mapping[str, tuple[str, str]]
    """Name -> origin and version."""
    scripts: Mapping[str, str]
    message: str


def packages(runtime: Mapping[str, Artifact], hosts: Mapping[str, Compiled], version: str) -> dict[str, Artifact]:
    """The packages by the names of their files. Raises ``NotCurrentError`` for a version that pkg(8) would refuse."""
    if not version or not version[0].isalnum() or set(version) - set("0123456789abcdefghijklmnopqrstuvwxyz._"):
        raise NotCurrentError(f"{version!r} is no version of a package; write one such as 1.4 or 20300102", 2)
    comment = "Runs bhyve guests as hivewright described them"
    made = [_Package(RUNTIME_NAME, version, comment, "FreeBSD:*", _below_root(runtime), {}, {}, "")]
    for name, host in hosts.items():
        made.append(
            _Package(
                f"hivewright-host-{name}",
                version,
                f"bhyve guests of the host {name}",
                _abi(host.plan),
                _below_root(host.artifacts),
                _dependencies(host.plan, version),
                _scripts(),
                _message(),
            )
        )
    return {f"{each.name}-{each.version}{_SUFFIX}": Artifact(0o600, _archive(each)) for each in made}


def version_of(project: Path) -> str:
    """How many commits lead to the present one: higher after each merge, and the same wherever it is asked.

    Raises ``NotCurrentError`` where git does not know.
    """
    remedy = "name a version that is higher each time: --package-version 20300102"
    try:
        shallow, count = (
            subprocess.run(["git", "-C", project, *words], capture_output=True, text=True, check=True).stdout.strip()
            for words in (("rev-parse", "--is-shallow-repository"), ("rev-list", "--count", "HEAD"))
        )
    except (OSError, subprocess.CalledProcessError):
        raise NotCurrentError(f"{project} is in no repository of git with a commit; {remedy}", 2) from None
    if shallow == "true":
        raise NotCurrentError(f"the repository has a part of its commits only; fetch all, or {remedy}", 2)
    return count


def _below_root(artifacts: Mapping[str, Artifact]) -> dict[str, Artifact]:
    return {path[len(ROOT) :]: artifact for path, artifact in sorted(artifacts.items()) if path.startswith(ROOT)}


def _abi(plan: HostPlan) -> str:
    architecture = {"arm64": "aarch64"}.get(plan.arch, plan.arch)
    return f"FreeBSD:{plan.freebsd.partition('.')[0]}:{architecture}"


def _dependencies(plan: HostPlan, version: str) -> dict[str, tuple[str, str]]:
    wanted = [item.words[2] for item in preparations(plan) if item.words[:2] == ("pkg", "install")]
    return {
        RUNTIME_NAME: (f"local/{RUNTIME_NAME}", version),
        **{name: (ORIGINS[name], _ANY_VERSION) for name in sorted(wanted)},
    }


def _scripts() -> dict[str, str]:
    """What has the host read again what may have changed, where that does no harm."""
    script = (data_directory("templates") / "pkg" / "reload.sh").read_text()
    return {"post-install": script, "post-deinstall": script}


def _message() -> str:
    told = [f"    {command}: /{pattern}" for kind, pattern, command in reloads() if kind == "tell"]
    return "\n".join(
        [
            "These are for you to run, where such a file was changed; each may interrupt guests or the host:",
            *told,
            "hivectl verify says what differs from what was installed, and hivectl restart starts guests with their "
            "present definition. INVENTORY.md of the host lists what it must be given.",
        ]
    )


def _manifest(package: _Package) -> dict[str, object]:
    """What both descriptions say."""
    return {
        "name": package.name,
        "origin": f"local/{package.name}",
        "version": package.version,
        "comment": package.comment,
        "maintainer": "root@localhost",
        "www": "https://www.freebsd.org/",
        "abi": package.abi if package.abi.count(":") == 2 else f"{package.abi}:*",
        "arch": _altabi(package.abi),
        "prefix": "/usr/local",
        "flatsize": sum(len(artifact.content) for artifact in package.files.values()),
        "licenselogic": "single",
        "licenses": ["BSD2CLAUSE"],
        "desc": f"{package.comment}. Made by hivewright export pkg.",
        "categories": ["local"],
        "deps": {
            name: {"origin": origin, "version": version} for name, (origin, version) in package.dependencies.items()
        },
        "messages": [{"message": package.message}] if package.message else [],
    }


def _altabi(abi: str) -> str:
    """The older form of an ABI."""
    words = {"amd64": "x86:64", "aarch64": "aarch64:64"}
    system, _, rest = abi.partition(":")
    release, _, architecture = rest.partition(":")
    return ":".join([system.lower(), release, words.get(architecture, "*")])


def _archive(package: _Package) -> bytes:
    compact = _manifest(package)
    manifest = {
        **compact,
        "files": {f"/{path}": _file(artifact) for path, artifact in package.files.items()},
        "config": [f"/{path}" for path in package.files if _is_configuration(path)],
        "scripts": package.scripts,
    }
    stream = BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as target:
        for name, document in (("+COMPACT_MANIFEST", compact), ("+MANIFEST", manifest)):
            content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
            target.addfile(*_member(name, Artifact(0o644, content)))
        for path, artifact in package.files.items():
            entry, content_stream = _member(path, artifact)
            entry.name = f"/{path}"
            target.addfile(entry, content_stream)
    return lzma.compress(stream.getvalue())


def _member(name: str, artifact: Artifact) -> tuple[tarfile.TarInfo, BytesIO]:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(artifact.content), artifact.mode
    entry.uname, entry.gname = "root", "wheel"
    return entry, BytesIO(artifact.content)


def _file(artifact: Artifact) -> dict[str, str]:
    """``1$`` says that the checksum is a SHA-256."""
    return {"sum": f"1${checksum(artifact.content)}", "uname": "root", "gname": "wheel", "perm": f"{artifact.mode:04o}"}


def _is_configuration(path: str) -> bool:
    return path.startswith(_CONFIGURATION) and not path.startswith(_PROGRAMS)
