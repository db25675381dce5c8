"""Scenarios of disks that are made from images."""

from __future__ import annotations

from host.golden_image import CONTENT, RAW, URL, URLS
from host.play import Play
from host.scenario import scenario

FETCH = (f"fetch -q -T 60 -o /var/cache/hivewright/golden.part.N {URL}", "sha256 -q", "xz -dc")
KEEP = "mv /var/cache/hivewright/golden.new.N /var/cache/hivewright/golden"
FILE = "/srv/vms/file1/root.img"


@scenario(urls=URLS)
def image_to_file(play: Play) -> None:
    """Fetched, checked, unpacked once; the disk begins with it and has its own size."""
    says = ["image golden: fetching", "image golden: unpacking", "disk root: filling it from the image golden"]
    says += [f"disk root: creating the file {FILE}", "making the UEFI variables", "started"]
    play.hivectl("start", "file1", says=says)
    copied = ("cp /var/cache/hivewright/golden", f"truncate -s {1 << 30} {FILE}.new", f"mv {FILE}.new {FILE}")
    play.order("lockf * /var/cache/hivewright/golden.lock", *FETCH, KEEP, *copied, "bhyve ... file1")
    disk = play.host.path(FILE)
    assert disk.stat().st_size == 1 << 30
    with disk.open("rb") as stream:
        assert stream.read(len(RAW) + 3) == RAW + b"\0\0\0"
    play.down("file1")


@scenario(everyday=True, transcript=True, urls=URLS)
def image_to_volume(play: Play) -> None:
    """The same for a volume; a guest that uses the same image later fetches nothing."""
    play.hivectl("start", "volume1")
    play.has(f"volume zroot/vms/volume1/root {1 << 30} {CONTENT}")
    play.down("volume1")
    play.hivectl("start", "file1")
    play.never("fetch", "xz", "lockf")


@scenario()
def image_not_found(play: Play) -> None:
    """Nothing is left that could be taken for a disk; a later start makes it."""
    says = ["creating the volume zroot/vms/volume1/root", "image golden: fetching", f"fetch: {URL}: Not Found"]
    says += [f"volume1: provisioning failed: image golden: cannot fetch {URL}"]
    play.hivectl("start", "volume1", status=1, says=says)
    play.order("zfs create * -V", f"{FETCH[0]} = 1")
    play.never("sha256", "dd", "bhyve")
    play.nothing_left()
    play.host.call("set", name="urls", value=URLS)
    says = ["image golden: fetching", "image golden: unpacking", "filling it", "making the UEFI variables", "started"]
    play.hivectl("start", "volume1", says=says)
    play.order(*FETCH, KEEP, "dd if=/var/cache/hivewright/golden of=/dev/zvol/zroot/vms/volume1/root", "bhyve")
    play.never("zfs create")
    assert play.state("volume") == [f"volume zroot/vms/volume1/root {1 << 30} {CONTENT}"]


@scenario(urls={URL: "altered"})
def image_altered(play: Play) -> None:
    """Another checksum than the site's: refused, before anything is unpacked."""
    refusal = "file1: provisioning failed: image golden: its SHA-256 checksum is 4aa00915"
    outcome = play.hivectl("start", "file1", status=1, says=["image golden: fetching", refusal])
    assert "and not ef7ca7f1" in outcome.err
    play.order(*FETCH[:2])
    play.never("xz", "bhyve")
    assert not play.host.path(FILE).exists()
    assert not play.host.path("/var/cache/hivewright/golden").exists()
    play.nothing_left()
