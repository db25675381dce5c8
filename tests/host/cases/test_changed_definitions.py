"""What a changed definition does to a host that runs the old one."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from host.build import install
from host.play import HIVECTL, leftovers
from host.sandbox import Host


def start(host: Host, name: str) -> str:
    """Start a guest; returns what was said."""
    outcome = host.run(HIVECTL, "start", name)
    assert outcome.status == 0, outcome
    host.advance(10)
    return outcome.out


def stop(host: Host, name: str) -> None:
    """Stop a guest; nothing of it is left."""
    assert host.run(HIVECTL, "stop", name).status == 0
    assert not leftovers(host)


@pytest.mark.parametrize(("name", "size", "larger"), [("web1", "2G", "3G"), ("db1", "4G", "6G")])
def test_a_disk_grows_and_never_shrinks(name: str, size: str, larger: str, open_host: Callable[..., Host]) -> None:
    host = open_host("dash")

    def present() -> int:
        if name == "web1":
            return host.path("/srv/vms/web1/root.img").stat().st_size >> 30
        return next(int(line.split()[2]) for line in host.state() if line.startswith("volume zroot/vms/db1")) >> 30

    start(host, name)
    stop(host, name)
    install(host, (f'size = "{size}"', f'size = "{larger}"'))
    assert "growing" in start(host, name)
    assert present() == int(larger[0])
    stop(host, name)
    install(host, (f'size = "{size}"', 'size = "1G"'))
    assert "never shrinks" in start(host, name)
    assert present() == int(larger[0])
    stop(host, name)


def test_a_changed_seed_is_made_anew(open_host: Callable[..., Host]) -> None:
    host = open_host("dash")
    start(host, "web1")
    stop(host, "web1")
    host.transcript()
    before = host.path("/var/db/hivewright/web1/seed.iso").read_bytes()
    install(host, ('users = ["alice"]', 'users = ["alice"]\npackages = ["nginx"]'))
    start(host, "web1")
    after = host.path("/var/db/hivewright/web1/seed.iso").read_bytes()
    assert before != after
    assert b"nginx" in after


@pytest.mark.everyday
def test_a_change_while_the_guest_runs_is_shown(open_host: Callable[..., Host]) -> None:
    host = open_host("dash")
    start(host, "web1")
    assert "changed" not in host.run(HIVECTL, "status", "web1").out
    install(host, ("[vm.web1]\n", '[vm.web1]\nmemory = "3G"\n'))
    assert "definition changed" in host.run(HIVECTL, "status", "web1").out
    stop(host, "web1")


def test_a_guest_that_left_the_site_can_be_stopped(open_host: Callable[..., Host]) -> None:
    host = open_host("dash")
    start(host, "web1")
    shutil.rmtree(host.path("/usr/local/etc/hivewright/vms/web1"))
    configuration = host.path("/usr/local/etc/hivewright/host.conf")
    lines = configuration.read_text().splitlines(keepends=True)
    configuration.write_text("".join(line for line in lines if not line.startswith("vm web1 ")))
    assert "web1" in host.run(HIVECTL, "list").out
    stop(host, "web1")
    assert host.path("/srv/vms/web1/root.img").exists()
