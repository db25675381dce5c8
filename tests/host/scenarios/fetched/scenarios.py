"""Scenarios of images that are fetched: mirrors, broken connections, published checksums, the media folder."""

from __future__ import annotations

import hashlib
from typing import Any

from host.golden_image import PACKED, RAW, URL
from host.play import HIVECTL, Play
from host.scenario import scenario

MIRROR = "https://mirror.example.net/golden.raw.xz"
LAST = "ftp://ftp.example.net/golden.raw.xz"
MOVING = "https://images.example.net/latest/moving.raw"
SUMS = "https://images.example.net/latest/SHA512SUMS"
FOREIGN = "https://images.example.net/foreign.vmdk"
CACHE = "/var/cache/hivewright"
DATA = "what the moving image holds today\n"
SHA512 = hashlib.sha512(DATA.encode()).hexdigest()
LISTED = f"{'0' * 128}  other.raw\n{hashlib.sha256(DATA.encode()).hexdigest()}  moving.raw\n{SHA512} *./moving.raw\n"


def serve(play: Play, urls: dict[str, Any]) -> None:
    play.host.call("set", name="urls", value=urls)


def holds(play: Play, name: str, data: bytes) -> bool:
    return play.host.path(f"{CACHE}/{name}").read_bytes() == data


def nothing_half_done(play: Play, name: str = "golden") -> None:
    """What is left is whole, or a part that is known as one."""
    assert not play.host.path(f"{CACHE}/{name}").exists()
    assert not play.host.path(f"{CACHE}/{name}.source").exists()


@scenario(urls={MIRROR: PACKED})
def fetched_before_it_is_needed(play: Play) -> None:
    """The first address is gone, the second one has it; a second fetch finds it there, a guest takes it as it is."""
    assert len(PACKED) == 88
    says = [f"golden1: image golden: fetching {URL}", f"golden1: image golden: cannot fetch {URL}"]
    says += [f"golden1: image golden: fetching {MIRROR}"]
    says += ["golden1: image golden: unpacking it", "hivewright: image golden is ready"]
    says += [f"fetch: {URL}: Not Found"]
    play.hivectl("image", "fetch", "golden", says=says)
    play.ran("fetch -q -S 88 -T 60 -o * " + MIRROR)
    assert holds(play, "golden", RAW)
    play.hivectl("image", "fetch", "golden", says=["hivewright: image golden is there"])
    play.never("fetch", "lockf")
    play.hivectl("start", "golden1")
    play.never("fetch", "xz")
    play.down("golden1")


@scenario(urls={URL: PACKED})
def an_image_is_waited_for(play: Play) -> None:
    """Another process has its lock: the phase of a guest that wants it says so, and then what is done with it."""
    play.spawn("other", "/bin/sh", "-c", f"mkdir -p {CACHE}; exec lockf -k -s {CACHE}/golden.lock sleep 60")
    play.wait(1)
    play.spawn("start", HIVECTL, "start", "golden1")
    play.wait(30)
    assert play.phase("golden1") == "starting: image golden: it is being made"
    since = "golden1 is starting since 30s\n    image golden: it is being made\n"
    assert play.hivectl("status", "golden1", status=1).out.startswith(since)
    play.join("other")
    play.join("start")
    assert play.phase("golden1") == "running: started (pid N)"


@scenario()
def a_broken_connection_is_gone_on_with(play: Play) -> None:
    """Each attempt gets some bytes more; of another file of the same length nothing is kept in the end."""
    serve(play, {URL: {"content": PACKED, "cut": 50}})
    play.hivectl("image", "fetch", "golden", status=1)
    nothing_half_done(play)
    assert "partly" in play.hivectl("image", "list").out
    play.hivectl("image", "fetch", "golden", says=[
        f"golden1: image golden: fetching {URL}", "golden1: image golden: going on with what is there of it",
        "golden1: image golden: unpacking it", "hivewright: image golden is ready",
    ])  # fmt: skip
    play.ran("fetch -q -F -r -S 88 -T 60 -o * " + URL)
    assert holds(play, "golden", RAW)


@scenario()
def a_part_that_belongs_to_something_else_is_begun_anew(play: Play) -> None:
    """What was fetched of another file under this address is no part of it."""
    serve(play, {URL: {"content": "x" * 88, "cut": 50}})
    play.hivectl("image", "fetch", "golden", status=1)
    serve(play, {URL: PACKED})
    play.hivectl("image", "fetch", "golden")
    assert holds(play, "golden", RAW)


@scenario(urls={URL: "x" * 88, MIRROR: {"content": PACKED, "short": 40}, LAST: {"redirect": "https://a.example.net/b"},
                "https://a.example.net/b": PACKED})  # fmt: skip
def wrong_short_and_moved(play: Play) -> None:
    """Another checksum, an answer that ends too early without saying so, and at last one that sends us on."""
    outcome = play.hivectl("image", "fetch", "golden")
    assert f"image golden: its SHA-256 checksum is {hashlib.sha256(b'x' * 88).hexdigest()} and not ef7c" in outcome.out
    assert holds(play, "golden", RAW)


@scenario(urls={URL: {"content": PACKED, "slow": 20}, MIRROR: "too long" * 20, LAST: "short"})
def nothing_that_helps(play: Play) -> None:
    """A server that stops sending, and two whose file has another size: told one by one, and nothing is left as one."""
    outcome = play.hivectl("image", "fetch", "golden", status=1)
    for said in (
        "transfer timed out",
        "size mismatch: expected 88, actual 160",
        "size mismatch: expected 88, actual 5",
    ):
        assert said in outcome.err, said
    assert f"hivewright: image golden: cannot fetch {LAST}" in outcome.err
    nothing_half_done(play)
    serve(play, {URL: PACKED})
    play.hivectl("start", "golden1")
    assert holds(play, "golden", RAW)
    play.down("golden1")


@scenario(urls={URL: PACKED, MOVING: DATA, SUMS: LISTED})
def two_guests_want_one_image_at_once(play: Play) -> None:
    """One of them fetches it; the other one waits for that, and both have it."""
    play.sh(f"mkdir -p {CACHE}")
    play.spawn("holder", "/usr/bin/lockf", "-k", f"{CACHE}/golden.lock", "/bin/sleep", "30")
    play.wait(1)
    for guest in ("golden1", "golden2"):
        play.spawn(guest, HIVECTL, "start", guest)
    play.wait(20)
    play.never("fetch", "bhyve")
    play.wait(20)
    outcomes = [play.join(guest) for guest in ("golden1", "golden2")]
    play.join("holder")
    assert sum(each.out.count("image golden: fetching") for each in outcomes) == 1, outcomes
    assert all("filling it from the image golden" in each.out for each in outcomes), outcomes
    for guest in ("golden1", "golden2"):
        with play.host.path(f"/srv/vms/{guest}/root.img").open("rb") as stream:
            assert stream.read(len(RAW)) == RAW
    play.down("golden1", "golden2")


@scenario(urls={URL: PACKED})
def no_room(play: Play) -> None:
    """Looked for before anything is fetched."""
    play.host.call("set", name="free", value=-1024)
    outcome = play.hivectl("image", "fetch", "golden", status=1)
    assert "image golden: it has 88 bytes, and /var/cache/hivewright has room for" in outcome.err
    play.never("fetch")
    play.host.call("set", name="free", value=1 << 20)
    play.hivectl("image", "fetch", "golden")


@scenario(urls={MOVING: {"content": DATA, "cut": 30}, SUMS: LISTED})
def room_for_what_the_site_gives_no_size(play: Play) -> None:
    """Its server says how large it is, before anything comes; of a part, what is missing has to find room."""
    play.host.call("set", name="free", value=0)
    outcome = play.hivectl("image", "fetch", "moving", status=1)
    refusal = f"image moving: it has {len(DATA)} bytes, and /var/cache/hivewright has room for 0"
    assert refusal in outcome.err
    play.ran(f"fetch -q -s -T 10 {MOVING}")
    play.never("fetch -q -T*", "fetch -F*")
    play.host.call("set", name="free", value=1024)
    play.hivectl("image", "fetch", "moving", status=1)
    assert "partly" in play.hivectl("image", "list").out
    play.hivectl("image", "fetch", "moving")
    assert holds(play, "moving", DATA.encode())


@scenario()
def room_for_the_rest(play: Play) -> None:
    """A file system on which a part lies has to have room for the rest alone, whatever says the size."""
    large = "x" * 1500
    listed = f"{hashlib.sha512(large.encode()).hexdigest()}  moving.raw\n"
    serve(play, {MOVING: {"content": large, "cut": 1400}, SUMS: listed})
    play.host.call("set", name="free", value=2048)
    play.hivectl("image", "fetch", "moving", status=1)
    play.host.call("set", name="free", value=1024)
    play.hivectl("image", "fetch", "moving")
    assert holds(play, "moving", large.encode())


@scenario(urls={MOVING: {"content": DATA, "short": len(DATA)}, SUMS: LISTED})
def a_server_that_says_no_size(play: Play) -> None:
    """Nobody knows then, so it is fetched."""
    play.host.call("set", name="free", value=0)
    play.hivectl("image", "fetch", "moving")


@scenario(urls={MOVING: DATA, SUMS: LISTED})
def checked_by_what_its_publisher_says(play: Play) -> None:
    """The checksum comes from the file that the publisher lays beside it."""
    play.hivectl("image", "fetch", "moving")
    play.order(f"fetch -q -T 60 -o * {MOVING}", f"fetch -q -T 60 -o * {SUMS}", "sha512 -q")
    assert holds(play, "moving", DATA.encode())
    play.hivectl("image", "remove", "moving", says=["hivewright: image moving is removed from /var/cache/hivewright"])
    serve(play, {MOVING: DATA + "altered", SUMS: LISTED})
    outcome = play.hivectl("image", "fetch", "moving", status=1)
    assert f"and not {SHA512}" in outcome.err
    serve(play, {MOVING: DATA, SUMS: "nothing of the kind\n"})
    outcome = play.hivectl("image", "fetch", "moving", status=1)
    assert f"{SUMS} does not say the sha512 of moving.raw" in outcome.err
    serve(play, {MOVING: DATA})
    outcome = play.hivectl("image", "fetch", "moving", status=1)
    assert f"cannot fetch its checksum, {SUMS}" in outcome.err
    nothing_half_done(play, "moving")


@scenario(urls={SUMS: LISTED})
def the_media_folder_comes_first(play: Play) -> None:
    """A file is put there once it has the right checksum; then nothing is fetched, and it is checked again."""
    stick = play.host.path("/mnt/moving.raw")
    stick.parent.mkdir(exist_ok=True)
    stick.write_text("something else")
    outcome = play.hivectl("image", "import", "/mnt/moving.raw", status=1)
    assert "image moving: its SHA-512 checksum is" in outcome.err
    stick.write_text(DATA)
    play.hivectl("image", "import", "/mnt/moving.raw")
    play.sh("rm /mnt/moving.raw")
    serve(play, {})
    says = ["golden2: image moving: taking /var/db/hivewright/media/moving.raw", "hivewright: image moving is ready"]
    play.hivectl("image", "fetch", "moving", says=says)
    play.never("fetch")
    assert holds(play, "moving", DATA.encode())
    play.hivectl("image", "remove", "moving")
    play.host.path("/var/db/hivewright/media/moving.raw").write_text("altered")
    outcome = play.hivectl("image", "fetch", "moving", status=1)
    assert "its SHA-512 checksum is" in outcome.err
    play.sh("cp /var/db/hivewright/media/moving.raw /mnt/other.raw")
    outcome = play.hivectl("image", "import", "/mnt/other.raw", status=1)
    names = "foreign.vmdk golden.raw.xz moving.raw"
    assert f"no image of this host is made from a file of this name; they are made from: {names}" in outcome.err


@scenario(urls={SUMS: LISTED})
def a_host_may_have_its_own_media_folder(play: Play) -> None:
    """As its scripts say where the site gives it one; what is imported goes there too."""
    for guest in ("golden2", "moving1"):
        script = play.host.path(f"/usr/local/etc/hivewright/vms/{guest}/provision")
        lines = script.read_text().splitlines(keepends=True)
        own = [
            line.replace("  #", " media=/srv/media  #") if line.startswith("image moving ") else line for line in lines
        ]
        assert own != lines
        script.write_text("".join(own))
    play.sh("mkdir -p /mnt /srv/media")
    play.host.path("/mnt/moving.raw").write_text(DATA)
    play.hivectl("image", "import", "/mnt/moving.raw")
    assert play.host.path("/srv/media/moving.raw").read_text() == DATA
    assert not play.host.path("/var/db/hivewright/media/moving.raw").exists()
    serve(play, {})
    says = ["golden2: image moving: taking /srv/media/moving.raw", "hivewright: image moving is ready"]
    play.hivectl("image", "fetch", "moving", says=says)
    play.never("fetch")


@scenario(urls={URL: PACKED, MOVING: DATA, SUMS: LISTED})
def what_is_there(play: Play) -> None:
    """List, verify and remove; a drive of a guest that runs keeps its image."""
    assert play.hivectl("image", "list").out.splitlines()[1].split()[:4] == ["foreign", "missing", "-", "foreign1"]
    play.hivectl("image", "fetch", "golden", "moving")
    rows = [line.split() for line in play.hivectl("image", "list").out.splitlines()]
    assert ["golden", "ready", str(len(RAW)), "golden1,golden2", URL] in rows
    play.hivectl("image", "verify", "golden")
    assert "image golden is as it was" in play.hivectl("image", "verify", "golden").out
    with play.host.path(f"{CACHE}/golden").open("ab") as stream:
        stream.write(b"!")
    outcome = play.hivectl("image", "verify", status=1)
    assert "image golden has changed since it was noted" in outcome.err
    play.hivectl("start", "golden2")
    outcome = play.hivectl("image", "remove", "moving", status=1)
    assert "image moving is in a drive of golden2, which runs; stop golden2 first" in outcome.err
    play.down("golden2")
    play.hivectl("image", "remove", "moving", "golden")
    nothing_half_done(play)
    play.hivectl("image", "remove", "web", status=1)
    play.hivectl("image", "frobnicate", status=2)


@scenario()
def foreign_formats_are_converted(play: Play) -> None:
    """A VMDK that stands alone is; one over another file of the host is refused before that is read."""
    header = "KDMV\x01\0\0\0\x03\0\0\0\x08"
    serve(play, {FOREIGN: f"{header}disk"})
    play.hivectl("image", "fetch", "foreign")
    play.order("qemu-img info -f vmdk", "qemu-img convert -f vmdk -O raw")
    assert holds(play, "foreign", b"disk")
    play.hivectl("image", "remove", "foreign")
    serve(play, {FOREIGN: f"{header}parentFileNameHint"})
    outcome = play.hivectl("image", "fetch", "foreign", status=1)
    assert "it is a VMDK image over another file; make it whole" in outcome.err
    play.never("qemu-img convert")


@scenario(urls={URL: PACKED, SUMS: LISTED})
def one_name_that_is_wrong(play: Play) -> None:
    """Of several, nothing is begun where one is not known; no name leads out of the cache."""
    play.sh("mkdir -p /mnt; touch /etc/passwd")
    play.host.path("/mnt/moving.raw").write_text(DATA)
    unknown = "hivewright: no guest of this host has an image web"
    play.hivectl("image", "fetch", "golden", "web", status=1, says=unknown)
    play.hivectl("image", "verify", "golden", "web", status=1, says=unknown)
    play.never("fetch")
    nothing_half_done(play)
    play.hivectl("image", "fetch", "golden")
    for name in ("web", "../../../etc/passwd", "/etc/passwd", ".", "..", "*", "", "golden.source", "golden.lock"):
        play.hivectl("image", "remove", "golden", name, status=1, says=f"hivewright: there is no image {name}".rstrip())
        play.never("lockf", "rm")
    assert holds(play, "golden", RAW)
    assert not play.host.path("/etc/passwd.lock").exists()
    play.hivectl("image", "import", "/mnt/moving.raw", "/mnt/none.raw", status=1, says="cannot read the file /mnt/none")
    play.hivectl("image", "import", "/mnt", status=1, says="hivewright: cannot read the file /mnt")
    assert not play.host.path("/var/db/hivewright/media").exists()


@scenario(urls={SUMS: LISTED})
def an_import_that_breaks_off(play: Play) -> None:
    """What was there before stays, with its digest, and nothing lies beside it, whichever command fails."""
    play.sh("mkdir -p /mnt")
    play.host.path("/mnt/moving.raw").write_text(DATA)
    play.hivectl("image", "import", "/mnt/moving.raw")
    media = play.host.path("/var/db/hivewright/media")
    before = {path.name: path.read_bytes() for path in media.iterdir()}
    newer = DATA + "and tomorrow\n"
    play.host.path("/mnt/moving.raw").write_text(newer)
    serve(play, {SUMS: f"{hashlib.sha512(newer.encode()).hexdigest()}  moving.raw\n"})
    told = {
        1: "cannot fetch its checksum",
        3: "cannot read /mnt/moving.raw",
        4: "cannot copy /mnt/moving.raw to /var/db/hivewright/media/moving.raw",
        5: "cannot write /var/db/hivewright/media/CHECKSUMS",
    }
    for number, reason in told.items():
        play.host.call("fail_at", command=number)
        assert reason in play.hivectl("image", "import", "/mnt/moving.raw", status=1).err
        play.host.call("failed")
        (media / "CHECKSUMS.new").unlink(missing_ok=True)
        assert {path.name: path.read_bytes() for path in media.iterdir()} == before
    play.host.call("fail_at", command=2)  # what was fetched of the publisher cannot be removed, which does no harm
    play.hivectl("image", "import", "/mnt/moving.raw")
    assert (media / "moving.raw").read_text() == newer
