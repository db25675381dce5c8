"""What installers are told: the answers of Ubuntu's, Debian's and that of Windows."""

from __future__ import annotations

import base64
import re
import shlex
import subprocess
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from hivewright.plan import VmPlan
from seeds import STATIC, USERS, lowered, seed

CD = {"cd": {"setup": {"path": "/srv/setup.iso"}}}
NAMES = {"": "urn:schemas-microsoft-com:unattend", "wcm": "http://schemas.microsoft.com/WMIConfig/2002/State"}
SECRETS = {
    "alice": {"passwd": {"secret": "alice"}, "sudo": "ALL=(ALL) ALL", "gecos": "A & <B>"},
    "bob": {"passwd": {"secret": "bob"}},
    "administrator": {"passwd": {"secret": "admin"}},
}


def plan(cloud_init: dict[str, Any], **keys: Any) -> VmPlan:
    result = lowered(cloud_init, **CD, **keys)
    assert result.diagnostics == ()
    return result.plans[0].vms[0]


def autoinstall(cloud_init: dict[str, Any] | None = None, **keys: Any) -> dict[str, Any]:
    files = seed({"reader": "autoinstall", **(cloud_init or {})}, **CD, **keys)
    assert list(files) == ["meta-data", "user-data"]
    assert files["user-data"].startswith("#cloud-config\n")
    document = yaml.safe_load(files["user-data"])
    assert list(document) == ["autoinstall"]
    found: dict[str, Any] = document["autoinstall"]
    assert found["version"] == 1
    return found


def test_the_installer_of_ubuntu_does_what_is_its_own_and_cloud_init_the_rest() -> None:
    said = {
        "users": ["alice"],
        "packages": ["nginx"],
        "timezone": "Europe/Berlin",
        "locale": "de_DE.UTF-8",
        "keyboard": "de",
        "runcmd": ["date"],
        "write_files": [{"path": "/etc/motd", "content": "Hello\n"}],
        "phone_home": {"url": "http://192.0.2.1/seen"},
    }
    found = autoinstall(said, nic={"lan": STATIC})
    assert {key: found[key] for key in ("packages", "timezone", "locale", "keyboard")} == {
        "packages": ["nginx"],
        "timezone": "Europe/Berlin",
        "locale": "de_DE.UTF-8",
        "keyboard": {"layout": "de"},
    }
    assert found["ssh"] == {"install-server": True, "allow-pw": False}
    guest = found["user-data"]
    assert set(guest) == {"hostname", "users", "runcmd", "write_files", "phone_home"}
    assert guest["users"][0]["lock_passwd"] is True
    assert found["network"]["ethernets"]["lan"]["match"] == {"macaddress": "58:9c:fc:00:00:01"}
    assert "network" not in autoinstall({"network": False}, nic={"lan": STATIC})


@pytest.mark.parametrize(
    ("bus", "other", "expected"),
    [
        ("virtio-blk", "data", {"serial": "web1-root"}),
        ("ahci-hd", "data", {"serial": "*_web1-root"}),
        ("nvme", "data", {"serial": "*_web1-root*"}),
        ("nvme", "root2", {"serial": "*_web1-root_1"}),
    ],
)
def test_of_several_disks_the_installer_is_told_which(bus: str, other: str, expected: dict[str, str]) -> None:
    """It would take the largest one, and what is on that would be lost."""
    disks = {"root": {"path": "/dev/a", "bus": bus, "boot_index": 0}, other: {"path": "/dev/b", "bus": bus}}
    assert autoinstall(disk=disks)["storage"]["layout"] == {"name": "direct", "match": expected}
    only = autoinstall(disk={"root": {"path": "/dev/a"}, "seen": {"path": "/dev/c", "readonly": True}})
    assert only["storage"]["layout"] == {"name": "direct"}


def test_own_data_is_merged_into_the_answers_and_into_what_is_for_the_guest() -> None:
    own = b"#cloud-config\nautoinstall:\n  updates: all\n  user-data:\n    users: [{name: alice, gecos: Other}]\n"
    found = autoinstall({"users": ["alice"], "user_data": "a.yaml"}, files={"a.yaml": own})
    assert found["updates"] == "all"
    (alice,) = found["user-data"]["users"]
    assert (alice["gecos"], alice["shell"]) == ("Other", "/bin/sh")


def test_clones_of_what_is_installed_ask_for_leases_of_their_own() -> None:
    nic = {"lan": {"network": "lan", "ipv4": "dhcp"}}
    assert autoinstall(nic=nic)["network"]["ethernets"]["lan"]["dhcp-identifier"] == "mac"
    (written,) = [each for each in commands(preseed(nic=nic)) if ">/etc/systemd/network/10-lan.network" in each]
    unit = base64.b64decode(re.findall(r"echo (\S+) \| base64", written)[0]).decode()
    assert "DHCP=ipv4\n" in unit
    assert "[DHCPv4]\nClientIdentifier=mac\n" in unit


def preseed(cloud_init: dict[str, Any] | None = None, **keys: Any) -> dict[str, str]:
    """The answers by their questions."""
    files = seed({"reader": "preseed", **(cloud_init or {})}, **CD, **keys)
    assert list(files) == ["preseed.cfg"]
    lines = files["preseed.cfg"].replace("\\\n", "").splitlines()
    answers = [re.fullmatch(r"(\S+) (\S+) (\w+)(?: (.*))?", line) for line in lines if not line.startswith("#")]
    assert all(answers)
    return {answer[2]: answer[4] or "" for answer in answers if answer is not None}


def commands(answers: dict[str, str]) -> list[str]:
    """What is run in the installed system."""
    words = list(shlex.shlex(answers["preseed/late_command"], posix=True, punctuation_chars=";"))
    assert words[:3] == ["in-target", "sh", "-c"]
    found = [words[at + 3] for at in range(0, len(words), 5)]
    for command in found:
        assert subprocess.run(["sh", "-n", "-c", command], check=False).returncode == 0
    return found


def written(found: list[str]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for command in found:
        match = re.search(r"echo (\S*) \| base64 -d >>?(.*)", command)
        if match is not None:
            (path,) = shlex.split(match[2])
            files[path] = files.get(path, b"") + base64.b64decode(match[1])
    return files


def test_debian_asks_nothing_and_nobody_is_root_by_a_password() -> None:
    answers = preseed({"locale": "de_DE.UTF-8", "keyboard": "de", "timezone": "Europe/Berlin", "packages": ["nginx"]})
    assert answers["debconf/priority"] == "critical"
    assert answers["debian-installer/locale"] == "de_DE.UTF-8"
    assert answers["keyboard-configuration/xkb-keymap"] == "de"
    assert answers["time/zone"] == "Europe/Berlin"
    assert answers["pkgsel/include"] == "nginx"
    assert (answers["passwd/root-password-crypted"], answers["passwd/make-user"]) == ("*", "false")
    assert "partman/early_command" not in answers


def test_debian_is_told_which_of_several_disks() -> None:
    disks = {"data": {"path": "/dev/b"}, "root": {"path": "/dev/a", "boot_index": 1}}
    command = preseed(disk=disks)["partman/early_command"]
    assert "/dev/disk/by-id/*[_-]web1-root " in command
    assert subprocess.run(["sh", "-n", "-c", command], check=False).returncode == 0


def test_the_installer_of_debian_uses_the_address_of_its_only_nic() -> None:
    answers = preseed(nic={"lan": STATIC})
    assert (answers["netcfg/get_ipaddress"], answers["netcfg/get_netmask"]) == ("192.0.2.10", "255.255.255.0")
    assert answers["netcfg/get_nameservers"] == "192.0.2.53 2001:db8::53"
    several = preseed(nic={"lan": STATIC, "wan": {"network": "lan", "ipv4": "dhcp"}})
    assert "netcfg/get_ipaddress" not in several
    assert "/etc/systemd/network/10-lan.network" in written(commands(several))


def test_what_runs_in_the_installed_debian() -> None:
    said = {
        "users": ["alice"],
        "runcmd": ["echo 'a b' >/x"],
        "write_files": [
            {"path": "/srv/a b", "content": "Hello\n", "owner": "alice:wheel", "permissions": "0600"},
            {"path": "/srv/big", "source": "big"},
        ],
    }
    big = bytes(range(256)) * 250
    found = commands(preseed(said, nic={"lan": STATIC}, files={"big": big}))
    files = written(found)
    assert files["/srv/a b"] == b"Hello\n"
    assert files["/srv/big"] == big
    assert files["~alice/.ssh/authorized_keys"].decode() == "".join(f"{key}\n" for key in USERS["alice"]["ssh_keys"])
    assert files["/etc/sudoers.d/90-alice"] == b"alice ALL=(ALL) NOPASSWD:ALL\n"
    assert b"echo 'a b' >/x\n" in files["/etc/hivewright-runcmd"]
    assert "chown alice:wheel '/srv/a b'" in found
    assert shlex.split(next(each for each in found if each.startswith("useradd")))[-1] == "alice"


def test_answers_that_linux_could_not_run_are_refused() -> None:
    said = {"reader": "preseed", "write_files": [{"path": "/srv/big", "source": "big"}]}
    (fault,) = lowered(said, files={"big": b"x" * 100_000}).diagnostics
    assert fault.code == "SEED009"


def test_secrets_of_debian_are_put_in_by_the_host() -> None:
    guest = plan({"reader": "preseed", "users": ["alice"]}, users=SECRETS)
    assert ("seed_secret", "hash", "alice") in [(step.verb, *step.words) for step in guest.provision]
    assert "'alice:hivewright-secret:hash:alice:' | chpasswd -e" in dict(guest.seed)["preseed.cfg"].decode().replace(
        "'\"'\"'", "'"
    )


def unattend(cloud_init: dict[str, Any] | None = None, **keys: Any) -> dict[str, dict[str, ElementTree.Element]]:
    """The components, by pass and name."""
    users = keys.pop("users", SECRETS)
    files = seed({"reader": "unattend", **(cloud_init or {})}, users=users, **CD, **keys)
    root = ElementTree.fromstring(files["autounattend.xml"])
    assert root.tag == "{urn:schemas-microsoft-com:unattend}unattend"
    return {
        each.attrib["pass"]: {
            part.attrib["name"].removeprefix("Microsoft-Windows-"): part for part in each.findall("component", NAMES)
        }
        for each in root
    }


def texts(element: ElementTree.Element, path: str) -> list[str]:
    return [found.text or "" for found in element.findall("/".join(path.split()), NAMES)]


def test_passes_and_components_of_windows() -> None:
    found = unattend({"users": ["alice"], "runcmd": ["date"]}, nic={"lan": STATIC})
    assert {name: sorted(parts) for name, parts in found.items()} == {
        "windowsPE": ["International-Core-WinPE", "PnpCustomizationsWinPE", "Setup"],
        "specialize": ["DNS-Client", "Deployment", "Shell-Setup", "TCPIP"],
        "oobeSystem": ["International-Core", "Shell-Setup"],
    }
    assert texts(found["specialize"]["Shell-Setup"], "ComputerName") == ["web1"]


def test_windows_gets_its_language_and_keyboard() -> None:
    found = unattend({"locale": "de_DE.UTF-8", "keyboard": "ch"})["windowsPE"]["International-Core-WinPE"]
    assert texts(found, "UILanguage") == texts(found, "SetupUILanguage UILanguage") == ["de-DE"]
    assert texts(found, "InputLocale") == ["de-CH"]


def test_the_disk_of_windows_is_overwritten_only_where_there_is_one() -> None:
    disk = {"bus": "nvme", "path": "/dev/a", "sector_size": "512"}
    setup = unattend(disk={"root": disk})["windowsPE"]["Setup"]
    assert texts(setup, "DiskConfiguration Disk CreatePartitions CreatePartition Type") == ["EFI", "MSR", "Primary"]
    assert texts(setup, "ImageInstall OSImage InstallTo PartitionID") == ["3"]
    several = unattend(disk={"root": disk, "data": {**disk, "path": "/dev/b"}})["windowsPE"]["Setup"]
    assert several.find("DiskConfiguration", NAMES) is None
    assert several.find("ImageInstall", NAMES) is None


def test_drivers_are_looked_for_where_they_are_needed() -> None:
    disk = {"root": {"bus": "virtio-blk", "path": "/dev/a"}}
    paths = texts(unattend(disk=disk)["windowsPE"]["PnpCustomizationsWinPE"], "DriverPaths PathAndCredentials Path")
    assert r"E:\viostor\w11\amd64" in paths
    assert not any("NetKVM" in path for path in paths)
    none = {"root": {"bus": "nvme", "path": "/dev/a", "sector_size": "512"}}
    assert "PnpCustomizationsWinPE" not in unattend(disk=none)["windowsPE"]


def test_accounts_of_windows_have_passwords_of_the_host_alone() -> None:
    said = {"users": ["alice", "bob", "administrator"], "windows": {"product_key": {"secret": "key"}, "image": 2}}
    found = unattend(said)
    accounts = found["oobeSystem"]["Shell-Setup"]
    assert texts(accounts, "UserAccounts LocalAccounts LocalAccount Name") == ["alice", "bob"]
    assert texts(accounts, "UserAccounts LocalAccounts LocalAccount Group") == ["Administrators", "Users"]
    assert texts(accounts, "UserAccounts LocalAccounts LocalAccount DisplayName") == ["A & <B>"]
    assert texts(accounts, "UserAccounts AdministratorPassword Value") == ["hivewright-secret:text:admin:"]
    setup = found["windowsPE"]["Setup"]
    assert texts(setup, "UserData ProductKey Key") == ["hivewright-secret:text:key:"]
    assert texts(setup, "ImageInstall OSImage InstallFrom MetaData Value") == ["2"]
    steps = [(step.verb, *step.words) for step in plan({"reader": "unattend", **said}, users=SECRETS).provision]
    assert [step for step in steps if step[0] == "seed_secret"] == [
        ("seed_secret", "text", name) for name in ("admin", "alice", "bob", "key")
    ]


def test_addresses_of_windows() -> None:
    nic = {**STATIC, "ipv4": ["192.0.2.10/24", "192.0.2.11/24"], "routes": [{"to": "10.0.0.0/8", "via": "192.0.2.2"}]}
    found = unattend(nic={"lan": nic})["specialize"]
    (interface,) = found["TCPIP"].findall("Interfaces/Interface", NAMES)
    assert [child.tag.partition("}")[2] for child in interface] == [
        "Ipv4Settings",
        "Ipv6Settings",
        "Identifier",
        "UnicastIpAddresses",
        "Routes",
    ]
    assert texts(interface, "Identifier") == ["58-9C-FC-00-00-01"]
    assert texts(interface, "UnicastIpAddresses IpAddress") == ["192.0.2.10/24", "192.0.2.11/24", "2001:db8::10/64"]
    assert texts(interface, "Routes Route Prefix") == ["0.0.0.0/0", "::/0", "10.0.0.0/8"]
    assert texts(interface, "Routes Route NextHopAddress") == ["192.0.2.1", "2001:db8::1", "192.0.2.2"]
    assert texts(found["DNS-Client"], "Interfaces Interface DNSServerSearchOrder IpAddress") == list(STATIC["dns"])
    assert texts(found["DNS-Client"], "DNSSuffixSearchOrder DomainName") == ["example.net"]


def test_commands_of_windows_are_a_file_that_setup_runs_at_its_end() -> None:
    files = seed({"reader": "unattend", "runcmd": ["date /t"]}, **CD)
    assert files["setupcomplete.cmd"] == "@echo off\r\ndate /t\r\n"
    (path,) = texts(
        unattend({"runcmd": ["date /t"]})["specialize"]["Deployment"], "RunSynchronous RunSynchronousCommand Path"
    )
    assert len(path) < 260


def test_an_own_file_is_taken_as_it_is() -> None:
    own = b'<unattend xmlns="urn:schemas-microsoft-com:unattend"/>\n'
    guest = plan({"reader": "unattend", "user_data": "a.xml", "users": ["alice"]}, users=SECRETS, files={"a.xml": own})
    assert dict(guest.seed) == {"autounattend.xml": own}
    assert not any(step.verb == "seed_secret" for step in guest.provision)
