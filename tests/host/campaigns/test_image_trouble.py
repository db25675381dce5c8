"""hivectl image in trouble: each command fails once, it is killed at each, each write meets a full file system. What
is left is never taken for an image, and the same command again has it."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import pytest

from host.campaign import steps
from host.golden_image import PACKED, RAW, URL
from host.play import HIVECTL
from host.sandbox import Host, Outcome
from host.scenario import SCENARIOS

pytest_plugins = ["host.fixtures"]

CACHE = "/var/cache/hivewright"
FETCH = ("image", "fetch", "golden")
MEMBER = ("image", "fetch", "appliance")
IMPORT = ("image", "import", "/mnt/moving.raw")
VERBS = {"fetch": FETCH, "member": MEMBER, "remove": ("image", "remove", "golden"), "import": IMPORT}
MOVING = ("what it held yesterday\n", "what it holds today, which is more\n")
SUMS = "https://images.example.net/latest/SHA512SUMS"


def archived(name: str, data: bytes) -> str:
    """A packed archive, in which an image lies behind another file."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for each, content in (("README", b"Read this.\n"), (name, data)):
            entry = tarfile.TarInfo(each)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue().decode("latin-1")


VMDK = b"KDMV\1\0\0\0\3\0\0\0\10"
URLS: dict[str, Any] = {
    URL: PACKED,
    "https://images.example.net/appliance": archived("disks/server.vmdk", VMDK + RAW),
}


def bring(host: Host, text: str) -> None:
    """A file to import, and what its publisher says of it."""
    host.path("/mnt").mkdir(exist_ok=True)
    host.path("/mnt/moving.raw").write_text(text)
    listed = f"{hashlib.sha512(text.encode()).hexdigest()}  moving.raw\n"
    host.call("set", name="urls", value={**URLS, SUMS: listed})


def forget(host: Host, verb: str) -> None:
    done = host.run("/bin/sh", "-c", f"rm -rf {CACHE} /var/run/hivewright /var/db/hivewright")
    assert done.status == 0, done
    if verb == "remove":
        done = host.run(HIVECTL, *FETCH)
        assert done.status == 0, done
    if verb == "import":
        bring(host, MOVING[0])
        done = host.run(HIVECTL, *IMPORT)
        assert done.status == 0, done
        bring(host, MOVING[1])
    host.transcript()


def is_sound(host: Host, where: str, name: str) -> None:
    """An image that counts as one is whole, and in the end it is there."""
    image, source = host.path(f"{CACHE}/{name}"), host.path(f"{CACHE}/{name}.source")
    if image.exists() and source.exists() and source.read_text().strip():
        assert image.read_bytes() == RAW, where
    again = host.run(HIVECTL, "image", "fetch", name)
    assert again.status == 0, f"{where}\n{again}"
    assert image.read_bytes() == RAW, where
    left = {path.name for path in image.parent.iterdir()} - {name, f"{name}.source", f"{name}.lock"}
    assert not left, where


def is_brought(host: Host, where: str) -> None:
    """What is taken from the media folder is the old file or the new one, whole; imported again, it is the new one."""
    image, media = host.path(f"{CACHE}/moving"), host.path("/var/db/hivewright/media")
    if host.run(HIVECTL, "image", "fetch", "moving").status == 0:
        assert image.read_text() in MOVING, where
        assert host.run(HIVECTL, "image", "remove", "moving").status == 0, where
    for words in (IMPORT, ("image", "fetch", "moving")):
        again = host.run(HIVECTL, *words)
        assert again.status == 0, f"{where}\n{again}"
    assert image.read_text() == MOVING[1], where
    assert {path.name for path in media.iterdir()} == {"moving.raw", "CHECKSUMS"}, where


def where_of(host: Host, what: str, outcome: Outcome) -> str:
    return f"{what}: {outcome}\n" + "\n".join(host.transcript()[-30:])


def failing(host: Host, verb: str) -> Iterator[str]:
    for number in steps(60, verb):
        forget(host, verb)
        host.call("fail_at", command=number)
        outcome = host.run(HIVECTL, *VERBS[verb])
        failed = host.call("failed")
        if not failed:
            assert number > 2
            return
        yield where_of(host, f"command {number} failed, {failed}", outcome)
    raise AssertionError("there is no end of commands")


def filling(host: Host, verb: str) -> Iterator[str]:
    for number in steps(60, verb):
        forget(host, verb)
        host.call("fill_at", write=number, path="/var", count=1)
        outcome = host.run(HIVECTL, *VERBS[verb])
        met = host.call("writes")
        host.call("fill_at", write=0, path="/var", count=1)
        if len(met) < number:
            assert outcome.status == 0, outcome
            return
        yield where_of(host, f"write {number} of {met}", outcome)
    raise AssertionError("there is no end of writes")


def killing(host: Host, verb: str) -> Iterator[str]:
    for step in steps(60, verb):
        forget(host, verb)
        start = host.call("executed")
        host.call("kill_after", count=step, targets=["session victim"])
        host.spawn(HIVECTL, *VERBS[verb], name="victim")
        outcome = host.wait("victim")
        assert outcome.status is not None
        if host.call("executed") - start < step:
            return
        yield where_of(host, f"killed at {step}", outcome)
    raise AssertionError("there is no end of steps")


TROUBLE = {"fails": failing, "full": filling, "killed": killing}


SOUND: dict[str, Callable[[Host, str], None]] = {
    "fetch": partial(is_sound, name="golden"),
    "member": partial(is_sound, name="appliance"),
    "remove": partial(is_sound, name="golden"),
    "import": is_brought,
}


@pytest.mark.slow
@pytest.mark.parametrize(("trouble", "verb"), [case for case in product(TROUBLE, VERBS) if case != ("full", "remove")])
def test_the_same_command_again_restores_order(trouble: str, verb: str, open_site: Callable[..., Host]) -> None:
    site = SCENARIOS / ("contents" if verb == "member" else "fetched")
    host = open_site(site, "alpha", "dash", urls=URLS, counted=trouble == "full")
    tried = 0
    for where in TROUBLE[trouble](host, verb):
        SOUND[verb](host, where)
        tried += 1
    print(f"image {verb}: {tried} points at which it {trouble}")
    assert tried
