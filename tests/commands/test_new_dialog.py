"""The dialog of ``hivewright new`` in a real terminal, that of tmux(1): each answer is checked when it is given."""

from __future__ import annotations

import tomllib

import pytest

from conftest import write_files
from screens import Screen

pytestmark = pytest.mark.slow

pytest_plugins = ["screen_fixtures"]

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK6KH5IcGO1QL+bSsIpFGNt26UkTBVgekzUW8nEB9L8T admin@example.net"


def test_each_answer_is_checked_at_once_and_asked_for_again(screen: Screen) -> None:
    (screen.folder / "taken").mkdir()
    dialog = [
        ("hivewright new", "[1/9] Name of the site [example]:", None),
        ("My Site", "[1/9] Name of the site [example]:", "site must be 1 to 31 lower-case letters, digits, - and _, "),
        ("taken", "[1/9] Name of the site [example]:", "taken exists already; nothing was changed"),
        ("lab", "[2/9] DNS domain of hosts and guests [example.net]:", None),
        ("a b", "[2/9] DNS domain of hosts and guests [example.net]:", "domain must be a DNS domain in lower case"),
        ("", "[3/9] Name of the first host [alpha]:", None),
        ("node-1", "[4/9] Its architecture, amd64 or arm64 [amd64]:", None),
        ("sparc", "[4/9] Its architecture, amd64 or arm64 [amd64]:", 'arch must be amd64 or arm64, not "sparc"'),
        ("arm64", "[5/9] Its FreeBSD release [15.0]:", None),
        (
            "14.3",
            "[5/9] Its FreeBSD release [15.0]:",
            "hivewright knows bhyve on arm64 in FreeBSD 15.0, 15.1, not in 14.3",
        ),
        ("15.1", "[6/9] Where disks lie, zfs or directory [zfs]:", None),
        ("2", "[6/9] Where disks lie, zfs or directory [zfs]:", 'storage must be zfs or directory, not "2"'),
        ("directory", "[7/9] The dataset, or the directory [/srv/vms]:", None),
        ("zroot/vms", "[7/9] The dataset, or the directory [/srv/vms]:", "location must be an absolute path"),
        ("/srv/guests", "[8/9] Your account in guests [admin]:", None),
        ("ops", "[9/9] Your public ssh key, or the file it is in [none]:", None),
        ("secret", "[9/9] Your public ssh key, or the file it is in [none]:", "ssh_key must be one public key"),
    ]
    for text, question, fault in dialog:
        before = screen.type(text, question)
        if fault is not None:
            assert before.startswith(fault), (text, before)
        assert [path.name for path in screen.folder.iterdir()] == ["taken"]
    made = screen.type(KEY, "ready:")
    assert made == "Made lab. Read lab/README.md, then run: hivewright -C lab build"
    site: dict[str, object] = {}
    for path in (screen.folder / "lab" / "site").rglob("*.toml"):
        site |= tomllib.loads(path.read_text())
    assert site["site"] == {"name": "lab", "domain": "example.net"}
    assert site["host"] == {"node-1": {"freebsd": "15.1", "arch": "arm64", "address": "node-1.example.net"}}
    assert site["storage"] == {"main": {"kind": "directory", "path": "/srv/guests"}}
    assert site["user"] == {"ops": {"ssh_keys": [KEY], "sudo": "ALL=(ALL) NOPASSWD:ALL"}}
    assert "\x1b" not in screen.shown("-e")


def test_the_key_of_whoever_asks_is_proposed(screen: Screen) -> None:
    """And another file may be named instead; one that cannot be read is asked for again."""
    write_files(screen.folder.parent, {".ssh/id_ed25519.pub": f"{KEY}\n", "other.pub": f"{KEY} other\n"})
    for name, dialog, key in (
        ("one", [("", "ready:")], KEY),
        ("two", [("~/none.pub", "cannot read ~/none.pub: No such file"), ("~/other.pub", "ready:")], f"{KEY} other"),
        ("three", [("none", "ready:")], None),
    ):
        screen.type(f"hivewright new {name}", f"[1/9] Name of the site [{name}]:")
        question = "[9/9] Your public ssh key, or the file it is in [~/.ssh/id_ed25519.pub]:"
        for number in range(2, 10):
            screen.type("", f"[{number}/9] {QUESTIONS[number]}" if number < 9 else question)
        for answer, said in dialog:
            before = screen.type(answer, "ready:" if said == "ready:" else question)
            assert said == "ready:" or before.startswith(said)
        users = tomllib.loads((screen.folder / name / "site/users.toml").read_text())["user"]
        assert users["admin"]["ssh_keys"] == ([] if key is None else [key])


@pytest.mark.slow
def test_the_command_that_is_printed_can_be_typed(screen: Screen) -> None:
    screen.type("hivewright new \"my 'first' site\"", "[1/9] Name of the site [example]:")
    for number in range(2, 10):
        screen.type("", f"[{number}/9] {QUESTIONS[number]}")
    made = screen.type("", "ready:")
    command = made.partition("then run: ")[2]
    assert command
    told = screen.type(f"{command} -q; echo status $?", "ready:")
    assert told == "status 0"
    assert (screen.folder / "my 'first' site" / "build" / "alpha" / "MANIFEST").is_file()


QUESTIONS = {
    2: "DNS domain of hosts and guests [example.net]:",
    3: "Name of the first host [alpha]:",
    4: "Its architecture, amd64 or arm64 [amd64]:",
    5: "Its FreeBSD release [14.3]:",
    6: "Where disks lie, zfs or directory [zfs]:",
    7: "The dataset, or the directory [zroot/vms]:",
    8: "Your account in guests [admin]:",
    9: "Your public ssh key, or the file it is in [none]:",
}


def test_a_folder_that_exists_is_told_before_any_question(screen: Screen) -> None:
    (screen.folder / "demo").mkdir()
    assert screen.type("hivewright new demo", "ready:") == "hivewright: demo exists already; nothing was changed"


@pytest.mark.parametrize(("key", "status"), [("C-c", 130), ("C-d", 1)])
def test_a_dialog_that_is_left_makes_nothing(screen: Screen, key: str, status: int) -> None:
    screen.type("hivewright new; echo status $?", "[1/9] Name of the site [example]:")
    screen.type("lab", QUESTIONS[2])
    assert screen.press(key, "ready:").endswith(f"status {status}")
    assert not list(screen.folder.iterdir())
