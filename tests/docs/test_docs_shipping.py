"""The guide to shipping, followed word for word on the workstation and on the stand-in host."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from conftest import write_files
from guides import blocks, environment_at
from host.remote import reached
from host.sandbox import Host

pytest_plugins = ["host.fixtures"]

ON_HOST = "# on alpha\n"
ADDRESS = "alpha.example.net"
IMAGE = b"what a guest boots\n"


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and prints nothing."""

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture(name="publisher")
def open_publisher(tmp_path: Path) -> Iterator[str]:
    """The address of a server that has an image."""
    write_files(tmp_path / "publisher", {"golden.raw": IMAGE.decode()})
    handler = partial(Quiet, directory=str(tmp_path / "publisher"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()
        thread.join()


def test_the_guide_brings_a_bundle_to_its_host(tmp_path: Path, publisher: str, open_empty: Callable[..., Host]) -> None:
    host = open_empty("dash")
    (tmp_path / "ssh").mkdir()
    folder, said, ran = tmp_path, [], {}
    with reached({ADDRESS: host}, tmp_path / "ssh") as asked:
        environment = environment_at(tmp_path)
        for text in blocks("shipping.md"):
            if text.startswith(ON_HOST):
                for archive in folder.glob("*.tar*"):
                    shutil.move(archive, host.path("/root") / archive.name)
                for command in text.removeprefix(ON_HOST).splitlines():
                    outcome = host.run("/bin/sh", "-c", f"PATH=$PATH:/usr/local/sbin; cd /root; {command}")
                    assert (outcome.status, outcome.err) == (0, ""), command
                    said.append(outcome.out)
                continue
            if "--images" in text:
                change_image(folder / "site", publisher)
                subprocess.run(["sh", "-c", "hivewright -q build"], cwd=folder, env=environment, check=True)
            for command in text.splitlines():
                if command.startswith("cd "):
                    folder = folder / command.removeprefix("cd ")
                    continue
                done = subprocess.run(
                    ["sh", "-c", command], cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True
                )
                ran[command] = done.stdout
    assert "alpha: would install: " in said[1]
    assert "alpha: run: service devd restart" in said[2]
    # The interpreter of the stand-in host may lie in a hidden folder there.
    assert [path for path in host.path("/root").iterdir() if not path.name.startswith(".")] == []
    assert host.path("/var/db/hivewright/media/golden.raw").read_bytes() == IMAGE
    assert {where for where, _ in asked} == {ADDRESS}
    assert ran["hivewright drift alpha"] == "alpha: nothing differs\n"
    listed = host.run("/usr/local/sbin/hivectl", "list")
    assert "guest1           stopped" in listed.out


def change_image(site: Path, publisher: str) -> None:
    """The guest is made from an image that this machine can fetch."""
    text = f'[image.golden]\nurl = "{publisher}/golden.raw"\nsha256 = "{sha256(IMAGE).hexdigest()}"\n'
    (site / "images.toml").write_text(text)
    guest = site / "vms" / "guest1.toml"
    guest.write_text(guest.read_text().replace('image = "debian-13"', 'image = "golden"'))
