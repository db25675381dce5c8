"""ssh(1) to stand-in hosts: a program of this name hands commands to the test, which runs them on the host."""

from __future__ import annotations

import json
import os
import socketserver
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .sandbox import Host

GIVEN = "/root/.given"
PROGRAM = """\
#!{python} -IS
import json, socket, sys
words = sys.argv[1:]
address, *command = words[words.index("--") + 1:]
path = {folder!r} + "/given." + address
with open(path, "wb") as stream:
    stream.write(sys.stdin.buffer.read())
link = socket.socket(socket.AF_UNIX)
link.connect({folder!r} + "/ssh.socket")
link.sendall(json.dumps([address, " ".join(command), path]).encode() + b"\\n")
status, out, err = json.loads(link.makefile().readline())
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(status)
"""


@contextmanager
def reached(hosts: Mapping[str, Host], folder: Path) -> Iterator[list[tuple[str, str]]]:
    """Lets ssh reach hosts at their addresses by a program in ``folder``; yields the commands that come."""
    asked: list[tuple[str, str]] = []
    locks = {address: threading.Lock() for address in hosts}

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            address, command, given = json.loads(self.rfile.readline())
            asked.append((address, command))
            self.wfile.write(json.dumps(answer(address, command, Path(given))).encode() + b"\n")

    def answer(address: str, command: str, given: Path) -> tuple[int, str, str]:
        if address not in hosts:
            return 255, "", f"ssh: connect to host {address} port 22: Connection refused\n"
        with locks[address]:
            given.replace(hosts[address].path(GIVEN))
            outcome = hosts[address].run("/bin/sh", "-c", f"exec <{GIVEN}; {command}")
            hosts[address].path(GIVEN).unlink()
        return outcome.status if outcome.status is not None else 1, outcome.out, outcome.err

    program = folder / "ssh"
    program.write_text(PROGRAM.format(python=sys.executable, folder=str(folder)))
    program.chmod(0o755)
    with socketserver.ThreadingUnixStreamServer(str(folder / "ssh.socket"), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        before = os.environ["PATH"]
        os.environ["PATH"] = f"{folder}{os.pathsep}{before}"
        try:
            yield asked
        finally:
            os.environ["PATH"] = before
            server.shutdown()
            thread.join()
