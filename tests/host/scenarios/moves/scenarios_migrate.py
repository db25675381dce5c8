"""A guest goes to another host: one of both may run it, whatever happens."""

from __future__ import annotations

import pytest

from host.link import Link
from host.play import Play
from host.scenario import scenario

from .scenarios import markers, owner

pytestmark = pytest.mark.usefixtures("play", "link")


def contents(play: Play) -> dict[str, str]:
    """What the volumes of web1 hold."""
    lines = [line.split() for line in play.state("volume zroot/vms/web1/")]
    return {line[1].rpartition("/")[2]: line[3] for line in lines}


@scenario()
def cold(play: Play, far: Play) -> None:
    """Most of it is copied while it runs; then it is stopped, and the rest follows."""
    play.guest("web1", *[{"writes": 1}] * 4)
    play.hivectl("start", "web1")
    play.wait(5)
    play.hivectl("migrate", "web1", "beta")
    assert (owner(play), owner(far)) == ("beta", "beta")
    assert contents(far) == contents(play)
    for host in (play, far):  # the dataset was made by provisioning here, and by what came there
        assert host.do("zfs", "get", "-H", "-o", "value", "canmount", "zroot/vms/web1").out == "off\n"
    far.has("guest web1")
    play.nothing_left()
    play.hivectl("migrate", "web1", "beta", says="it lives on beta")
    play.hivectl("start", "web1", status=1, says="it lives on beta")
    far.hivectl("migrate", "web1", "alpha")
    assert (owner(play), owner(far)) == ("alpha", "alpha")
    assert contents(far) == contents(play)
    play.has("guest web1")


@scenario()
def no_disk_of_a_running_guest_is_overwritten(play: Play, far: Play) -> None:
    """Nor where that guest has it by a definition of before only."""
    play.hivectl("start", "web1")
    play.hivectl("migrate", "web1", "beta")
    far.hivectl("migrate", "web1", "alpha")
    script = "/usr/local/etc/hivewright/vms/free1/start"
    far.sh(f"cp {script} /root/start; sed -i 's|/dev/ada7|/dev/zvol/zroot/vms/web1/data|' {script}")
    far.hivectl("start", "free1")
    far.sh(f"cp /root/start {script}")
    outcome = play.hivectl("migrate", "web1", "beta", status=1)
    assert "/dev/zvol/zroot/vms/web1/data is a disk of free1, which is running; stop that first" in outcome.err
    play.has("guest web1")
    far.hivectl("stop", "free1")
    play.hivectl("migrate", "web1", "beta")
    far.has("guest web1")


@scenario()
def it_stays_installed(play: Play, far: Play) -> None:
    """The other host knows that its medium was ejected, and does not install it again."""
    play.hivectl("start", "web1")
    play.hivectl("stop", "web1")
    state = {"installed": "", "media": "install ejected\n"}
    for name, text in state.items():
        play.host.path(f"/var/db/hivewright/web1/{name}").write_text(text)
    play.hivectl("migrate", "web1", "beta")
    assert {name: far.host.path(f"/var/db/hivewright/web1/{name}").read_text() for name in state} == state


@scenario(net=True)
def shared(play: Play, far: Play) -> None:
    """Disks that both hosts have stay where they are; who owns them changes by one rename."""
    play.hivectl("migrate", "mail1", "beta", status=1)  # nobody made its disk yet
    play.hivectl("start", "mail1")
    play.hivectl("migrate", "--method", "cold", "mail1", "beta", status=1)
    outcome = play.hivectl("migrate", "mail1", "beta")
    assert "/net/vms/mail1 is the same directory on both" in outcome.out
    play.never("zfs")
    assert markers(play) == ["owner=beta"]
    far.has("guest mail1")
    play.hivectl("start", "mail1", status=1, says="it lives on beta")
    far.hivectl("stop", "mail1")
    far.hivectl("migrate", "mail1", "alpha")
    assert markers(far) == ["owner=alpha"]
    play.hivectl("start", "mail1")


@scenario(pool_size=8 << 30)
def what_was_hardly_written_needs_hardly_any_space(play: Play, far: Play) -> None:
    """Kilobytes are not taken for as many millions of bytes."""
    play.hivectl("start", "web1")
    outcome = play.hivectl("migrate", "-n", "web1", "beta")
    assert "zroot has space for it" in outcome.out, outcome.out
    far.never("zfs receive")


@scenario()
def what_is_in_the_way_is_told_at_once(play: Play, far: Play, link: Link) -> None:
    """All of it in one report, and nothing is done."""
    play.hivectl("start", "web1")
    far.sh("sed -i 's/^vm web1 [0-9a-f]*/vm web1 0123/; s/ -m 1G/ -m 2G/' /usr/local/etc/hivewright/vms/web1/start")
    outcome = play.hivectl("migrate", "web1", "beta", status=1)
    assert "NO: the definitions differ; ship the same build to both" in outcome.out
    assert "it stays here" in outcome.err
    play.never("zfs snapshot", "zfs set")
    play.has("guest web1")
    play.hivectl("migrate", "--method", "live", "web1", "beta", status=1)
    play.hivectl("migrate", "--method", "frozen", "web1", "beta", status=1)
    play.hivectl("migrate", "--method", "shared", "web1", "beta", status=1)
    play.hivectl("migrate", "web1", "gamma", status=1, says="no guest of alpha could run on gamma")
    link.down = True
    outcome = play.hivectl("migrate", "web1", "beta", status=1)
    assert "beta did not answer to its end (ssh to 192.0.2.12 ended with 255)" in outcome.err
    assert owner(play) == "alpha"


@scenario()
def both_hosts_have_one_runtime(play: Play, far: Play, link: Link) -> None:
    """Another one may know other requests, which must not show when the guest is off."""
    fitness, runtime = (f"/usr/local/libexec/hivewright/{part}.subr" for part in ("shim/fitness", "lib/runtime"))
    script = "/usr/local/etc/hivewright/vms/web1/start"
    (abi,) = [line for line in far.host.path(runtime).read_text().splitlines() if line.startswith("hive_abi=")]
    ours = abi.partition("=")[2]
    tells = "\tprintf 'runtime %s\\n' \"$hive_abi\"\n"
    asks = f", and that of alpha is {ours}; ship the same release to both"
    play.hivectl("start", "web1")
    assert f"both have runtime {ours}" in play.hivectl("migrate", "-n", "web1", "beta").out
    for file, old, new, said in (
        (fitness, tells, "\t:\n", "its runtime is of an earlier release" + asks),
        (fitness, "\t:\n", tells, ""),
        (runtime, abi, "hive_abi=1", "beta says: its start script is for another runtime than 1, which beta has; ship"),
        (script, f"\nruntime {ours}\n", "\nruntime 1\n", "its runtime is 1" + asks),
    ):
        text = far.host.path(file).read_text()
        assert text.count(old) == 1, (file, old)
        far.host.path(file).write_text(text.replace(old, new))
        if said:
            link.asked = []
            outcome = play.hivectl("migrate", "web1", "beta", status=1)
            assert said in outcome.err, (said, outcome)
            assert [line.split()[2] for line in link.asked] == ["check"]
            play.has("guest web1")
            assert owner(play) == "alpha"


@scenario()
def steps_are_shown(play: Play, link: Link) -> None:
    """-n asks the other host, and does nothing."""
    play.hivectl("start", "web1")
    before = play.state()
    outcome = play.hivectl("migrate", "-n", "web1", "beta")
    assert "would stop it" in outcome.out
    assert play.state() == before
    assert [line.split()[2] for line in link.asked] == ["check"]


@scenario()
def nothing_else_is_received(far: Play) -> None:
    """A forced command takes requests of hosts that could run the guest, and no other words."""
    for line in (
        "",
        "shell",
        "hivewright 2 offer web1 alpha 1",
        "hivewright 1 offer web1",
        "hivewright 1 offer web1 gamma 1",
        "hivewright 1 offer other1 alpha 1",
        "hivewright 1 offer web1 alpha $(reboot)",
        "hivewright 1 offer ../web1 alpha 1",
        "hivewright 1 stream web1 alpha root new",
        "hivewright 1 file web1 alpha ../../etc/passwd 00",
        "hivewright 1 file web1 alpha guest 00",
        "hivewright 1 end web1 alpha 1 none",
        "hivewright 1 abort web1 alpha 1 2",
        "hivewright 1 _remove web1 alpha",
    ):
        far.host.path("/root/request").write_text(f"{line}\n")
        outcome = far.do("/bin/sh", "-c", "exec </root/request; hivectl receive", status=1)
        assert outcome.out.startswith("no "), (line, outcome)
        far.never("zfs create", "zfs set", "zfs receive", "zfs destroy", "mv")
    far.host.path("/root/request").write_text("hivewright 1 offer web1 alpha 1\n")
    far.do("/bin/sh", "-c", "exec </root/request; hivectl receive", says=["empty data", "empty root"])
    far.host.path("/root/request").write_text("hivewright 1 file web1 alpha vars.fd 00\n")
    far.do("/bin/sh", "-c", "exec </root/request; hivectl receive", status=1, says="no vars.fd came damaged")


@scenario(snapshot=True)
def frozen(play: Play, far: Play) -> None:
    """Its memory goes along: it goes on there where it was."""
    play.guest("small1", {"writes": 1})
    play.hivectl("start", "small1")
    play.wait(10)
    outcome = play.hivectl("migrate", "small1", "beta")
    assert "both have the same CPU, FreeBSD and bhyve" in outcome.out
    play.ran("bhyvectl --suspend=*")
    far.wait(5)
    assert "restored from checkpoint suspended" in far.hivectl("status", "small1").out
    assert (owner(play, "small1"), owner(far, "small1")) == ("beta", "beta")
    for each in (play, far):
        assert not list(each.host.path("/var/db/hivewright/small1/checkpoints").glob("*")), each.host.root


@scenario()
def a_copy_that_was_here_before(play: Play, far: Play) -> None:
    """Disks of nobody knows whom are not replaced."""
    play.hivectl("start", "web1")
    far.sh("zfs create -p -o volmode=dev zroot/vms/web1; zfs create -V 1G zroot/vms/web1/root")
    outcome = play.hivectl("migrate", "web1", "beta", status=1)
    assert "beta has a disk root of it already that has nothing in common with" in outcome.err
    play.hivectl("migrate", "--back", "web1", "beta")
    assert "hivewright:owner=alpha" not in far.host.transcript()
    play.has("guest web1")
