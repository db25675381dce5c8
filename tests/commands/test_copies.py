"""``hivewright clone``, ``move`` and ``remove``: what they write, what they leave alone, and what they say."""

from __future__ import annotations

import json

import pytest

from projects import GUESTS, Project, files_below

pytest_plugins = ["project_fixtures"]

VOLUMES = '[storage.fast]\nkind = "zfs"\ndataset = "zroot/vms"\n'


def text_of(project: Project, file: str) -> str:
    return (project.root / "site" / file).read_text()


@pytest.fixture
def volumes(project: Project) -> Project:
    """web1 has a volume, and what only one guest can have."""
    project.add("storage.toml", VOLUMES)
    project.edit(
        "vms/web.toml", 'storage = "plain"\nsize = "10G"', 'storage = "fast"  # quick\nsize = "10G"\nserial = "A1"'
    )
    project.edit(
        "vms/web.toml", 'network = "lan"\n', 'network = "lan"\ngateway4 = "192.0.2.1"\nmac = "58:9c:fc:01:02:03"\n'
    )
    project.edit(
        "vms/web.toml", 'memory = "4G"\n', 'memory = "4G"\nready = { tcp = "192.0.2.10:80" }\nprotected = true\n'
    )
    return project


def test_a_clone_has_numbers_and_addresses_of_its_own(volumes: Project) -> None:
    volumes.succeed("build")
    done = volumes.succeed("clone", "web1", "web2")
    assert done.err.splitlines()[1:] == [
        "web2: it has no addresses yet; give it its own: hivewright set web2 nic.lan.ipv4=ADDRESS/LENGTH",
        "web2: before it starts, on alpha: hivectl clone web1 web2",
    ]
    text = text_of(volumes, "vms/web2.toml")
    assert '[vm.web2.disk.root]\nstorage = "fast"  # quick\nsize = "10G"\nclone = "web1/root@web2"\n' in text
    for word in ("ipv4", "gateway4", "mac", "ready", "serial", "protected", "web1.toml", "192.0.2"):
        assert word not in text, word
    start = volumes.build / "alpha" / GUESTS / "web1" / "start"
    before = start.read_bytes()
    volumes.succeed("build")
    locks = [text_of(volumes, f"locks/{name}.toml") for name in ("web1", "web2")]
    values = [{line for line in lock.splitlines() if "uuid" in line or "lan =" in line} for lock in locks]
    assert values[0].isdisjoint(values[1])
    scripts = [volumes.build / "alpha" / GUESTS / name for name in ("web1", "web2")]
    assert start.read_bytes() == before
    ids = [json.dumps((script / "seed" / "meta-data").read_text().splitlines()[0]) for script in scripts]
    assert ids[0] != ids[1]
    assert (
        "clone root zroot/vms/web2/root 10737418240 zroot/vms/web1/root@web2" in (scripts[1] / "provision").read_text()
    )


def test_a_clone_may_be_given_all_at_once(volumes: Project) -> None:
    words = ["--snapshot", "v1", "web1", "web2", "nic.lan.ipv4=192.0.2.12/24", "memory=8G"]
    done = volumes.succeed("clone", *words)
    assert done.err.splitlines()[1:] == ["web2: before it starts, on alpha: hivectl clone web1 web2"]
    assert volumes.succeed("get", "web2", "memory", "nic.lan.ipv4").out.splitlines() == [
        "8G",
        "192.0.2.12/24",
    ]


def test_a_clone_begins_where_the_disks_of_the_other_one_lie(volumes: Project) -> None:
    before = files_below(volumes.root)
    done = volumes.run("clone", "web1", "web2", "host=beta", "nic.lan.ipv4=192.0.2.11/24")
    assert (done.status, files_below(volumes.root) == before) == (2, True)
    assert "which lie on alpha and not on beta; leave host out, and move it afterwards: hivewright move" in done.err


def test_a_clone_of_one_that_is_written_with_dots(volumes: Project) -> None:
    """A key that leaves takes the tables with it that spoke of nothing else."""
    volumes.add("dots.toml", '[vm.dot1]\nhost = "alpha"\nmemory = "1G"\ninherit = ["net"]\n'
                'nic.lan.ipv4 = "192.0.2.21/24"\n[template.net.nic.lan]\nnetwork = "lan"\n')  # fmt: skip
    volumes.succeed("clone", "dot1", "dot2", "nic.lan.ipv4=192.0.2.22/24")
    assert text_of(volumes, "dot2.toml").endswith('[vm.dot2.nic.lan]\nipv4 = "192.0.2.22/24"\n')
    volumes.succeed("set", "dot1", "nic.lan.ipv4=")
    assert "nic" not in text_of(volumes, "dots.toml").partition("[template")[0]


def test_a_clone_may_have_full_copies(volumes: Project) -> None:
    done = volumes.succeed("clone", "--full", "web1", "web2", "nic.lan.ipv4=192.0.2.12/24")
    assert done.err.splitlines()[1:] == ["web2: before it starts, on alpha: hivectl clone web1 web2"]
    assert 'clone = "web1/root@web2"\nfull_copy = true\n' in text_of(volumes, "vms/web2.toml")
    volumes.succeed("build")
    script = (volumes.build / "alpha" / GUESTS / "web2" / "provision").read_text()
    assert "clone root zroot/vms/web2/root 10737418240 zroot/vms/web1/root@web2 full" in script


def test_a_full_copy_of_a_disk_in_a_file_is_a_copy_as_any(project: Project) -> None:
    done = project.succeed("clone", "--full", "web1", "web2", "nic.lan.ipv4=192.0.2.12/24")
    assert done.err.splitlines()[1:] == ["web2: web1 has to be off while web2 is provisioned, which copies its files"]
    assert "full_copy" not in text_of(project, "vms/web2.toml")


def test_a_clone_has_a_tpm_of_its_own(volumes: Project) -> None:
    volumes.edit("hosts.toml", '"14.3"', '"15.0"')
    volumes.edit("vms/web.toml", 'memory = "4G"\n', 'memory = "4G"\ntpm = true\n')
    done = volumes.succeed("clone", "web1", "web2", "nic.lan.ipv4=192.0.2.12/24")
    assert done.err.splitlines()[1:] == [
        "web2: its TPM is a new, empty one: what web1 has sealed by its own (BitLocker, LUKS) opens by its recovery "
        "key there",
        "web2: before it starts, on alpha: hivectl clone web1 web2",
    ]


def test_a_clone_needs_addresses_where_a_template_says_the_gateway(volumes: Project) -> None:
    volumes.edit("vms/web.toml", 'gateway4 = "192.0.2.1"\n', "")
    volumes.edit("vms/web.toml", 'memory = "4G"\n', 'memory = "4G"\ninherit = ["routed"]\n')
    volumes.add("templates.toml", '[template.routed.nic.lan]\ngateway4 = "192.0.2.1"\n')
    done = volumes.run("clone", "web1", "web2")
    assert done.status == 2
    assert "hivewright clone web1 web2 nic.lan.ipv4=ADDRESS/LENGTH" in done.err


def test_what_only_one_can_have_is_told_without_a_place_in_a_file_that_is_not_written(volumes: Project) -> None:
    serial = 'serial = { com1 = {}, com2 = { kind = "device", device = "/dev/cuau0" } }\n'
    volumes.edit("vms/web.toml", 'memory = "4G"\n', f'memory = "4G"\n{serial}')
    done = volumes.run("clone", "web1", "web2")
    assert done.status == 1
    assert "site/vms/web2.toml" not in done.err
    assert "error[DEV023]: web1 and web2 are both on /dev/ttyu0 of alpha\n = also: " in done.err
    assert ' = help: it would have serial.com2.device = "/dev/cuau0"; choose another' in done.err
    assert done.err.count("say by KEY=VALUE behind the names what the new VM has otherwise\n") == 1
    assert "web2.toml" not in {path.name for path in (volumes.root / "site").rglob("*")}
    volumes.succeed("clone", "web1", "web2", "serial.com2.device=/dev/cuau1")


def test_a_disk_in_a_file_is_copied(project: Project) -> None:
    done = project.succeed("clone", "web1", "web2", "nic.lan.ipv4=192.0.2.12/24")
    assert done.err.splitlines()[1:] == ["web2: web1 has to be off while web2 is provisioned, which copies its files"]
    project.succeed("build")
    script = project.build / "alpha" / GUESTS / "web2" / "provision"
    assert "sparse_file root /srv/vms/web2/root.img 10737418240 copy=/srv/vms/web1/root.img" in script.read_text()


def test_a_guest_moves(project: Project) -> None:
    done = project.succeed("move", "db1", "beta")
    assert done.err.splitlines()[-1].startswith("db1: stop it on its former host, install the files of both hosts")
    assert '[vm.db1]\nhost = "beta"\nmemory = "8G"\nmoved_from = "alpha"\n' in text_of(project, "vms/db.toml")
    project.succeed("build")
    script = project.build / "beta" / GUESTS / "db1" / "provision"
    assert "moved_from alpha  # moved_from\n" in script.read_text()
    assert project.run("check").err == ""
    project.succeed("move", "db1", "alpha")
    project.succeed("move", "db1", "beta")
    project.succeed("build")
    assert "moved_from alpha 3  # moved_from\n" in script.read_text()
    assert 'home = "beta"\nmoves = 3\n' in text_of(project, "locks/db1.toml")


def test_a_guest_of_several_hosts_gets_another_home(project: Project) -> None:
    project.edit("vms/db.toml", '[vm.db1]\nhost = "alpha"\n', '[vm.db1]\nhosts = ["alpha", "beta"]\n')
    project.edit("hosts.toml", 'freebsd = "15.0"', 'freebsd = "14.3"')
    done = project.succeed("move", "db1", "beta")
    assert 'hosts = ["beta", "alpha"]\n' in text_of(project, "vms/db.toml")
    assert done.err.splitlines()[-1] == (
        "db1: install the files of its hosts, and where it is on another host than beta, there: hivectl migrate db1 "
        "beta"
    )


def test_a_guest_is_removed_and_its_lock_stays(project: Project) -> None:
    project.succeed("build")
    project.edit("vms/db.toml", "[vm.db1]\n", "# Of the shop.\n[vm.db1]\n")
    done = project.succeed("remove", "db1")
    assert done.err.splitlines()[-1].startswith(
        "db1: stop it on its host and install the files there; hivectl remove db1"
    )
    assert text_of(project, "vms/db.toml") == '[vm.mail1]\nhost = "beta"\nmemory = "2G"\nvnc = true\n'
    assert (project.locks / "db1.toml").exists()
    project.succeed("remove", "mail1")
    assert not (project.root / "site/vms/db.toml").exists()


@pytest.mark.parametrize(
    ("words", "status", "fault"),
    [
        (["move", "web1", "gamma"], 1, "REF001"),
        (["move", "web1", "alpha"], 2, "web1 lives on alpha already"),
        (["remove", "web1"], 1, "REF010"),
        (["remove", "mail1"], 2, "mail1 is protected; first: hivewright set mail1 protected=false"),
        (["remove", "web3"], 2, "there is no VM 'web3'"),
        (["clone", "mail1", "db1"], 2, "there is a VM db1 already"),
        (["clone", "mail1", "mail2", "memory"], 2, "gives nothing a value"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_written(
    project: Project, words: list[str], status: int, fault: str
) -> None:
    project.edit("vms/db.toml", 'memory = "8G"\n', 'memory = "8G"\nafter = ["web1"]\n')
    project.edit("vms/db.toml", 'memory = "2G"\n', 'memory = "2G"\nprotected = true\n')
    before = files_below(project.root)
    done = project.run(*words)
    assert (done.status, fault in done.err) == (status, True), done.err
    assert files_below(project.root) == before
