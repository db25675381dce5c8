"""Scenarios of files that left the site, are missing, or were changed on the host."""

from __future__ import annotations

from pathlib import Path

from host.build import install
from host.networks import FRAMES
from host.play import Play
from host.scenario import scenario

SITE = Path(__file__).parent
ETC = "/usr/local/etc/hivewright/vms"
HOOKS = f"{ETC}/hook1/hooks"
SEED = f"{ETC}/seed1/seed"
GATHERED = "/var/db/hivewright/seed1/seed.new"
CHANGED = "was changed on this host since it was shipped; ship it again, or take the change into the site"
MISSING = "is missing on this host; ship its files again"


def hooks_ran(play: Play) -> list[str]:
    """What hooks ran since the last call: moment and name."""
    path = play.host.path("/tmp/hooks")
    lines = path.read_text().splitlines() if path.exists() else []
    path.write_text("")
    return lines


@scenario()
def hooks_that_left_the_site(play: Play) -> None:
    """Shipping leaves them on the host, where they do nothing; one that stays runs as before."""
    play.made("hook1")
    assert hooks_ran(play) == [
        "prestart first",
        "prestart second",
        "poststart first",
        "prestop first",
        "poststop first",
    ]
    install(
        play.host,
        (
            'prestart = ["hooks/first.sh", "hooks/second.sh"]\npoststart = ["hooks/first.sh"]',
            'prestart = ["hooks/first.sh"]',
        ),
        site=SITE,
    )
    assert play.host.path(f"{HOOKS}/prestart/20-second.sh").exists()
    assert play.host.path(f"{HOOKS}/poststart/10-first.sh").exists()
    play.hivectl("start", "hook1", says="hook1: started (pid N)")
    play.order(f"sha256 -q {HOOKS}/prestart/10-first.sh", f"timeout * {HOOKS}/prestart/10-first.sh", "bhyve ... hook1")
    play.down("hook1")
    assert hooks_ran(play) == ["prestart first", "prestop first", "poststop first"]


@scenario()
def nobody_named_a_hook(play: Play) -> None:
    """A program that somebody put beside the hooks does not run, at any moment."""
    for moment in ("prestart", "poststart", "prestop", "poststop", "crash"):
        play.sh(f"mkdir -p {HOOKS}/{moment}; cp {HOOKS}/prestart/20-second.sh {HOOKS}/{moment}/05-mine.sh")
        play.sh(f"mkdir -p {ETC}/seed1/hooks/{moment}; cp {HOOKS}/prestart/20-second.sh {ETC}/seed1/hooks/{moment}/")
    play.guest("hook1", {"end": "triple", "after": 10}, {})
    play.up("hook1", "seed1")
    play.wait(100)
    play.down("hook1", "seed1")
    ran = hooks_ran(play)
    assert ran.count("prestart second") == 1
    assert [line for line in ran if line.endswith("second")] == ["prestart second"]
    assert "crash first" in ran


@scenario()
def changed_hooks(play: Play) -> None:
    """One that was changed by hand does not run: before a start it is refused, at other moments it is told."""
    play.made("hook1")
    hooks_ran(play)
    second = play.host.path(f"{HOOKS}/prestart/20-second.sh")
    shipped = second.read_text()
    second.write_text(shipped + "exit 0\n")
    failed = f"the hook prestart/20-second.sh {CHANGED}"
    play.hivectl("start", "hook1", status=1, says=f"hook1: {failed}")
    play.order(f"sha256 -q {HOOKS}/prestart/10-first.sh {HOOKS}/prestart/20-second.sh", "sha256")
    play.never("bhyve", "ifconfig tap")
    assert play.phase("hook1") == f"failed: {failed}"
    assert hooks_ran(play) == ["poststop first"]
    play.nothing_left()
    second.write_text(shipped)
    for moment in ("poststart", "prestop", "poststop"):
        play.sh(f"echo '# mine' >>{HOOKS}/{moment}/10-first.sh")
    play.hivectl("start", "hook1", says="hook1: started (pid N)")
    assert f"the hook poststart/10-first.sh {CHANGED}" in play.log("hook1")
    told = f"hook1: the hook prestop/10-first.sh {CHANGED}"
    play.hivectl("stop", "hook1", says=[told, "hook1: stopped: a stop was asked for"])
    assert f"the hook poststop/10-first.sh {CHANGED}" in play.log("hook1")
    assert hooks_ran(play) == ["prestart first", "prestart second"]
    play.nothing_left()


@scenario()
def missing_hooks(play: Play) -> None:
    """What a script names must be there, even where the whole folder is gone."""
    play.made("hook1")
    hooks_ran(play)
    play.sh(f"mv {HOOKS}/prestart/10-first.sh /tmp/kept")
    play.hivectl("start", "hook1", status=1, says=f"hook1: the hook prestart/10-first.sh {MISSING}")
    play.never("bhyve", "ifconfig tap")
    play.sh(f"mv /tmp/kept {HOOKS}/prestart/10-first.sh")
    play.sh(f"chmod a-x {HOOKS}/prestart/20-second.sh")
    says = "hook1: the hook prestart/20-second.sh is not executable; ship it with its mode"
    play.hivectl("start", "hook1", status=1, says=says)
    play.sh(f"chmod a+x {HOOKS}/prestart/20-second.sh")
    play.up("hook1")
    hooks_ran(play)
    play.sh(f"rm -r {HOOKS}")
    told = f"hook1: the hook prestop/10-first.sh {MISSING}"
    play.hivectl("stop", "hook1", says=[told, "hook1: stopped: a stop was asked for"])
    assert f"the hook poststop/10-first.sh {MISSING}" in play.log("hook1")
    assert hooks_ran(play) == []


@scenario()
def a_running_guest_takes_what_was_shipped_last(play: Play) -> None:
    """Its supervisor reads which hooks there are when it wants them."""
    play.up("hook1")
    hooks_ran(play)
    install(
        play.host,
        ('poststop = ["hooks/first.sh"]', 'poststop = ["hooks/second.sh", "hooks/first.sh"]'),
        ('prestop = ["hooks/first.sh"]\n', ""),
        site=SITE,
    )
    assert play.host.path(f"{HOOKS}/prestop/10-first.sh").exists()
    play.hivectl("stop", "hook1", says="hook1: stopped: a stop was asked for")
    assert hooks_ran(play) == ["poststop second", "poststop first"]


@scenario()
def hooks_of_a_killed_supervisor(play: Play) -> None:
    """Whoever cleans up runs those that the script names."""
    play.up("hook1")
    hooks_ran(play)
    play.sh(f"cp {HOOKS}/poststop/10-first.sh {HOOKS}/poststop/20-mine.sh")
    play.kill("supervisor hook1", "bhyve hook1")
    play.hivectl("stop", "hook1")
    assert hooks_ran(play) == ["poststop first"]
    play.nothing_left()


def on_medium(play: Play) -> list[str]:
    """The files on the medium of seed1."""
    lines = play.host.path("/var/db/hivewright/seed1/seed.iso").read_text().splitlines()
    return [line[3:] for line in lines if line.startswith("== ")]


@scenario()
def files_beside_the_seed(play: Play) -> None:
    """What the script does not name is not on the medium, and no copy of first-boot data stays behind."""
    play.sh(f"echo secret >{SEED}/vendor-data; mkdir {SEED}/more; echo x >{SEED}/more/file")
    play.sh(f"mkdir -p {GATHERED}; echo old >{GATHERED}/vendor-data")
    play.hivectl("start", "seed1")
    names = ["meta-data", "network-config", "user-data"]
    paths = " ".join(f"{SEED}/{name}" for name in names)
    play.order(f"sha256 -q {paths}", f"cp {paths} {GATHERED}", "makefs", "bhyve ... seed1")
    assert on_medium(play) == names
    assert not play.host.path(GATHERED).exists()


@scenario()
def a_seed_that_left_the_site(play: Play) -> None:
    """A file that a later build does not make is on the host still, and not on the next medium."""
    play.made("seed1")
    assert on_medium(play) == ["meta-data", "network-config", "user-data"]
    install(play.host, ('users = ["alice"]', 'users = ["alice"]\nnetwork = false'), site=SITE)
    assert play.host.path(f"{SEED}/network-config").exists()
    play.up("seed1")
    assert on_medium(play) == ["meta-data", "user-data"]


@scenario(sysctl=FRAMES)
def a_changed_seed(play: Play) -> None:
    """A file of the seed that was changed on the host, or is missing, is refused before anything is made of it."""
    path = play.host.path(f"{SEED}/user-data")
    shipped = path.read_text()
    path.write_text(shipped + "# mine\n")
    made = [
        "seed1: disk root: creating the file",
        "seed1: making the UEFI variables",
        "seed1: making the first-boot data",
    ]
    says = f"seed1: provisioning failed: first-boot data: user-data {CHANGED}"
    play.hivectl("start", "seed1", status=1, says=[*made, says])
    play.never("makefs", "bhyve", f"cp * {GATHERED}")
    path.unlink()
    says = f"seed1: provisioning failed: first-boot data: user-data {MISSING}"
    play.hivectl("start", "seed1", status=1, says=["seed1: making the first-boot data", says])
    play.never("makefs", "bhyve")
    path.write_text(shipped)
    play.hivectl("start", "seed1", says=["seed1: making the first-boot data", "seed1: started (pid N)"])


LYING = {
    "forwarding": ("/usr/local/etc/rc.conf.d/routing/hivewright", 'gateway_enable="YES"'),
    "rate limits": ("/usr/local/etc/rc.conf.d/ipfw/hivewright", 'dummynet_enable="YES"'),
    "translation": ("/usr/local/etc/hivewright/pf.conf", "nat on ix0"),
    "a forward": ("/usr/local/etc/hivewright/pf.conf", "port 2222"),
    "pipes": ("/usr/local/etc/hivewright/ipfw.rules", "pipe"),
    "addresses": ("/usr/local/etc/hivewright/dnsmasq.conf", "dhcp-range"),
}


@scenario()
def what_is_no_longer_said_goes(play: Play) -> None:
    """Files that act by lying on a host are replaced by files without a word, though shipping removes none."""

    def acting() -> list[str]:
        return [what for what, (path, text) in LYING.items() if text in play.host.path(path).read_text()]

    assert acting() == list(LYING)
    text = (SITE / "site.toml").read_text()
    install(
        play.host,
        (text[text.index("[network.lab]") : text.index("[storage.plain]")], ""),
        (text[text.index("# nat1:") :], ""),
        site=SITE,
    )
    assert acting() == []
    assert play.host.path(f"{ETC}/nat1/start").exists()
    play.sh('. /usr/local/etc/rc.conf.d/routing/hivewright; [ -z "${gateway_enable-}" ]')
    play.hivectl("start", "nat1", status=1, says='there is no VM "nat1" on this host')
