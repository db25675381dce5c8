"""``hivewright image`` against a web server of the test: good, truncated, altered, moved and vanished files."""

from __future__ import annotations

import hashlib
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from conftest import write_files
from hivewright.catalogue.checksums import find_digest
from hivewright.cli import main

GOOD = b"an image\n" * 1000
SHA256, SHA512 = (hashlib.new(kind, GOOD).hexdigest() for kind in ("sha256", "sha512"))
SITE = """\
[site]
name = "example"
[host.alpha]
freebsd = "14.3"
[storage.plain]
kind = "directory"
path = "/srv/vms"
# What we install.
[image.golden]
url = "{url}" # the address
{more}
[vm.web1]
host = "alpha"
memory = "1G"
disk.root = {{ storage = "plain", size = "1G", image = "golden" }}
"""


class Handler(BaseHTTPRequestHandler):
    """By the path: good, altered, cut short once, moved, or gone."""

    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Range")))
        body, begin = GOOD, 0
        if self.path == "/moved.raw":
            self.send_response(302)
            self.send_header("Location", "/golden.raw")
            self.end_headers()
            return
        if self.path == "/chunked/golden.raw":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"ff\r\nonly this")
            return
        if self.path == "/endless/golden.raw":
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while True:
                    self.wfile.write(GOOD)
            return
        if self.path == "/nonsense.raw":
            self.wfile.write(b"\x1b[31mNONSENSE\r\n\r\n")
            return
        if self.path == "/SHA512SUMS":
            body = f"{'0' * 128}  other.raw\n{SHA512}  golden.raw\n".encode()
        elif self.path == "/altered/golden.raw":
            body = b"x" * len(GOOD)
        elif self.path not in ("/golden.raw", "/short/golden.raw"):
            self.send_error(404)
            return
        span = self.headers.get("Range")
        if span is not None:
            begin = int(span.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(body) - begin))
        self.end_headers()
        end = len(body) // 2 if self.path.startswith("/short/") and not begin else len(body)
        self.wfile.write(body[begin:end])

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def server() -> Iterator[str]:
    Handler.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()
        thread.join()


Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Writes a site with one image, and does something with it."""
    monkeypatch.chdir(tmp_path)

    def do(url: str, more: str, *words: str) -> int:
        text = SITE.format(url=f"{server}{url}", more=more.replace("SERVER", server))
        write_files(tmp_path, {"site/site.toml": text})
        return main(["-C", str(tmp_path), "image", *words])

    return do


def files(folder: Path) -> set[str]:
    return {path.name for path in (folder / "images").iterdir()}


def test_a_bundle_has_the_files_of_the_hosts_and_their_checksums(run: Run, tmp_path: Path) -> None:
    assert run("/golden.raw", f'sha256 = "{SHA256}"', "bundle", "alpha") == 0
    assert (tmp_path / "images" / "golden.raw").read_bytes() == GOOD
    assert (tmp_path / "images" / "CHECKSUMS").read_text() == f"SHA256 (golden.raw) = {SHA256}\n"
    Handler.asked.clear()
    assert run("/golden.raw", f'sha256 = "{SHA256}"', "bundle") == 0
    assert run("/golden.raw", f'sha256 = "{SHA256}"', "verify") == 0
    assert not Handler.asked


OTHER = """sha256 = "none"
[vm.web2]
host = "alpha"
memory = "1G"
disk.root = { storage = "plain", size = "1G", image = "other" }
[image.other]
url = "SERVER/altered/golden.raw"
sha256 = "none"
"""


def test_two_files_of_one_name_are_told_and_none_is_lost(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second is neither taken for the first nor written over it; with a name of its own both are there."""
    told = "other for amd64: it has the name of another file, that of golden for amd64; give the image one of its own"
    for action in ("bundle", "fetch", "verify"):
        assert run("/golden.raw", OTHER, action) == 1
        assert f"hivewright: {told}" in capsys.readouterr().err, action
        assert (tmp_path / "images" / "golden.raw").read_bytes() == GOOD
    assert run("/golden.raw", f'{OTHER}file = "altered.raw"\n', "bundle") == 0
    assert (tmp_path / "images" / "altered.raw").read_bytes() == b"x" * len(GOOD)
    assert run("/golden.raw", OTHER.replace("/altered", ""), "bundle") == 0


def test_mirrors_are_tried_in_their_order_and_redirections_followed(run: Run, tmp_path: Path) -> None:
    more = f'mirrors = ["SERVER/altered/golden.raw", "SERVER/golden.raw"]\nsize = {len(GOOD)}\nsha256 = "{SHA256}"'
    assert run("/gone/golden.raw", more, "fetch", "golden") == 0
    assert [path for path, _ in Handler.asked] == ["/gone/golden.raw", "/altered/golden.raw", "/golden.raw"]
    assert run("/moved.raw", f'sha256 = "{SHA256}"', "fetch") == 0
    assert (tmp_path / "images" / "moved.raw").read_bytes() == GOOD


def test_a_broken_connection_is_gone_on_with(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("/short/golden.raw", f'sha256 = "{SHA256}"', "fetch") == 1
    assert f"{len(GOOD) // 2} of {len(GOOD)} bytes came" in capsys.readouterr().err
    assert files(tmp_path) == {"golden.raw.part"}
    assert run("/short/golden.raw", f'sha256 = "{SHA256}"', "fetch") == 0
    assert Handler.asked[-1] == ("/short/golden.raw", f"bytes={len(GOOD) // 2}-")
    assert files(tmp_path) == {"golden.raw", "CHECKSUMS"}


def test_what_is_altered_is_told_and_not_kept(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("/altered/golden.raw", f'sha256 = "{SHA256}"', "bundle") == 1
    assert f"and not {SHA256}" in capsys.readouterr().err
    assert not files(tmp_path)


def test_what_lay_half_fetched_of_another_file_is_begun_anew(run: Run, tmp_path: Path) -> None:
    write_files(tmp_path, {"images/golden.raw.part": "of yesterday"})
    assert run("/golden.raw", f'sha256 = "{SHA256}"', "fetch") == 0
    assert [span for _, span in Handler.asked] == ["bytes=12-", None]
    assert (tmp_path / "images" / "golden.raw").read_bytes() == GOOD
    assert files(tmp_path) == {"golden.raw", "CHECKSUMS"}


def test_nothing_is_read_behind_the_size_of_an_image(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("/endless/golden.raw", f'size = {len(GOOD)}\nsha256 = "{SHA256}"', "fetch") == 1
    assert f"bytes and not {len(GOOD)}" in capsys.readouterr().err
    assert not files(tmp_path)
    assert run("/short/golden.raw", f'size = {len(GOOD)}\nsha256 = "{SHA256}"', "fetch") == 1
    assert run("/short/golden.raw", f'size = {len(GOOD)}\nsha256 = "{SHA256}"', "fetch") == 0


@pytest.mark.parametrize("url", ["/chunked/golden.raw", "/nonsense.raw"])
def test_an_answer_that_is_no_http_is_one_fault(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    more = f'mirrors = ["SERVER/gone.raw"]\nsha256 = "{SHA256}"'
    assert run(url, more, "fetch") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("hivewright: golden for amd64: http://")
    assert "\x1b" not in line
    assert files(tmp_path) <= {"golden.raw.part"}
    assert run("/golden.raw", 'checksums = { url = "SERVER/nonsense.raw" }', "pin") == 1
    assert capsys.readouterr().err.startswith("hivewright: cannot fetch http://")


@pytest.mark.parametrize("url", ["/", "/..", "/.hidden", "/-rf", "/CHECKSUMS"])
def test_a_file_that_has_no_name_of_its_own_is_not_written(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    for action in ("fetch", "bundle", "verify"):
        assert run(url, f'sha256 = "{SHA256}"', action) == 1
        assert 'give the image one of its own: file = "NAME"' in capsys.readouterr().err
        assert not files(tmp_path)
    assert not Handler.asked


@pytest.mark.parametrize("line", ["EVIL (golden.raw) = 00", "SHAKE_128 (golden.raw) = 00", "SHA256 (golden.raw) = 00"])
def test_a_list_that_somebody_altered_says_nothing(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    more = 'checksums = { url = "SERVER/SHA512SUMS", digest = "sha512" }'
    assert run("/golden.raw", more, "fetch") == 0
    (tmp_path / "images" / "CHECKSUMS").write_text(f"{line}\n")
    assert run("/golden.raw", more, "verify") == 1
    assert "does not say the checksum of golden.raw; fetch it again" in capsys.readouterr().err
    assert run("/golden.raw", more, "fetch") == 0
    assert run("/golden.raw", more, "verify") == 0


@pytest.mark.parametrize("name", ["golden.raw", "golden.raw.part", "CHECKSUMS"])
def test_a_folder_in_the_way_is_told_with_the_image(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "images" / name).mkdir(parents=True)
    assert run("/golden.raw", f'sha256 = "{SHA256}"', "fetch") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("hivewright: golden for amd64: images/")
    assert "directory" in line.lower()


def test_a_site_without_images_says_so_and_makes_no_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path, {"site/site.toml": '[site]\nname = "example"\n'})
    for action in ("list", "fetch", "verify", "bundle", "pin"):
        assert main(["image", action]) == 0
        assert capsys.readouterr() == ("", "hivewright: no guest there is made from an image\n")
    assert not (tmp_path / "images").exists()
    assert main(["image", "list", "--json"]) == 0
    assert capsys.readouterr().out == "[]\n"


def test_verify_finds_what_became_of_a_folder(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = 'checksums = { url = "SERVER/SHA512SUMS", digest = "sha512" }'
    assert run("/golden.raw", more, "verify") == 1
    assert run("/golden.raw", more, "fetch") == 0
    assert run("/golden.raw", more, "verify") == 0
    (tmp_path / "images" / "golden.raw").write_bytes(b"altered")
    capsys.readouterr()
    assert run("/golden.raw", more, "verify") == 1
    assert f"and not {SHA512}" in capsys.readouterr().err


def test_pin_writes_the_checksum_of_today_and_keeps_comments(run: Run, tmp_path: Path) -> None:
    more = 'checksums = { url = "SERVER/SHA512SUMS", digest = "sha512" }'
    assert run("/golden.raw", more, "pin", "--dry-run") == 0
    assert "sha512 = " not in (tmp_path / "site" / "site.toml").read_text()
    assert run("/golden.raw", more, "pin") == 0
    text = (tmp_path / "site" / "site.toml").read_text()
    assert f'sha512 = "{SHA512}"' in text
    assert "# What we install." in text
    assert "# the address" in text
    assert main(["-C", str(tmp_path), "check"]) == 0
    assert main(["-C", str(tmp_path), "image", "pin"]) == 0


PROFILE = """\
extends = "debian-13"
description = "Ours"
[image.amd64]
url = "SERVER/golden.raw"
mirrors = ["SERVER/mirror/golden.raw"]
checksums = { url = "SERVER/SHA512SUMS", digest = "sha512" }
size = 9000
min_size = "1G"
"""


def test_pin_gives_the_image_of_a_profile_a_table_of_the_site(tmp_path: Path, run: Run, server: str) -> None:
    """With all that the profile says of it, as that has it."""
    write_files(tmp_path, {"site/profiles/linux/ours.toml": PROFILE.replace("SERVER", server)})
    more = 'sha256 = "none"\n[vm.web2]\nhost = "alpha"\nmemory = "1G"\n'
    more += 'disk.root = { storage = "plain", size = "2G", image = "ours" }\n'
    assert run("/golden.raw", more, "pin") == 0
    table = tomllib.loads((tmp_path / "site" / "images.toml").read_text())["image"]["ours"]
    assert (table["min_size"], table["size"], table["sha512"]) == ("1G", 9000, SHA512)
    assert table["mirrors"] == [f"{server}/mirror/golden.raw"]
    assert main(["-C", str(tmp_path), "--strict", "check"]) == 0
    assert main(["-C", str(tmp_path), "image", "fetch", "ours"]) == 0


def test_pin_writes_nothing_that_makes_the_site_wrong(tmp_path: Path, run: Run, server: str) -> None:
    """A table cannot be added to one that is written in braces."""
    write_files(tmp_path, {"site/profiles/linux/ours.toml": PROFILE.replace("SERVER", server)})
    more = 'sha256 = "none"\n[vm.web2]\nhost = "alpha"\nmemory = "1G"\n'
    more += 'disk.root = { storage = "plain", size = "2G", image = "ours" }\n'
    before = 'image = { other = { path = "/srv/other.raw" } }\n'
    write_files(tmp_path, {"site/images.toml": before})
    assert run("/golden.raw", more, "list") == 0
    assert run("/golden.raw", more, "pin") == 1
    assert (tmp_path / "site" / "images.toml").read_text() == before


def test_list_tells_what_hosts_need(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("/golden.raw", f'size = 9000\nsha256 = "{SHA256}"', "list", "alpha") == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:6] == ["golden", "amd64", "raw", "9000", "sha256", "alpha"]
    assert run("/golden.raw", f'sha256 = "{SHA256}"', "fetch", "goldne") == 2


@pytest.mark.parametrize(
    ("form", "text", "found"),
    [
        ("gnu", f"{SHA256}  a.raw\n", SHA256),
        ("gnu", f"{SHA256} *./x/a.raw\r\n", SHA256),
        ("gnu", f"{SHA512}  a.raw\n{SHA256}\ta.raw", SHA256),
        ("gnu", f"{SHA256}  b.raw\n{SHA256[:-1]}  a.raw\n", None),
        ("bsd", f"SHA512 (a.raw) = {SHA512}\nSHA256 (a.raw) = {SHA256}\n", SHA256),
        ("bsd", f"SHA256 (b-a.raw) = {SHA256}\n", None),
        ("bare", f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{SHA256}  x\n", SHA256),
        ("bare", "", None),
    ],
)
def test_lists_of_checksums_are_read_as_they_are_published(form: str, text: str, found: str | None) -> None:
    assert find_digest(text, form, "sha256", "a.raw") == found
