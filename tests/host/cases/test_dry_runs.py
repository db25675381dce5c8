"""Every verb that changes something takes -n: then it tells what it would do, runs no command that changes anything,
and leaves every file as it was."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from host import build, former
from host.golden_image import URLS
from host.link import Link
from host.play import HIVECTL
from host.sandbox import Host
from host.scenario import SCENARIOS
from projects import LIBRARY

LOOKS = {
    *("console", "devices", "help", "list", "log", "login", "metrics", "networks", "order", "snapshots", "status"),
    *("top", "topology", "verify", "version", "vnc"),
}
"""Verbs that change nothing of the host and its guests: whoever wants a file of them names it."""
PROGRAMS = {"event", "receive"}
"""Verbs that devd(8) and other hosts call, and nobody else."""

LOOKING = re.compile(
    r"date |ps |pgrep |stat |sha256 |sysctl -n |zfs (list|get) |ifconfig$|timeout |nc -U|awk |ssh |sort "
    r"|dd bs=\d+ count=1|tr |bhyvectl *(=|$)|\S+ .*/var/run/hivewright/transfer\.\d+(/piece)?$"
)
"""Commands that change nothing, but for a directory in which an archive is looked at, and which goes again."""


@dataclass(frozen=True)
class Dry:
    """What is tried, after what, and what is told of it."""

    words: str
    says: str
    site: str = "daily"
    after: str = ""

    @property
    def verb(self) -> str:
        return self.words.split()[0]


UP = "hivectl start db1"
DISK = "hivectl start db1; hivectl stop db1"
SHRUNK = f"{DISK}; zfs set volsize=1073741824 zroot/vms/db1/data"
MEDIUM = "mkdir -p /srv/iso; echo >/srv/iso/x.iso"
IMAGE = "hivectl image fetch golden"
FORMER = "\n".join(former.MAKE).replace("; ", "\n")
TAKEN = "mkdir -p /srv/vms/file1; echo >/srv/vms/file1/owner=gamma"
SAVED = "hivectl start web1; hivectl checkpoint create web1 v1; hivectl stop web1"
WRITTEN = f"{SAVED}; date +%s >/tmp/new; dd if=/tmp/new of=/dev/zvol/zroot/vms/web1/root bs=1048576"
TRIED = (
    Dry("start -n", "db1: would be started (wave 10)"),
    Dry("start -n --console db1", "db1: would be started (wave 10)"),
    Dry("start -n db1 --take-over beta", "db1: would be taken from beta, if that owns it"),
    Dry("start -n web1 --from v1", "web1: would run: bhyve -r", "checkpoints", SAVED),
    Dry("stop -n", "db1: would be stopped", after=UP),
    Dry("stop -n --host-shutdown", "db1: would be stopped", after=UP),
    Dry("restart -n db1", "db1: would be stopped", after=UP),
    Dry("reset -n db1", "db1: would run: bhyvectl --force-reset --vm=db1", after=UP),
    Dry("poweroff -n db1", "db1: would be powered off at once", after=UP),
    Dry("nmi -n db1", "db1: would run: bhyvectl --inject-nmi --vm=db1", after=UP),
    Dry("clone -n copy1 snap1", "snap1: would run: hivectl snapshot copy1 v1", "storage"),
    Dry("rename -n store1 shop1", "shop1: would run: zfs rename zroot/vms/store1 zroot/vms/shop1", "renamed", FORMER),
    Dry("provision -n shop1", "shop1: would run: mv /srv/vms/store1 /srv/vms/shop1", "renamed", FORMER),
    Dry("pause -n db1", "db1: would run: kill -STOP ", after=UP),
    Dry("pause -n db1", "db1: already paused", after=f"{UP}; hivectl pause db1"),
    Dry("resume -n db1", "db1: would run: kill -CONT ", after=f"{UP}; hivectl pause db1"),
    Dry("resume -n db1", "db1: would have its agent set its clock", "agent", f"{UP}; hivectl pause db1"),
    Dry("release -n db1", "db1: nothing of it is kept", after=UP),
    Dry("agent -n db1 shutdown", "db1: would tell its agent: shutdown", "agent", UP),
    Dry("agent -n db1 guest-fsfreeze-freeze", "db1: would tell its agent: guest-fsfreeze-freeze", "agent", UP),
    Dry("suspend -n web1", "web1: would run: bhyvectl --suspend=", "checkpoints", "hivectl start web1"),
    Dry("restore -n web1 v1", "web1: would run: bhyve -r /var/db", "checkpoints", SAVED),
    Dry("restore -n web1", "web1: would run: bhyve -r /", "checkpoints", "hivectl start web1; hivectl suspend web1"),
    Dry("restore -n --rollback web1 v1", "web1: would run: zfs rollback zroot/vms/web1/data@", "checkpoints", WRITTEN),
    Dry("restore -n --clone web1 v1", "web1: would run: zfs promote zroot/vms/web1/data", "checkpoints", WRITTEN),
    Dry("restore -n web1 v1", 'web1: there is no checkpoint "v1"; for those that there are', "checkpoints"),
    Dry("restore -n web1 v1", "web1: it runs (pid ", "checkpoints", "hivectl start web1"),
    Dry("restore -n web1", 'web1: there is no checkpoint "suspended"; for those that there are', "checkpoints"),
    Dry("suspend -n web1", "web1: it is stopped; only a running guest can be suspended", "checkpoints"),
    Dry("suspend -n db1", "db1: the bhyve of this host cannot save guests", after=UP),
    Dry("checkpoint create -n web1 v1", "web1: it is stopped; only a running guest can be saved", "checkpoints"),
    Dry("checkpoint delete -n web1 v1", 'web1: there is no checkpoint "v1"; there are: none', "checkpoints"),
    Dry("checkpoint create -n web1 v1", "web1: would run: bhyvectl --checkpoint=", "checkpoints", "hivectl start web1"),
    Dry(
        *("checkpoint delete -n web1 v1", "web1: would run: zfs destroy", "checkpoints"),
        "hivectl start web1; hivectl checkpoint create web1 v1",
    ),
    Dry("debug -n db1 gdb", "db1: would run: /usr/local/etc/hivewright/vms/db1/start debug gdb"),
    Dry("provision -n db1", "disk data: zroot/vms/db1/data would be made, of 4294967296 bytes", "disks"),
    Dry("provision -n db1", "disk data: zroot/vms/db1/data is there, and nothing would be done", "disks", DISK),
    Dry("provision -n db1", "would grow from 1073741824 to 4294967296 bytes", "disks", SHRUNK),
    Dry("snapshot -n db1 x", "db1: would run: zfs snapshot zroot/vms/db1/data@x", "disks", DISK),
    Dry("snapshot -n db1 x", "db1: there is zroot/vms/db1/data@x already", "disks", f"{DISK}; hivectl snapshot db1 x"),
    Dry("snapshot --delete -n db1 x", "would run: zfs destroy", "disks", f"{DISK}; hivectl snapshot db1 x"),
    Dry("rollback -n db1 x", "would run: zfs rollback -r", "disks", f"{DISK}; hivectl snapshot db1 x"),
    Dry("export -n db1", "zroot/vms/db1/data", "disks", DISK),
    Dry("import -n /tmp/db1.tar", "and is whole", "disks", f"{DISK}; hivectl export -o /tmp/db1.tar db1"),
    Dry("disk attach -n web1 db1/data", "is given to db1 by the site", "disks", DISK),
    Dry("disk grow -n db1 data 8G", "db1: would run: zfs set volsize=8589934592 zroot/vms/db1/data", "disks", DISK),
    Dry(
        "iso insert -n win1 drivers /srv/iso/x.iso", "drive drivers would have /srv/iso/x.iso from", "installs", MEDIUM
    ),
    Dry("iso eject -n win1 install", "drive install would be empty from its next start on", "installs"),
    Dry("image fetch -n golden", "image golden would be fetched from https://", "images"),
    Dry("image fetch -n golden", "image golden is there", "images", IMAGE),
    Dry("image remove -n golden", "would run: rm -f /var/cache/hivewright/golden", "images", IMAGE),
    Dry("network -n up", "network lan would be made"),
    Dry("network -n", "nothing would be", after="hivectl network up"),
    Dry("network -n down", "network lan would be undone", after="hivectl network up"),
    Dry("reload -n", "networks would be made anew"),
    Dry("replicate -n copied1", "copied1: would send beta what it wrote", "moves", "hivectl start copied1"),
    Dry("replicate -n --due", "copied1: would run: zfs snapshot zroot/vms/copied1/", "moves", "hivectl start copied1"),
    Dry("migrate -n --back file1 beta", "file1: it is not ours to take back: gamma", "moves", TAKEN),
    Dry("migrate -n --back web1 beta", "web1: would have beta give up its copy", "moves", "hivectl start web1"),
)
ELSEWHERE = {"failover", "migrate", "remove"}
"""Verbs that are tried below."""


def everything(host: Host) -> dict[str, Any]:
    """All that a verb could change: what there is on the host, and the files."""
    found: dict[str, Any] = {}
    for place in ("var", "srv", "usr/local/etc", "tmp"):
        for path in sorted((host.root / place).rglob("*")):
            kept = path.read_bytes() if path.is_file() and not path.is_symlink() else path.is_dir()
            found[str(path.relative_to(host.root))] = kept
    found["state"] = host.state()
    return found


def sh(host: Host, script: str) -> None:
    outcome = host.run("/bin/sh", "-c", f"set -e; {script.replace('hivectl', HIVECTL)}")
    assert outcome.status == 0, (script, outcome)


def tells_and_does_nothing(host: Host, words: str, says: str) -> None:
    host.advance(5)
    host.transcript()
    before = everything(host)
    outcome = host.run(HIVECTL, *words.split())
    assert says in outcome.out + outcome.err, outcome
    ran = [line.split(maxsplit=2)[2] for line in host.transcript()]
    assert [command for command in ran if not LOOKING.match(command)] == [], "\n".join(ran)
    assert everything(host) == before


@pytest.mark.parametrize("dry", TRIED, ids=lambda dry: f"{dry.words} {dry.after and 'after'}".strip())
def test_nothing_is_done(dry: Dry, open_site: Callable[..., Host]) -> None:
    settings: dict[str, Any] = {"urls": URLS, "snapshot": dry.site == "checkpoints", "modules": ["vmm"]}
    host = open_site(SCENARIOS / dry.site, "alpha", "dash", **settings)
    for command in filter(None, dry.after.split("; ")):
        sh(host, command)
        host.advance(5)
    tells_and_does_nothing(host, dry.words, dry.says)


def test_a_guest_stays_where_it_is(open_site: Callable[..., Host]) -> None:
    near, far = (open_site(SCENARIOS / "moves", name, "dash", net=True) for name in ("alpha", "beta"))
    link = Link({"192.0.2.11": near, "192.0.2.12": far})
    sh(near, "hivectl start web1; hivectl start copied1; hivectl replicate copied1")
    tells_and_does_nothing(near, "migrate -n web1 beta", "web1: would ")
    link.down = True
    tells_and_does_nothing(far, "failover -n copied1", "would run: zfs rollback -r zroot/vms/copied1/root@hivewright")
    tells_and_does_nothing(far, "failover -n copied1", "copied1: would make beta its owner, and be started")


def test_disks_that_left_the_site_stay(open_site: Callable[..., Host]) -> None:
    site = SCENARIOS / "removed"
    host = open_site(site, "alpha", "dash")
    text = (site / "site.toml").read_text()
    sh(host, "hivectl start web1; hivectl stop web1; hivectl start safe1")
    build.install(host, (text[text.index("[vm.web1]") : text.index("[vm.safe1]")], ""), site=site)
    tells_and_does_nothing(host, "disk attach -n safe1 web1/data", "web1/data (zroot/vms/web1/data) would be attached")
    tells_and_does_nothing(host, "disk destroy -n web1 data", "would run: zfs destroy zroot/vms/web1/data")
    tells_and_does_nothing(host, "disk destroy -n web1 papers", "would run: rm /srv/vms/web1/papers.img")
    tells_and_does_nothing(host, "remove -n web1", "web1: all of this would be destroyed:\n    zroot/vms/web1/")
    sh(host, "hivectl disk attach safe1 web1/data")
    tells_and_does_nothing(host, "disk detach -n safe1 web1/data", "web1/data (zroot/vms/web1/data) would be detached")


def test_every_verb_is_tried_or_changes_nothing() -> None:
    verbs = {path.name for path in Path(LIBRARY / "verbs").iterdir() if not path.name.startswith("_")}
    tried = {dry.verb for dry in TRIED} | ELSEWHERE
    assert verbs == tried | LOOKS | PROGRAMS
    assert not tried & (LOOKS | PROGRAMS)


def test_every_form_of_a_verb_that_changes_something_takes_n() -> None:
    """But for those that list, and those that only look."""
    for verb in sorted({dry.verb for dry in TRIED} | ELSEWHERE):
        text = (LIBRARY / "verbs" / verb).read_text()
        match = re.search(r"(?ms)^usage='([^']*)'$", text)
        assert match is not None
        for form in match[1].split("\n"):
            looks = re.match(r"\w+ (list|show|verify)\b", form)
            assert looks or "[-n]" in form or form == "stop --host-shutdown", form
