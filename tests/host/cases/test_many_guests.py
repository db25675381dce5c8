"""The start and the stop of a host as a whole take work for each guest that does not depend on how many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from host.build import build_tree
from host.sandbox import Host

SIZES = (4, 8, 16)
SITE = """
[site]
name = "many"
[host.alpha]
freebsd = "14.3"
cpus = 64
[network.lan]
kind = "bridge"
uplink = "ix0"
[storage.pool]
kind = "zfs"
dataset = "zroot/vms"
[defaults]
host = "alpha"
memory = "512M"
stop_timeout = "1s"
"""
GUEST = """
[vm.guest{number}]
[vm.guest{number}.disk.root]
storage = "pool"
size = "1G"
[vm.guest{number}.nic.lan]
network = "lan"
"""
READS = "/tmp/reads"


def many(directory: Path, guests: int) -> Path:
    """The tree of a host of so many guests. Whoever reads a start script to its end adds a letter to a file."""
    site = directory / f"site{guests}"
    site.mkdir()
    (site / "site.toml").write_text(SITE + "".join(GUEST.format(number=number) for number in range(guests)))
    tree = build_tree(directory / f"tree{guests}", site=site)
    for script in tree.glob("usr/local/etc/hivewright/vms/*/start"):
        text = script.read_text()
        assert text.count("\nvm ") == 1
        script.write_text(text.replace("\nvm ", f"\nprintf x >>{READS}\nvm "))
    return tree


def cost(host: Host, verb: str) -> Counter[str]:
    """What a verb of the service takes: commands by their name, reads of start scripts, and processes."""
    host.transcript()
    host.path(READS).write_text("")
    before = last_process(host)
    outcome = host.run("service", "hivewright", verb)
    assert outcome.status == 0, outcome
    found = Counter(line.split()[2] for line in host.transcript())
    # A guest may begin to run, or end, after the service has returned.
    found["bhyve"] = 0
    found["reads"] = len(host.path(READS).read_text())
    found["processes"] = last_process(host) - before
    return found


def last_process(host: Host) -> int:
    return int(host.run("/bin/sh", "-c", "read -r a b c d last </.linux/proc/loadavg; echo $last").out)


@pytest.mark.slow
def test_starting_a_host_is_linear(
    tmp_path: Path, open_tree: Callable[..., Host], capsys: pytest.CaptureFixture[str]
) -> None:
    found: dict[str, list[Counter[str]]] = {"first start": [], "stop": [], "start": []}
    for guests in SIZES:
        host = open_tree(many(tmp_path, guests), "dash")
        host.path("/etc/rc.conf").write_text('hivewright_enable="YES"\n')
        for what, costs in found.items():
            costs.append(cost(host, what.split()[-1]))
            host.advance(60)
    for what, (few, some, more) in found.items():
        with capsys.disabled():
            print(
                f"\n{what} of {SIZES[-1]} guests: {more.total() - more['processes'] - more['reads']} commands,", end=""
            )
            print(f" {more['processes']} processes, {more['reads']} scripts read")
        for name in few | some | more:
            assert more[name] - some[name] == 2 * (some[name] - few[name]), (
                what,
                name,
                few[name],
                some[name],
                more[name],
            )
