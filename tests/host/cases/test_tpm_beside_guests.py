"""An emulated TPM on the stand-in host: swtpm runs beside each bhyve, and ends with the guest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from host.build import build_tree
from host.play import HIVECTL
from host.sandbox import Host

RUN = "/var/run/hivewright/tpm1"
START = (
    "swtpm socket --tpm2 --tpmstate dir=/var/db/hivewright/tpm1/tpm,mode=0600 "
    f"--server type=unixio,path={RUN}/tpm.sock,mode=0600 "
    f"--flags not-need-init --terminate --daemon --pid file={RUN}/tpm.pid"
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tree(tmp_path_factory.mktemp("omega"), "omega")


@pytest.fixture
def host(tmp_path: Path, standin: Path, tree: Path) -> Iterator[Host]:
    host = Host(tree, tmp_path, standin, "dash", release=[15, 0], hostname="omega")
    yield host
    host.close()


def commands(host: Host) -> list[str]:
    return [line.split(maxsplit=2)[2] for line in host.transcript()]


def leaves_nothing(host: Host) -> Callable[[str], bool]:
    return lambda name: not host.path(f"{RUN}/{name}").exists() or not host.path(f"{RUN}/{name}").read_text()


@pytest.mark.everyday
def test_swtpm_runs_beside_each_run_of_bhyve(host: Host) -> None:
    host.guest("tpm1", {"end": "reboot", "after": 100}, {})
    assert host.run(HIVECTL, "start", "tpm1").status == 0
    host.advance(150)
    found = commands(host)
    assert [line for line in found if line.startswith(("swtpm", "bhyve ..."))] == [START, "bhyve ... tpm1"] * 2
    assert host.path("/var/db/hivewright/tpm1/tpm").stat().st_mode & 0o777 == 0o700
    assert host.run(HIVECTL, "stop", "tpm1").status == 0
    assert all(map(leaves_nothing(host), ("tpm.sock", "tpm.pid")))
    assert "pkill" not in " ".join(commands(host))


def test_a_start_that_fails_behind_it_ends_it(host: Host) -> None:
    host.guest("tpm1", *[{"refuse": "bind: Address already in use"}] * 9)
    host.run(HIVECTL, "start", "tpm1")
    host.advance(600)
    assert all(map(leaves_nothing(host), ("tpm.sock", "tpm.pid")))


def test_what_a_killed_supervisor_left_is_ended(host: Host) -> None:
    assert host.run(HIVECTL, "start", "tpm1").status == 0
    host.advance(1)
    for target in ("daemon tpm1", "supervisor tpm1", "bhyve tpm1"):
        assert host.call("kill", target=target)
    host.advance(1)
    for name in ("tpm.sock", "tpm.pid"):
        host.path(f"{RUN}/{name}").write_text("4711")
    assert host.run(HIVECTL, "stop", "tpm1").status == 0
    assert all(map(leaves_nothing(host), ("tpm.sock", "tpm.pid")))
    found = commands(host)
    assert f"pkill -F {RUN}/tpm.pid -x -u 0 -j none swtpm" in found, found


def test_a_missing_program_and_one_that_fails_are_clear_errors(host: Host) -> None:
    assert host.run(HIVECTL, "start", "tpm1").status == 0
    assert host.run(HIVECTL, "stop", "tpm1").status == 0
    state = host.path("/var/db/hivewright/tpm1/tpm")
    state.rmdir()
    state.symlink_to("/nowhere")
    outcome = host.run(HIVECTL, "start", "tpm1")
    assert outcome.status == 1
    assert "tpm" in outcome.err
    host.path("/usr/local/bin/swtpm").unlink()
    outcome = host.run(HIVECTL, "start", "tpm1")
    assert (outcome.status, "pkg install swtpm" in outcome.err) == (1, True)
