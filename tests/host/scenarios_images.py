"""Scenarios of disks that are made from images."""

from __future__ import annotations

import base64
import hashlib

from .play import Play, Scenario, down, leftovers

URL = "https://images.example.net/golden.raw.xz"
PACKED = base64.b64decode(
    "/Td6WFoAAAFpIt42AgAhARYAAAB0L+Wj4AUTABtdADObyc2KqS+8GW6mcFjdgdUusVEhLyQTmgRn"
    "AAAAo48u7gABM5QKAAAAasCACj4wDYsCAAAAAAFZWg=="
).decode("latin-1")
RAW = b"golden image\n" * 100
SERVED = {"urls": {URL: PACKED}}


def image_to_file(play: Play) -> None:
    """Fetched, checked, unpacked once; the disk begins with it and has its own size."""
    play.hivectl("start", "file1")
    disk = play.host.path("/srv/vms/file1/root.img")
    assert disk.stat().st_size == 1 << 30
    with disk.open("rb") as stream:
        assert stream.read(len(RAW) + 3) == RAW + b"\0\0\0"
    down(play, "file1")


def image_to_volume(play: Play) -> None:
    """The same for a volume; a guest that uses the same image later fetches nothing."""
    play.hivectl("start", "volume1")
    content = hashlib.sha256(RAW).hexdigest()[:8]
    assert f"volume zroot/vms/volume1/root {1 << 30} {content}" in play.show("volume")
    down(play, "volume1")
    play.hivectl("start", "file1")
    assert not [line for line in play.lines if " fetch " in line and "file1" in line]


def image_not_found(play: Play) -> None:
    """Nothing is left that could be taken for a disk; a later start makes it."""
    play.hivectl("start", "volume1", status=1)
    assert not leftovers(play.host)
    play.host.call("set", name="urls", value=SERVED["urls"])
    play.hivectl("start", "volume1")
    assert [line for line in play.show("volume") if hashlib.sha256(RAW).hexdigest()[:8] in line]


def image_altered(play: Play) -> None:
    """Another checksum than the site's: refused."""
    outcome = play.hivectl("start", "file1", status=1)
    assert "checksum" in outcome.err
    assert not play.host.path("/srv/vms/file1/root.img").exists()
    assert not leftovers(play.host)


SCENARIOS = [
    Scenario("image-to-file", image_to_file, SERVED),
    Scenario("image-to-volume", image_to_volume, SERVED),
    Scenario("image-not-found", image_not_found),
    Scenario("image-altered", image_altered, {"urls": {URL: "altered"}}),
]
