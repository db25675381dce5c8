"""``hivewright new vm``: what it writes has no faults and follows the site, and what is wrong is not written."""

from __future__ import annotations

import io
import tomllib
from pathlib import Path
from typing import Any

import pytest

from conftest import write_files
from hivewright.editing import attempt
from hivewright.source import find_project, read_site
from projects import GUESTS, Project, files_below

pytest_plugins = ["project_fixtures"]

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK6KH5IcGO1QL+bSsIpFGNt26UkTBVgekzUW8nEB9L8T carla@example.net"
MORE = """\
[template.server]
cpus = 2
memory = "4G"
[template.server.disk.root]
storage = "plain"
size = "30G"
[template.server.nic.lan]
network = "lan"
[template.server.cloud_init]
users = ["alice"]
[network.private]
kind = "nat"
ipv4 = "203.0.113.1/29"
uplink = "em0"
[network.given]
kind = "nat"
ipv4 = "198.51.100.1/24"
uplink = "em0"
dhcp = { first = "198.51.100.10", last = "198.51.100.20" }
[network.point]
kind = "routed"
[image.debian]
path = "/srv/images/debian.raw"
"""


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(name="larger")
def enlarge(project: Project) -> Project:
    project.add("more.toml", MORE)
    return project


def table(project: Project, vm: str, file: str = "") -> dict[str, Any]:
    text = (project.root / "site" / (file or f"vms/{vm}.toml")).read_text()
    found: dict[str, Any] = tomllib.loads(text)["vm"][vm]
    return found


def test_answers_land_in_a_file_of_the_guest_and_build(project: Project) -> None:
    done = project.succeed("new", "vm", "web2", "profile=debian-13", "host=alpha", "memory=3G", "cpus=2")
    assert table(project, "web2") == {
        "host": "alpha",
        "profile": "debian-13",
        "cpus": 2,
        "memory": "3G",
        "disk": {"root": {"size": "20G", "storage": "plain", "image": "debian-13"}},
        "nic": {"lan": {"network": "lan", "ipv4": "192.0.2.1/24"}},
        "cloud_init": {"users": ["alice"]},
    }
    assert done.err.splitlines()[-1] == "Now run: hivewright build"
    project.succeed("-q", "build")
    start = (project.build / "alpha" / GUESTS / "web2" / "start").read_text()
    shown = done.out.partition("/usr/sbin/bhyve \\\n")[2].splitlines()
    words = [line.strip().removesuffix(" \\") for line in shown[:-1]]
    assert words
    assert [word for word in words if f'set -- "$@" {word}  # ' not in start] == []


def test_what_is_shown_is_what_is_written(project: Project) -> None:
    shown = project.succeed("new", "vm", "web2", "host=beta", "--dry-run").out
    assert not (project.root / "site/vms/web2.toml").exists()
    assert project.succeed("new", "vm", "web2", "host=beta").out == shown
    text = (project.root / "site/vms/web2.toml").read_text()
    assert shown.startswith(f"# vms/web2.toml\n{text}\n# the command on beta\n/usr/sbin/bhyve \\\n")


def test_keys_of_any_kind_may_be_given(project: Project) -> None:
    words = ("description=5", "autostart=false", "nic.lan.mtu=1400", "disk.data.storage=plain", "disk.data.size=5G")
    project.succeed("new", "vm", "web2", "host=alpha", *words)
    found = table(project, "web2")
    assert (found["description"], found["autostart"], found["nic"]["lan"]["mtu"]) == ("5", False, 1400)
    assert found["disk"]["data"] == {"storage": "plain", "size": "5G"}


def test_what_a_template_gives_is_not_written_again(larger: Project) -> None:
    larger.succeed("new", "vm", "web2", "host=alpha", "template=server", "address=192.0.2.9/24", "gateway=192.0.2.254")
    assert table(larger, "web2") == {
        "host": "alpha",
        "profile": "debian-13",
        "inherit": ["server"],
        "disk": {"root": {"image": "debian-13"}},
        "nic": {"lan": {"ipv4": "192.0.2.9/24", "gateway4": "192.0.2.254"}},
    }


def test_the_profile_of_a_template_is_that_of_the_guest(larger: Project) -> None:
    """Whatever others have; where it was given, it is written."""
    larger.add("bsd.toml", '[template.bsd]\nprofile = "freebsd-15.1"\n')
    larger.succeed("new", "vm", "a1", "host=alpha", "template=bsd")
    found = table(larger, "a1")
    assert "profile" not in found
    assert found["disk"]["root"]["image"] == "freebsd-15.1"
    larger.succeed("new", "vm", "a2", "host=alpha", "template=bsd", "profile=freebsd-14")
    assert table(larger, "a2")["profile"] == "freebsd-14"


def test_what_was_given_is_written_though_a_template_says_the_same(larger: Project) -> None:
    larger.succeed("new", "vm", "web2", "host=alpha", "template=server", "memory=4G")
    assert table(larger, "web2")["memory"] == "4G"


@pytest.mark.parametrize(
    ("network", "nic"),
    [
        ("private", {"network": "private", "ipv4": "203.0.113.2/29", "gateway4": "203.0.113.1"}),
        ("given", {"network": "given", "ipv4": "dhcp"}),
    ],
)
def test_addresses_behind_a_host_follow_from_its_network(larger: Project, network: str, nic: dict[str, str]) -> None:
    larger.succeed("new", "vm", "web2", "host=alpha", f"network={network}")
    assert table(larger, "web2")["nic"] == {network: nic}


def test_the_next_guest_gets_the_next_address_and_the_name_servers_of_the_others(larger: Project) -> None:
    larger.succeed("new", "vm", "a1", "host=alpha", "network=private", "dns=192.0.2.53")
    larger.succeed("new", "vm", "a2", "host=alpha", "network=private")
    assert table(larger, "a2")["nic"]["private"] == {
        "network": "private",
        "ipv4": "203.0.113.3/29",
        "gateway4": "203.0.113.1",
        "dns": ["192.0.2.53"],
    }


def test_a_full_network_has_no_address_left(larger: Project) -> None:
    for number in range(5):
        larger.succeed("-q", "new", "vm", f"a{number}", "host=alpha", "network=private", "profile=debian-13")
    larger.succeed("new", "vm", "b1", "host=alpha", "network=private")
    assert table(larger, "b1")["nic"]["private"] == {"network": "private"}


def test_six_is_told_from_four(larger: Project) -> None:
    words = ("network=lan", "address=2001:db8::9/64", "gateway=2001:db8::1", "dns=2001:db8::53,192.0.2.53")
    larger.succeed("new", "vm", "web2", "host=alpha", *words)
    assert table(larger, "web2")["nic"]["lan"] == {
        "network": "lan",
        "ipv6": "2001:db8::9/64",
        "gateway6": "2001:db8::1",
        "dns": ["2001:db8::53", "192.0.2.53"],
    }


def test_what_its_profile_needs_is_proposed(project: Project) -> None:
    done = project.succeed("new", "vm", "win1", "host=alpha", "profile=windows-11", "cd=/srv/iso/windows.iso")
    assert "warning" not in done.err
    found = table(project, "win1")
    assert found["cd"] == {"install": {"path": "/srv/iso/windows.iso"}}
    assert found["disk"] == {"root": {"size": "64G", "storage": "plain"}}
    assert found["nic"] == {"lan": {"network": "lan"}}
    assert "cloud_init" not in found
    assert ",nvme," in done.out
    assert ",e1000," in done.out


def test_a_medium_that_a_profile_brings_is_proposed(project: Project) -> None:
    project.succeed("new", "vm", "a1", "host=alpha", "profile=debian-13-install")
    found = table(project, "a1")
    assert (found["cd"], "image" in found["disk"]["root"]) == ({"install": {"image": "debian-13-install"}}, False)


def test_an_installer_that_boots_as_a_disk_gets_one_of_its_own(project: Project) -> None:
    """Behind the disk that is installed on, which therefore boots once it can."""
    done = project.succeed("new", "vm", "a1", "host=alpha", "profile=openbsd-7")
    assert "warning" not in done.err
    assert table(project, "a1")["disk"] == {
        "root": {"size": "20G", "storage": "plain"},
        "install": {"storage": "plain", "size": "1G", "image": "openbsd-7"},
    }
    disks = [line for line in done.out.splitlines() if ",virtio-blk," in line]
    assert ["a1/root.img" in line for line in disks] == [True, False]


def test_media_fill_no_disk(larger: Project) -> None:
    """Of the images of a site, those that install are offered as media, in a drive or on a disk."""
    images = "".join(f'[image.{name}]\npath = "/srv/{name}.{name}"\nformat = "{name}"\n' for name in ("iso", "img"))
    larger.add("images.toml", images)
    larger.succeed("new", "vm", "a1", "host=alpha", "profile=other", "image=none", "cd=img")
    assert table(larger, "a1")["disk"]["install"] == {"storage": "plain", "size": "8G", "image": "img"}
    larger.succeed("new", "vm", "a2", "host=alpha", "profile=other", "image=none", "cd=iso")
    assert table(larger, "a2")["cd"] == {"install": {"image": "iso"}}
    larger.succeed("new", "vm", "a3", "host=alpha", "profile=other")
    assert "image" not in table(larger, "a3")["disk"]["root"]


def test_the_image_is_that_of_guests_alike(larger: Project) -> None:
    larger.succeed("new", "vm", "a1", "host=alpha", "image=debian")
    larger.succeed("new", "vm", "a2", "host=alpha")
    assert table(larger, "a2")["disk"]["root"]["image"] == "debian"


def test_a_guest_without_disk_network_and_user(project: Project) -> None:
    project.succeed("new", "vm", "bare", "host=alpha", "disk=none", "network=none", "user=none", "profile=other")
    assert table(project, "bare") == {"host": "alpha", "profile": "other", "cpus": 1, "memory": "1G"}


def test_a_new_user_lands_beside_the_others(project: Project, tmp_path: Path) -> None:
    before = (project.root / "site/site.toml").read_text()
    (tmp_path / "carla.pub").write_text(f"{KEY}\n")
    project.succeed("new", "vm", "web2", "host=alpha", "user=carla", f"key={tmp_path}/carla.pub")
    after = (project.root / "site/site.toml").read_text()
    assert after.startswith(before)
    assert tomllib.loads(after)["user"]["carla"] == {"ssh_keys": [KEY], "sudo": "ALL=(ALL) NOPASSWD:ALL"}
    project.succeed("-q", "--strict", "build")


def test_a_guest_may_be_added_to_a_file_that_is_there(project: Project) -> None:
    before = (project.root / "site/vms/web.toml").read_text()
    project.succeed("new", "vm", "web2", "host=alpha", "--file", "vms/web.toml")
    after = (project.root / "site/vms/web.toml").read_text()
    assert after.startswith(f"{before}\n[vm.web2]\n")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["web2"], 2, "give host=alpha|beta"),
        (["web2", "host=gamma"], 1, "REF001"),
        (["web2", "host=alpha", "profile=debain-13"], 1, 'did you mean "debian-13"?'),
        (["web2", "host=alpha", "memory=8X"], 1, "KEY004"),
        (["web2", "host=alpha", "memory=none"], 1, "KEY002"),
        (["web2", "host=alpha", "cpu=4"], 1, 'did you mean "cpus"?'),
        (["web2", "host=alpha", "=4"], 2, "'' is no key"),
        (["web2", "host=alpha", "cpus=four"], 1, "KEY003"),
        (["web2", "host=alpha", "address=192.0.2.10/24"], 1, "VM015"),
        (["web2", "host=alpha", "user=alice", f"key={KEY}"], 2, "alice has keys already"),
        (["web2", "host=alpha", "user=carla", "key=hello"], 1, "VM046"),
        (["web2", "host=alpha", "user=carla", "key=/nowhere"], 2, "cannot read /nowhere: No such file or directory"),
        (["web1", "host=alpha"], 2, "there is a VM web1 already, in vms/web.toml"),
        (["Web 2", "host=alpha"], 2, "'Web 2': a name has 1 to 31 lower-case letters"),
        (["web2", "web3", "host=alpha"], 2, "one name is enough: web2 web3"),
        (["db", "host=alpha"], 2, "there is a file vms/db.toml already; --file vms/db.toml adds the VM to it"),
        (["web2", "host=alpha", "--file", "../out.toml"], 2, "../out.toml is no TOML file that the site reads"),
        (["web2", "host=alpha", "--file", "vms/web2"], 2, "vms/web2 is no TOML file that the site reads"),
        (["web2", "host=alpha", "--file", "locks/web2.toml"], 2, "locks/web2.toml is no TOML file that the site"),
        (["web2", "host=alpha", "network=point"], 2, "give address=VALUE"),
        (["web2", "host=alpha", "network=lam"], 1, 'did you mean "lan"?'),
    ],
)
def test_what_is_wrong_is_not_written(larger: Project, words: list[str], status: int, said: str) -> None:
    before = files_below(larger.root)
    done = larger.run("new", "vm", *words)
    assert done.status == status
    assert said in done.err
    assert done.err.count("error[") == (status == 1)
    assert files_below(larger.root) == before


def test_a_site_with_errors_is_mended_first(project: Project) -> None:
    project.edit("vms/web.toml", 'memory = "4G"', 'memory = "4X"')
    before = files_below(project.root)
    assert "KEY004" in project.run("new", "vm", "web2", "host=alpha").err
    assert files_below(project.root) == before


def test_without_a_project_there_is_no_guest(tmp_path: Path, project: Project) -> None:
    elsewhere = Project(write_files(tmp_path / "elsewhere", {"a.txt": ""}), project.capsys)
    done = elsewhere.run("new", "vm", "web2", "host=alpha")
    assert (done.status, "hivewright new DIR" in done.err) == (1, True)


def test_a_file_that_was_changed_meanwhile_is_left_alone(project: Project) -> None:
    """And with it the others that were to be written."""
    sources = read_site(find_project(project.root))
    project.edit("vms/web.toml", 'memory = "4G"', 'memory = "6G"')
    before = files_below(project.root)
    with pytest.raises(attempt.ChangedMeanwhileError, match=r"web\.toml was changed meanwhile"):
        attempt.write_texts(sources, {"new.toml": "", "vms/web.toml": "", "vms/db.toml": None})
    assert files_below(project.root) == before


def test_what_is_wrong_is_told_without_a_place_in_a_file_that_is_not_written(project: Project) -> None:
    done = project.run("new", "vm", "x9", "profile=nope", "host=alpha")
    assert done.status == 1
    assert done.err.startswith(
        'error[REF002]: there is no profile "nope"\n = help: it would have profile = "nope"; known: '
    )
    assert "x9.toml" not in done.err
    assert not (project.root / "site/vms/x9.toml").exists()


def test_a_disk_is_proposed_that_takes_its_image(project: Project) -> None:
    image = '[image.amd64]\nurl = "https://images.example.net/mine.raw"\nsha256 = "none"\nmin_size = "30G"\n'
    project.add("profiles/linux/mine.toml", f'os = "linux"\ndescription = "Ours."\n\n{image}')
    done = project.succeed("new", "vm", "m1", "host=alpha", "profile=mine")
    assert 'size = "30G"' in done.out
    done = project.run("new", "vm", "m2", "host=alpha", "profile=mine", "disk=20G")
    assert done.status == 1
    assert "error[STO029]: disk root of m2 has 20G, and its image mine needs 30G" in done.err
