"""Two hosts and a guest that goes from one to the other, in each of the ways to move it."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from host.link import Link
from host.play import HIVECTL
from host.sandbox import Host, Outcome

HERE, THERE = "192.0.2.11", "192.0.2.12"


@dataclass(frozen=True)
class Way:
    """A guest of the site of moves, and how it goes."""

    guest: str
    place: str
    """The dataset or directory of its disks, if it has any."""
    words: tuple[str, ...] = ()
    """What ``hivectl migrate`` is told besides."""
    settings: dict[str, object] = field(default_factory=dict)
    least: int = 5
    """So many steps there are at least, of whichever kind."""
    needs_memory: bool = False
    """It cannot go so when it is off."""


LIVE: dict[str, object] = {"net": True, "snapshot": True, "migrates": True}
WAYS = {
    "cold": Way("web1", "zroot/vms/web1"),
    "files": Way("file1", "/srv/vms/file1"),
    "shared": Way("mail1", "/net/vms/mail1", settings={"net": True}, least=3),
    "frozen": Way("small1", "zroot/vms/small1", ("--method", "frozen"), {"snapshot": True}),
    "live": Way("live1", "/net/vms/live1", ("--method", "live"), LIVE, needs_memory=True),
    "bare": Way("bare1", "", ("--method", "live"), LIVE, least=3, needs_memory=True),
    "copied": Way("copied1", "zroot/vms/copied1"),
}


@dataclass
class Pair:
    """The guest is on the near one, which is alpha, or, where it returns, beta."""

    way: Way
    near: Host
    far: Host
    link: Link
    returns: bool = False
    last: dict[str, str] = field(default_factory=dict)
    """What its disks held when all was well."""
    pid: str = ""
    """Of its bhyve then, if it runs."""

    @property
    def home(self) -> str:
        """The name of the near host."""
        return "beta" if self.returns else "alpha"

    @property
    def away(self) -> str:
        """The name of the far host."""
        return "alpha" if self.returns else "beta"

    def both(self) -> tuple[Host, Host]:
        return self.near, self.far

    def done(self, host: Host, *words: str) -> None:
        """A command that succeeds."""
        outcome = host.run(HIVECTL, *words)
        assert outcome.status == 0, f"{words}: {outcome}\n{self.report()}"

    def sh(self, host: Host, script: str) -> None:
        outcome = host.run("/bin/sh", "-c", script)
        assert outcome.status == 0, outcome

    def forget(self) -> None:
        """Neither host knows anything of the guest."""
        guest = self.way.guest
        self.link.down = False
        self.link.cut_at(0)
        for host in self.both():
            self.sh(host, f"{HIVECTL} stop {guest} >/dev/null 2>&1; true")
            host.advance(30)
        dataset = f"zroot/vms/{guest}"
        for host in self.both():
            self.sh(
                host,
                f"for each in $(zfs list -Hrt snapshot -o name {dataset} 2>/dev/null);"
                f" do zfs release hivewright:sent $each 2>/dev/null; done; zfs destroy -r {dataset} 2>/dev/null;"
                f" rm -rf /var/db/hivewright/{guest} /var/run/hivewright/{guest} /net/vms /srv/vms; true",
            )

    def anew(self, ends: bool) -> None:
        """The guest runs on the near host, unless it ends, and wrote to its disks; the far one knows nothing of it, or
        what it had before the guest went."""
        self.forget()
        first = self.far if self.returns else self.near
        for host in self.both():
            writes = host in (first, self.near)
            host.guest(self.way.guest, *([{"writes": 1}] if writes else []), *[{}] * 7)
        self.done(first, "start", self.way.guest)
        first.advance(5)
        self.written(first, "one")
        if self.returns:
            self.done(first, "migrate", *self.way.words, self.way.guest, self.home)
            self.near.advance(5)
            self.written(self.near, "two")
        self.pid = text_of(self.near, f"/var/run/hivewright/{self.way.guest}/pid")
        if ends:
            self.done(self.near, "stop", self.way.guest)
            self.pid = ""
        self.last = self.contents(self.near)
        assert self.last
        assert set(self.last.values()) != {"nothing"}
        for host in self.both():
            host.transcript()

    def written(self, host: Host, text: str) -> None:
        """Guests write to volumes by themselves."""
        if self.way.place.startswith("/"):
            self.sh(host, f"printf {text} | dd of={self.way.place}/root.img conv=notrunc status=none")

    def contents(self, host: Host) -> dict[str, str]:
        place = self.way.place
        if not place:
            return {"disks": "none"}
        if place.startswith("/"):
            return {
                path.name: sha256(path.read_bytes()).hexdigest() if path.stat().st_size < 1 << 24 else head(path)
                for path in host.path(place).glob("*.img")
            }
        lines = [line.split() for line in host.state() if line.startswith(f"volume {place}/")]
        return {line[1].rpartition("/")[2]: line[3] for line in lines}

    def owner(self, host: Host) -> str:
        place = self.way.place
        if not place:
            return text_of(host, f"/var/db/hivewright/{self.way.guest}/home")
        if place.startswith("/"):
            return " ".join(path.name.removeprefix("owner=") for path in host.path(place).glob("owner=*"))
        return host.run("/sbin/zfs", "get", "-H", "-o", "value", "hivewright:owner", place).out.strip()

    def running(self) -> list[Host]:
        return [host for host in self.both() if f"guest {self.way.guest}" in host.state()]

    def migrated(self, *words: str) -> Outcome:
        """The guest goes to the far host, or back."""
        words = words or self.way.words
        self.near.spawn(HIVECTL, "migrate", *words, self.way.guest, self.away, name="operator")
        return self.near.wait("operator")

    def never_two(self, where: str) -> None:
        for host in self.both():
            host.advance(0)
        owners = [self.owner(host) for host in self.both()]
        assert owners != [self.home, self.away], where
        assert len(self.running()) <= 1, where

    def has_memory(self, host: Host) -> bool:
        """Whether the guest on a host is the one that ran when all was well, or goes on from what that held."""
        run = f"/var/run/hivewright/{self.way.guest}"
        same = host is self.near and text_of(host, f"{run}/pid") == self.pid
        return not self.pid or same or bool(text_of(host, f"{run}/restored"))

    def report(self) -> str:
        return "\n".join(
            f"-- {name}\n" + "\n".join(host.transcript()[-60:])
            for name, host in ((self.home, self.near), (self.away, self.far))
        )


def head(path: object) -> str:
    """A large disk is written at its beginning only."""
    with open(str(path), "rb") as stream:
        return sha256(stream.read(1 << 20)).hexdigest()


def text_of(host: Host, path: str) -> str:
    file = host.path(path)
    return file.read_text().strip() if file.is_file() else ""
