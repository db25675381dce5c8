"""The dialog of ``hivewright new vm`` in a real terminal, that of tmux(1)."""

from __future__ import annotations

import tomllib

import pytest

from conftest import write_files
from projects import FILES, files_below
from screens import Screen

pytest_plugins = ["screen_fixtures"]
pytestmark = pytest.mark.slow

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK6KH5IcGO1QL+bSsIpFGNt26UkTBVgekzUW8nEB9L8T carla@example.net"
DIALOG = [
    ("hivewright new vm", "Name of the VM [guest1]:", None),
    ("web1", "Name of the VM [guest1]:", "there is a VM web1 already, in vms/web.toml"),
    ("web2", "Profile, the guest's system [debian-13]:", None),
    ("debian", "Profile, the guest's system [debian-13]:", 'there is no profile "debian"; did you mean'),
    ("", "Host (alpha, beta):", None),
    ("", "Host (alpha, beta):", "this needs an answer"),
    ("?", "Host (alpha, beta):", "alpha, beta"),
    ("gamma", "Host (alpha, beta):", 'there is no host "gamma"'),
    ("beta", "Number of vCPUs [1]:", None),
    ("9999", "Number of vCPUs [1]:", "1024"),
    ("2", "Memory [1G]:", None),
    ("lots", "Memory [1G]:", '"memory": a size needs a whole number and a unit'),
    ("2G", "Size of its disk, or none [20G]:", None),
    ("", "Storage of the disk [plain]:", None),
    ("", "Image that fills the disk, or none (debian-13, none) [debian-13]:", None),
    ("", "Network (lan, none) [lan]:", None),
    ("", "Address with prefix length, dhcp, auto or none [192.0.2.1/24]:", None),
    ("192.0.2.0/24", "Address with prefix length, dhcp, auto or none [192.0.2.1/24]:", "192.0.2.0 is the network or"),
    ("192.0.2.11/24", "Gateway, or none [none]:", None),
    ("192.0.3.1", "Gateway, or none [none]:", "192.0.3.1"),
    ("192.0.2.254", "Name servers, or none [none]:", None),
    ("", "Account in the guest, or none (alice, none) [alice]:", None),
    ("carla", "Public ssh key, or the file it is in [none]:", None),
    ("hello", "Public ssh key, or the file it is in [none]:", "an entry of ssh_keys of the user carla is no"),
    (KEY, "Write this? (yes, no) [yes]:", None),
    ("perhaps", "Write this? (yes, no) [yes]:", "yes or no"),
]  # fmt: skip


def test_a_guest_is_asked_for_shown_and_written(screen: Screen) -> None:
    write_files(screen.folder, FILES)
    before = files_below(screen.folder)
    for text, question, fault in DIALOG:
        told = screen.type(text, question)
        if fault is not None:
            assert fault in told, (text, told)
        assert files_below(screen.folder) == before
    shown = screen.shown()
    assert "# vms/web2.toml\n[vm.web2]\n" in shown
    assert "# site.toml, at its end\n[user.carla]\n" in shown
    assert "\n/usr/sbin/bhyve \\\n" in shown
    assert screen.type("y", "ready:") == "Now run: hivewright build"
    found = tomllib.loads((screen.folder / "site/vms/web2.toml").read_text())["vm"]["web2"]
    assert (found["host"], found["cpus"], found["memory"]) == ("beta", 2, "2G")
    assert found["nic"]["lan"] == {"network": "lan", "ipv4": "192.0.2.11/24", "gateway4": "192.0.2.254"}
    assert tomllib.loads((screen.folder / "site/site.toml").read_text())["user"]["carla"]["ssh_keys"] == [KEY]
    assert screen.type("hivewright -q --strict build; echo status $?", "ready:") == "status 0"
    assert "\x1b" not in screen.shown("-e")


@pytest.mark.parametrize(("key", "told"), [("C-c", "status 130"), ("C-d", "status 1")])
def test_a_dialog_that_is_left_writes_nothing(screen: Screen, key: str, told: str) -> None:
    write_files(screen.folder, FILES)
    before = files_below(screen.folder)
    screen.type("hivewright new vm web2; echo status $?", "Profile, the guest's system [debian-13]:")
    screen.type("", "Host (alpha, beta):")
    screen.type("beta", "Number of vCPUs [1]:")
    assert screen.press(key, "ready:").endswith(told)
    assert files_below(screen.folder) == before


def test_what_is_not_wanted_after_all_is_not_written(screen: Screen) -> None:
    write_files(screen.folder, FILES)
    before = files_below(screen.folder)
    screen.type("hivewright new vm web2", "Profile, the guest's system [debian-13]:")
    screen.type("other", "Host (alpha, beta):")
    screen.type("alpha", "Number of vCPUs [1]:")
    screen.type("", "Memory [1G]:")
    screen.type("", "Size of its disk, or none [20G]:")
    screen.type("none", "Network (lan, none) [lan]:")
    screen.type("none", "Write this? (yes, no) [yes]:")
    assert screen.type("no", "ready:") == "Nothing was written."
    assert files_below(screen.folder) == before
