"""The picture of the dialog of ``hivewright new vm`` in docs/pictures shows what a terminal shows."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from conftest import write_files
from pictures import agree
from projects import CHECKOUT, FILES
from screens import Screen

pytest_plugins = ["screen_fixtures"]
pytestmark = pytest.mark.slow

NAME = "new-vm.svg"
TYPED = [
    ("hivewright new vm", "Name of the VM [guest1]:"),
    ("web2", "Profile, the guest's system [debian-13]:"),
    ("", "Host (alpha, beta):"),
    ("beta", "Number of vCPUs [1]:"),
    ("2", "Memory [1G]:"),
    ("4", "Memory [1G]:"),
    ("4G", "Size of its disk, or none [20G]:"),
    ("", "Storage of the disk [plain]:"),
    ("", "Image that fills the disk, or none (debian-13, none) [debian-13]:"),
    ("", "Network (lan, none) [lan]:"),
    ("?", "Network (lan, none) [lan]:"),
    ("", "Address with prefix length, dhcp, auto or none [192.0.2.1/24]:"),
    ("192.0.2.11/24", "Gateway, or none [none]:"),
    ("192.0.2.254", "Name servers, or none [none]:"),
    ("", "Account in the guest, or none (alice, none) [alice]:"),
    ("", "Write this? (yes, no) [yes]:"),
    ("", "ready:"),
]  # fmt: skip
"""What is typed, and what is asked then."""


def test_the_picture_shows_the_dialog(screen: Screen, snapshot: Any, request: pytest.FixtureRequest) -> None:
    write_files(screen.folder, FILES)
    for text, question in TYPED:
        screen.type(text, question)
    dialog = screen.shown().partition("ready: hivewright")[2].removesuffix("ready:").rstrip()
    lines = f"$ hivewright{dialog}".splitlines()
    assert lines[-1] == "Now run: hivewright build"
    console = Console(record=True, file=io.StringIO(), width=max(map(len, lines)), force_terminal=True)
    console.print("\n".join(lines), markup=False, highlight=False)
    agree(NAME, console.export_svg(title="hivewright new vm", unique_id="new-vm"), snapshot, request)


def test_the_guide_shows_the_picture() -> None:
    assert f"](pictures/{NAME})" in (CHECKOUT / "docs" / "editing.md").read_text(encoding="utf-8")
