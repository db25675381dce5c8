"""A guest whose disks are files in directories that the other host has not got: they are copied."""

from __future__ import annotations

import pytest

from host.link import Link
from host.play import HIVECTL, Play
from host.scenario import scenario

pytestmark = pytest.mark.usefixtures("play", "link")
DISK = "/srv/vms/file1/root.img"


def wrote(play: Play, text: str) -> None:
    """The guest wrote something at the beginning of its disk."""
    play.sh(f"printf {text} | dd of={DISK} conv=notrunc status=none")


def holds(play: Play) -> bytes:
    return play.host.path(DISK).read_bytes().rstrip(b"\0")


def marks(play: Play) -> list[str]:
    return sorted(path.name for path in play.host.path("/srv/vms/file1").iterdir())


@scenario()
def files_are_copied(play: Play, far: Play) -> None:
    """Whole, while it is off; what stays behind is marked, and overwritten when it comes back."""
    play.hivectl("start", "file1")
    wrote(play, "one")
    outcome = play.hivectl("migrate", "-n", "file1", "beta")
    assert "/srv/vms/file1 is another directory, and has space for its disks" in outcome.out
    assert "would send its disks in files" in outcome.out
    assert not far.host.path("/srv/vms").exists()
    play.hivectl("migrate", "--method", "shared", "file1", "beta", status=1)
    play.hivectl("migrate", "file1", "beta")
    play.order("sha256 -q /srv/vms/file1/root.img", "cat /srv/vms/file1/root.img")
    assert (marks(play), marks(far)) == (["owner=beta", "root.img"], ["owner=beta", "root.img"])
    assert holds(far) == b"one"
    assert far.host.path(DISK).stat().st_size == 1 << 20
    far.has("guest file1")
    play.hivectl("start", "file1", status=1, says="it lives on beta")
    wrote(far, "two")
    far.hivectl("migrate", "file1", "alpha")
    assert (holds(play), marks(play), marks(far)) == (b"two", ["owner=alpha", "root.img"], ["owner=alpha", "root.img"])
    play.has("guest file1")


@scenario()
def somebody_looks_on(play: Play, far: Play) -> None:
    """At a terminal it is shown how much of a disk was sent, a file or a volume."""
    play.hivectl("start", "file1")
    wrote(play, "one")
    play.hivectl("migrate", "file1", "beta", typed="")
    play.ran("dd if=/srv/vms/file1/root.img bs=1048576 status=progress")
    assert holds(far) == b"one"
    play.hivectl("start", "web1")
    play.hivectl("migrate", "web1", "beta", typed="")
    play.ran("zfs send -cLep -v zroot/vms/web1/root@*")


@scenario()
def a_copy_that_broke_off(play: Play, far: Play, link: Link) -> None:
    """Again, or back: it is one of both, and nothing half stays."""
    play.hivectl("start", "file1")
    wrote(play, "one")
    link.asked = []
    outcome = play.host.run(HIVECTL, "migrate", "-n", "file1", "beta")
    assert outcome.status == 0
    for back in (True, False):
        link.cut_at(4, "within")
        outcome = play.hivectl("migrate", "file1", "beta", status=1)
        assert link.asked[-1].split()[2] == "disk", link.asked
        assert "it runs nowhere now" in outcome.err
        play.hivectl("start", "file1", status=1, says="alpha hands it over to beta")
        far.hivectl("start", "file1", status=1, says="what is here of it is a copy that alpha sends")
        link.cut_at(0)
        if back:
            play.hivectl("migrate", "--back", "file1", "beta")
            assert marks(far) == ["owner=alpha"]
            play.has("guest file1")
    play.hivectl("migrate", "file1", "beta")
    assert holds(far) == b"one"
    far.has("guest file1")


@scenario()
def a_file_of_nobody_is_not_replaced(play: Play, far: Play) -> None:
    """What is there under the name of the disk, in a directory that says nothing, stays."""
    play.hivectl("start", "file1")
    far.sh(f"mkdir -p /srv/vms/file1; echo mine >{DISK}")
    outcome = play.hivectl("migrate", "file1", "beta", status=1)
    assert "/srv/vms/file1/root.img is there already, and nothing says whose it is" in outcome.err
    assert holds(far) == b"mine\n"
    play.hivectl("migrate", "--back", "file1", "beta")
    play.has("guest file1")
