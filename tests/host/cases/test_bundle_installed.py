"""What hivewright bundle packed is installed on the stand-in host by the script in the bundle."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from host.bundles import packed
from host.installs import CHANGES, PF, RECORD, SITE, VMS, Installing, after, before, lying, meant, recorded
from host.play import HIVECTL
from host.sandbox import SHELLS, Host

pytest_plugins = ["host.fixtures", "host.install_fixtures"]

Open = Callable[..., Host]


def test_a_host_that_has_nothing_gets_all_of_it(open_empty: Open) -> None:
    play = Installing(open_empty("dash"))
    play.unpack(before(), "/root/a")
    said = play.install("/root/a")
    assert said[-1] == f"alpha: installed: {len(meant(before()))} new, 0 changed, 0 removed"
    assert said[:-1] == [
        "alpha: run: service devd restart",
        "alpha: run: pfctl -a hivewright -f /usr/local/etc/hivewright/pf.conf",
        "alpha: run: service ipfw restart",
        "alpha: run: service dnsmasq restart",
        "alpha: run: service routing restart",
        "alpha: run: shutdown -r now",
    ]
    play.is_as(before())
    assert host_mode(play.host, f"{VMS}/seed1/seed") == 0o700
    assert host_mode(play.host, f"{VMS}/seed1") == 0o755
    assert play.host.run(HIVECTL, "list").out.count("stopped") == 7
    assert play.install("/root/a") == ["alpha: all files are as they were packed"]
    play.never(*CHANGES)


def host_mode(host: Host, path: str) -> int:
    return host.path(path).stat().st_mode & 0o777


@pytest.mark.parametrize("shell", SHELLS)
def test_another_build_replaces_an_earlier_one(shell: str, installing: Callable[..., Installing]) -> None:
    play = installing(shell)
    was = lying(play.host)
    assert play.install("/root/b", "-n") == [
        "alpha: would install: 0 new, 8 changed, 4 removed",
        *(f"  ~ {path}" for path in (
            "/usr/local/etc/devd/hivewright.conf",
            "/usr/local/etc/hivewright/dnsmasq.conf",
            "/usr/local/etc/hivewright/ipfw.rules",
            PF,
            f"{VMS}/hook1/start",
            "/usr/local/etc/rc.conf.d/ipfw/hivewright",
            "/usr/local/etc/rc.conf.d/routing/hivewright",
            "/usr/local/etc/hivewright/host.conf",
        )),
        f"  - {VMS}/hook1/hooks/prestart/20-second.sh",
        *(f"  - {VMS}/nat1/{name}" for name in ("provision", "start", "stop")),
        "  then: service devd restart",
        "  then: pfctl -a hivewright -f /usr/local/etc/hivewright/pf.conf",
        "  then: service ipfw restart",
        "  then: service dnsmasq restart",
        "  then: service routing restart",
    ]  # fmt: skip
    play.never(*CHANGES)
    assert lying(play.host) == was
    said = play.install("/root/b")
    assert said[-1] == "alpha: installed: 0 new, 8 changed, 4 removed"
    assert "alpha: run: service devd restart" in said
    play.never("service", "pfctl")
    moved = [command.split()[-1] for command in play.step if command.startswith("mv ")]
    assert moved[0] == RECORD
    assert moved[-2:] == ["/usr/local/etc/hivewright/host.conf", RECORD], "what it names is there before"
    play.is_as(after())
    assert not play.host.path(f"{VMS}/nat1").exists()
    assert play.install("/root/b") == ["alpha: all files are as they were packed"]


def test_what_does_no_harm_is_restarted_on_request(installing: Callable[..., Installing]) -> None:
    play = installing()
    said = play.install("/root/b", "-r", status=1)
    play.order("service devd restart", "pfctl -a hivewright -f", "service dnsmasq restart")
    play.never("service ipfw", "service routing")
    assert "alpha: run: service ipfw restart" in said
    assert f"alpha: pfctl -a hivewright -f {PF} failed: pfctl: /dev/pf: No such file or directory" in said
    play.sh("kldload pf")
    play.install("/root/b", "-r", status=1)
    play.order("pfctl -a hivewright -f", "service dnsmasq restart")
    assert play.install("/root/b") == [
        "alpha: run: service dnsmasq restart",
        "alpha: all files are as they were packed",
    ]


def test_a_file_that_was_changed_on_the_host_is_told_and_replaced_on_request_only(
    installing: Callable[..., Installing],
) -> None:
    play = installing()
    play.sh(f"echo '# mine' >>{PF}; chmod 0644 {VMS}/seed1/seed/user-data")
    was = lying(play.host)
    said = play.install("/root/b", status=1)
    assert said[0] == f"  {PF}"
    assert "were changed on this host since they were installed" in said[1]
    play.never(*CHANGES)
    assert lying(play.host) == was
    assert f"  ! {PF}, changed on this host" in play.install("/root/b", "-n")
    assert f"  ! {PF}, changed on this host" in play.install("/root/b", "-f")
    play.is_as(after())


def test_a_file_that_is_not_wanted_any_more_stays_if_it_was_changed(installing: Callable[..., Installing]) -> None:
    play = installing()
    mine = f"{VMS}/nat1/start"
    text = play.host.path(mine).read_text()
    play.sh(f"echo '# mine' >>{mine}; echo 1 >{VMS}/nat1/notes; echo 2 >/usr/local/etc/devd/mine.conf")
    told = f"  kept: {mine}, changed on this host and not wanted any more"
    assert told in play.install("/root/b")
    assert sorted(path.name for path in play.host.path(f"{VMS}/nat1").iterdir()) == ["notes", "start"]
    assert play.install("/root/b") == ["alpha: all files are as they were packed", told]
    play.host.path(mine).write_text(text)
    assert play.install("/root/b") == ["alpha: installed: 0 new, 0 changed, 1 removed"]
    assert [path.name for path in play.host.path(f"{VMS}/nat1").iterdir()] == ["notes"]
    assert play.host.path("/usr/local/etc/devd/mine.conf").exists()
    assert f"{VMS[1:]}/nat1/start" not in recorded(play.host)


def test_what_is_no_file_is_in_the_way(installing: Callable[..., Installing]) -> None:
    play = installing()
    play.sh(f"rm {PF}; mkdir {PF}; mv {VMS}/hook1/start /tmp/start; ln -s /tmp/start {VMS}/hook1/start")
    said = play.install("/root/b", "-f", status=1)
    assert said[:2] == [f"  {PF}", f"  {VMS}/hook1/start"]
    assert "are no files; move them away" in said[2]
    play.never(*CHANGES)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (f"echo >>/root/b/hosts/alpha/root{PF}", "files below /root/b/hosts/alpha/root are not those that were packed"),
        ("rm /root/b/runtime/root/usr/local/sbin/hivectl", "hivectl is missing; unpack the archive again"),
        ("sed -i /sbin.hivectl/d /root/b/runtime/MANIFEST", "files below /root/b are not those that were packed"),
        ("echo x >>/root/b/MANIFEST", "/root/b/MANIFEST is no MANIFEST"),
        ("rm /root/b/hosts/alpha/MANIFEST", "hosts/alpha/MANIFEST is missing"),
        ("sed -i '2s,^,../,' /root/b/hosts/alpha/MANIFEST; cd /root/b; sed -i '/alpha.MANIFEST/d' MANIFEST",
         "/root/b/hosts/alpha/MANIFEST is no MANIFEST"),
        ("cd /root/b; sed -i '/alpha.MANIFEST/d' MANIFEST; sed -i '1s,..$,xx,' hosts/alpha/MANIFEST",
         "the runtime that was packed is not the one of this host"),
    ],
)  # fmt: skip
def test_nothing_is_touched_by_a_bundle_that_is_not_whole(
    harm: str, says: str, installing: Callable[..., Installing]
) -> None:
    play = installing()
    was, record = lying(play.host), play.host.path(RECORD).read_text()
    play.sh(harm)
    said = play.install("/root/b", "-f", status=1)
    assert says in said[-1]
    play.never(*CHANGES)
    assert (lying(play.host), play.host.path(RECORD).read_text()) == (was, record)


def test_a_host_gets_its_own_files_only(installing: Callable[..., Installing], tmp_path: Path) -> None:
    play = installing()
    site = tmp_path / "site"
    shutil.copytree(SITE, site)
    text = (site / "site.toml").read_text()
    (site / "site.toml").write_text(f'{text}\n[host.beta]\nfreebsd = "14.3"\n')
    play.unpack(packed(site, "alpha", "beta"), "/root/c")
    said = play.install("/root/c", "beta", status=1)
    assert "this host is alpha, not beta" in said[0]
    play.install("/root/c", "-n", "alpha")
    play.unpack(packed(site, "beta"), "/root/d")
    assert play.install("/root/d", status=1) == ['install: there is no host "alpha" here; there are: beta']
    play.sh("rm /usr/local/etc/hivewright/host.conf")
    assert play.install("/root/d", status=1) == ['install: there is no host "alpha" here; there are: beta']
    assert play.install("/root/d", "beta", "-n", status=2)[0].startswith("usage:")
    assert play.install("/root/d", "-f", "beta")[-1].startswith("beta: installed: ")
    assert play.host.run(HIVECTL, "list").out.count("stopped") == 0


def test_guests_that_run_are_told(installing: Callable[..., Installing]) -> None:
    play = installing()
    play.up("hook1", "nat1", "seed1")
    said = play.install("/root/b")
    left = "alpha: nat1 runs, and left this host: hivectl stop nat1, and install again, which removes its files"
    older = "alpha: hook1 runs with an older definition: hivectl restart hook1"
    assert said[-3:] == ["alpha: installed: 0 new, 8 changed, 1 removed", left, older]
    assert play.host.path(f"{VMS}/nat1/start").exists()
    play.hivectl("stop", "nat1", "hook1")
    assert play.install("/root/b") == ["alpha: installed: 0 new, 0 changed, 3 removed"]
    play.is_as(after())


def test_what_a_host_lacks_is_told(installing: Callable[..., Installing]) -> None:
    play = installing()
    lacks = [line for line in play.do("/bin/sh", "/root/a/install", "-n").out.splitlines() if "missing" in line]
    assert [line.removeprefix("alpha: missing: ").split(":")[0] for line in lacks] == [
        "pkg install dnsmasq",
        "mkdir -p /srv/vms",
        "/srv/setup.iso",
        "/usr/local/etc/hivewright/secrets/bob",
        "/usr/local/etc/hivewright/secrets/token",
        "sysrc hivewright_enable=YES",
        "rcshutdown_timeout=665",
    ]
    play.sh("mkdir -p /srv/vms; echo >/usr/local/sbin/dnsmasq")
    play.sh(
        "cd /usr/local/etc/hivewright && umask 077 && mkdir -p secrets && echo x >secrets/bob && echo x >secrets/token"
    )
    play.sh("touch /srv/setup.iso")
    play.sh("printf 'hivewright_enable=\"yes\"\\nrcshutdown_timeout=700\\n' >>/etc/rc.conf")
    assert "missing" not in play.do("/bin/sh", "/root/a/install", "-n").out


def test_two_installations_do_not_meet(installing: Callable[..., Installing]) -> None:
    play = installing()
    play.spawn("other", "lockf", "-k", "/var/run/hivewright-install.lock", "sleep", "100")
    play.host.advance(1)
    assert play.install("/root/b", status=1) == ["install: another installation is under way"]
    play.host.wait("other")
    play.install("/root/b")
