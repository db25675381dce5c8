"""Images that a bundle brings are laid into the media folder of the stand-in host, from which guests are made."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256, sha512
from pathlib import Path

import pytest

from hivewright.catalogue.images import write_list
from hivewright.plan import Artifact
from host.bundles import packed
from host.campaign import stride
from host.golden_image import PACKED
from host.installs import CHANGES, Installing
from host.sandbox import SHELLS, Host
from host.scenario import SCENARIOS

pytest_plugins = ["host.fixtures"]

Open = Callable[..., Host]
SITE = SCENARIOS / "fetched"
MEDIA = "/var/db/hivewright/media"
MOVING, LATER, FOREIGN = b"what the moving image holds\n", b"what it holds later\n", b"KDMV\x01\0\0\0\x03\0\0\0\x08disk"
NAMES = ["foreign.vmdk", "golden.raw.xz", "moving.raw"]


@cache
def bundle(folder: Path, moving: bytes = MOVING) -> dict[str, Artifact]:
    """The package of the host with its images, of which one is of a certain day."""
    images = folder / sha256(moving).hexdigest()
    images.mkdir(exist_ok=True)
    contents = {"golden.raw.xz": PACKED.encode("latin-1")}
    for name, content in {**contents, "moving.raw": moving, "foreign.vmdk": FOREIGN}.items():
        (images / name).write_bytes(content)
    write_list(images, [("moving.raw", f"sha512:{sha512(moving).hexdigest()}")])
    return packed(SITE, images=images)


@pytest.fixture(name="folder", scope="module")
def make_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("images")


def media(host: Host) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(host.path(MEDIA).iterdir())}


def said_of(moving: bytes, kind: str = "SHA512") -> str:
    digest = (sha512 if kind == "SHA512" else sha256)(moving).hexdigest()
    return f"{kind} (moving.raw) = {digest}"


def is_as(play: Installing, moving: bytes, *others: str) -> None:
    """The folder has the images and nothing half, and its list says what they are."""
    found = media(play.host)
    lines = found.pop("CHECKSUMS").decode().splitlines()
    assert sorted(found) == sorted([*NAMES, *others])
    assert found["moving.raw"] == moving
    assert found["foreign.vmdk"] == FOREIGN
    assert sorted(line for line in lines if "(moving.raw)" in line) == [said_of(moving, "SHA256"), said_of(moving)]
    assert f"SHA256 (foreign.vmdk) = {sha256(FOREIGN).hexdigest()}" in lines


@pytest.mark.parametrize("shell", SHELLS)
def test_guests_are_made_of_what_came_along_without_a_network(shell: str, open_empty: Open, folder: Path) -> None:
    play = Installing(open_empty(shell))
    play.unpack(bundle(folder), "/root/a")
    said = play.install("/root/a", "-n")
    for name in NAMES:
        assert f"  + {MEDIA}/{name}" in said
    assert f"  ~ {MEDIA}/CHECKSUMS" in said
    play.never(*CHANGES)
    assert not play.host.path(MEDIA).exists()
    play.install("/root/a")
    is_as(play, MOVING)
    assert MEDIA[1:] not in play.host.path("/usr/local/etc/hivewright/MANIFEST").read_text()
    assert play.install("/root/a") == ["alpha: all files are as they were packed"]
    play.never(*CHANGES)
    play.sh("rm -r /root/a")
    play.hivectl("image", "fetch", "golden", "moving", says=[
        f"golden1: image golden: taking {MEDIA}/golden.raw.xz", "golden1: image golden: unpacking it",
        "hivewright: image golden is ready",
        f"golden2: image moving: taking {MEDIA}/moving.raw", "hivewright: image moving is ready",
    ])  # fmt: skip
    play.never("fetch")


def test_a_later_image_replaces_what_a_bundle_brought_and_nothing_else(open_empty: Open, folder: Path) -> None:
    play = Installing(open_empty("dash"))
    play.unpack(bundle(folder), "/root/a")
    play.unpack(bundle(folder, LATER), "/root/b")
    play.install("/root/a")
    play.sh(f"echo mine >{MEDIA}/mine.iso; echo 'SHA256 (mine.iso) = 0' >>{MEDIA}/CHECKSUMS")
    assert play.install("/root/b", "-n") == [
        "alpha: would install: 0 new, 1 changed, 0 removed",
        f"  ~ {MEDIA}/moving.raw",
        f"  ~ {MEDIA}/CHECKSUMS",
    ]
    assert play.install("/root/b") == ["alpha: installed: 0 new, 1 changed, 0 removed"]
    is_as(play, LATER, "mine.iso")
    assert "SHA256 (mine.iso) = 0\n" in media(play.host)["CHECKSUMS"].decode()
    play.host.path(f"{MEDIA}/moving.raw").write_text("something that an administrator laid there\n")
    said = play.install("/root/a", status=1)
    assert said[0] == f"  {MEDIA}/moving.raw"
    assert "were changed on this host since they were installed" in said[1]
    play.never(*CHANGES)
    play.install("/root/a", "-f")
    is_as(play, MOVING, "mine.iso")


def test_a_bundle_without_images_leaves_them_alone(open_empty: Open, folder: Path) -> None:
    play = Installing(open_empty("dash"))
    play.unpack(bundle(folder), "/root/a")
    play.install("/root/a")
    play.unpack(packed(SITE), "/root/b")
    assert play.install("/root/b") == ["alpha: all files are as they were packed"]
    is_as(play, MOVING)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("echo x >>/root/a/images/moving.raw", "files below /root/a are not those that were packed; get the archive"),
        ("rm /root/a/images/moving.raw", "/root/a/images/moving.raw is missing; unpack the archive again"),
        ("echo x >/root/a/hosts/alpha/IMAGES", "files below /root/a are not those that were packed; get the archive"),
    ],
)
def test_an_image_that_was_damaged_on_its_way_is_told_first(
    damage: str, says: str, open_empty: Open, folder: Path
) -> None:
    play = Installing(open_empty("dash"))
    play.unpack(bundle(folder), "/root/a")
    play.sh(damage)
    said = play.install("/root/a", status=1)
    assert said[0].startswith(f"alpha: {says}")
    play.never(*CHANGES)


class Rounds(Installing):
    """A host that has the images of one day and gets those of another, again and again."""

    def __init__(self, host: Host, folder: Path, kept: Path) -> None:
        super().__init__(host)
        self.kept = kept
        self.unpack(bundle(folder), "/root/a")
        self.unpack(bundle(folder, LATER), "/root/b")
        self.install("/root/a")
        shutil.copytree(host.path(MEDIA), kept)

    def again(self) -> None:
        shutil.rmtree(self.host.path(MEDIA))
        shutil.copytree(self.kept, self.host.path(MEDIA))
        self.host.path("/var/run/hivewright-install.lock").unlink(missing_ok=True)

    def ends_well(self, where: str) -> None:
        assert media(self.host)["moving.raw"] in (MOVING, LATER), where
        outcome = self.host.run("/bin/sh", "/root/b/install")
        assert outcome.status == 0, f"{where}: {outcome}"
        is_as(self, LATER)


@pytest.fixture(name="rounds")
def open_rounds(open_empty: Open, folder: Path, tmp_path: Path) -> Callable[..., Rounds]:
    return lambda shell="dash", **settings: Rounds(open_empty(shell, **settings), folder, tmp_path / "kept")


def killed(rounds: Rounds, begin: int, every: int) -> Iterator[str]:
    first = rounds.host.call("executed")
    rounds.install("/root/b")
    for step in range(begin, rounds.host.call("executed") - first, stride(every)):
        rounds.again()
        rounds.host.call("kill_after", count=step, targets=["everything"])
        rounds.host.spawn("/bin/sh", "/root/b/install", name="victim")
        rounds.host.wait("victim")
        assert rounds.host.call("killed") == ["everything"]
        yield f"killed at step {step}: {rounds.host.transcript()[-1:]}"


@pytest.mark.parametrize(("shell", "begin", "every"), [("dash", 1, 6), ("lksh", 2, 12)])
def test_killed_at_any_point_it_is_done_again(
    shell: str, begin: int, every: int, rounds: Callable[..., Rounds]
) -> None:
    round_ = rounds(shell)
    count = 0
    for where in killed(round_, begin, every):
        round_.ends_well(where)
        count += 1
    print(f"killed at {count} steps")
    assert count > 5


def test_after_a_kill_the_bundle_before_takes_nothing_for_changed_by_hand(rounds: Callable[..., Rounds]) -> None:
    round_ = rounds()
    for where in killed(round_, 30, 4):
        outcome = round_.host.run("/bin/sh", "/root/a/install")
        assert outcome.status == 0, f"{where}: {outcome}"
        is_as(round_, MOVING)


def test_a_full_file_system_changes_no_image(rounds: Callable[..., Rounds]) -> None:
    """Until there is space for all of them."""
    round_ = rounds(counted=True)
    was = media(round_.host)
    for number in range(1, 100):
        round_.again()
        round_.host.call("fill_at", write=number, path="/var", count=1)
        outcome = round_.host.run("/bin/sh", "/root/b/install")
        met = round_.host.call("writes")
        round_.host.call("fill_at", write=0)
        where = f"write {number}: {met[number - 1 :]}: {outcome}"
        if len(met) < number:
            assert outcome.status == 0, where
            break
        assert outcome.status != 0, where
        assert media(round_.host)["moving.raw"] in (was["moving.raw"], LATER), where
        round_.ends_well(where)
    print(f"{number - 1} writes")
    assert number > 4
