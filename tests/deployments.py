"""A project of two hosts, and stand-in hosts that ssh reaches; see deployment_fixtures."""

from __future__ import annotations

from host.sandbox import Host
from projects import Done, Project

PF = "/usr/local/etc/hivewright/pf.conf"
RECORD = "/usr/local/etc/hivewright/MANIFEST"
ADDRESS = "alpha.example.net"


class Deployment:
    """A project of two hosts that have nothing yet; alpha has an address."""

    def __init__(self, project: Project, hosts: dict[str, Host], asked: list[tuple[str, str]]) -> None:
        self.project = project
        self.alpha, self.beta = hosts[ADDRESS], hosts["beta"]
        self.asked = asked

    def build(self, file: str, old: str, new: str) -> None:
        self.project.edit(file, old, new)
        self.project.succeed("-q", "build")

    def run(self, *words: str, status: int = 0) -> Done:
        done = self.project.run("-q", "deploy", *words)
        assert done.status == status, (done.out, done.err)
        return done

    def drift(self, *hosts: str) -> Done:
        return self.project.run("-q", "drift", *hosts)

    def has(self, host: Host, name: str) -> bool:
        """The host has what was built for it, and nothing of the transfer is left."""
        assert list(host.path("/var/tmp").iterdir()) == []
        tree = self.project.build / name / "root"
        files = [path for path in tree.rglob("*") if path.is_file()]
        there = [host.path(f"/{path.relative_to(tree)}") for path in files]
        return all(
            new.is_file() and new.read_bytes() == old.read_bytes() for old, new in zip(files, there, strict=True)
        )
