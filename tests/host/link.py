"""Stand-in hosts that reach each other by ssh(1), and a link between them that can be cut at every message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from .sandbox import Host

GIVEN = "/root/.given"
RECEIVE = "hivectl receive"
"""What a forced command of authorized_keys lets a host run on another one."""
CUT = ("before", "within", "after")
"""A message that was cut: it never came; half of it came; it came, and what was answered did not."""


class Link:
    """Joins hosts, by their addresses."""

    def __init__(self, hosts: Mapping[str, Host]) -> None:
        self.hosts = hosts
        self.asked: list[str] = []
        """The first line of each message since the last ``cut_at``."""
        self.cut = (0, "")
        self.down = False
        self.waiting: list[Host] = []
        self.met: Callable[[], None] = lambda: None
        """Called before a message is taken there, and before a guest comes."""
        for host in hosts.values():
            host.reach = partial(self.reach, host)  # type: ignore[method-assign]

    def cut_at(self, message: int, how: str = "before") -> None:
        """The N-th message from now is cut; 0: none."""
        self.cut, self.asked = (message, how), []

    def reach(self, near: Host, words: list[str], given: Path) -> tuple[str, str, int]:
        """What ssh prints to both outputs, and its status; ``given`` has its standard input.

        A host that itself waits for another one's answer does not answer meanwhile."""
        address, command = words
        if command.startswith("bhyve "):
            return self.send_guest(address, command.partition(" ")[2], given.read_text())
        lost = "", f"Connection to {address} port 22 timed out\n", 255
        if self.down or address not in self.hosts or self.hosts[address] in self.waiting:
            return lost
        assert command == RECEIVE, command
        data = given.read_bytes()
        self.asked.append(data.partition(b"\n")[0].decode())
        number, how = self.cut
        cut = how if len(self.asked) == number else ""
        if cut == "before":
            return lost
        if cut == "within":
            data = data[: len(data) // 2]
        far = self.hosts[address]
        far.path(GIVEN).write_bytes(data)
        self.met()
        self.waiting.append(near)
        outcome = far.run("/bin/sh", "-c", f"exec <{GIVEN}; exec /usr/local/sbin/{command}", name="ssh")
        far.advance(0)
        self.waiting.pop()
        if cut or outcome.status is None or outcome.status < 0:
            return lost
        return outcome.out, outcome.err, outcome.status

    def send_guest(self, address: str, port: str, what: str) -> tuple[str, str, int]:
        """One bhyve sends its guest to another one, which counts as a message."""
        lost = "", "Could not recv migration completed remote or received error\r\n", 1
        if self.down or address not in self.hosts:
            return lost
        self.asked.append(f"hivewright 1 bhyve {port}")
        number, how = self.cut
        cut = how if len(self.asked) == number else ""
        if cut == "before":
            return lost
        far = self.hosts[address]
        self.met()
        said = far.call("arrive", port=port, what=what[: len(what) // 2] if cut == "within" else what)
        far.advance(3)
        return lost if cut else ("", said, 1 if said else 0)
