"""The editor in a real terminal, that of tmux(1), of 80 columns and 24 lines, without colours and without a mouse."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import write_files
from projects import FILES, files_below
from screens import LONGEST, Screen

pytest_plugins = ["screen_fixtures"]
pytestmark = pytest.mark.slow


class Terminal:
    """The editor on a small screen."""

    def __init__(self, screen: Screen, vm: str = "web1") -> None:
        self.screen = screen
        self.site = screen.folder / "site"
        write_files(screen.folder, FILES)
        self.before = files_below(screen.folder)
        screen.tmux("resize-window", "-x", "80", "-y", "24")
        screen.tmux("send-keys", "-l", f"clear; hivewright edit {vm}; echo status $?")
        screen.tmux("send-keys", "Enter")

    def see(self, *texts: str, but: str = "\0") -> str:
        """Waits until the screen has these texts, and another one no more."""
        return self.until(lambda shown: all(text in shown for text in texts) and but not in shown, *texts)

    def until(self, is_so: Callable[[str], bool], *about: str) -> str:
        until = time.monotonic() + LONGEST
        while not is_so(shown := self.screen.shown()):
            assert time.monotonic() < until, (about, shown)
            time.sleep(0.02)
        return shown

    def keys(self, *keys: str) -> None:
        self.screen.tmux("send-keys", *keys)

    def text(self, text: str) -> None:
        self.screen.tmux("send-keys", "-l", text)

    def find(self, key: str) -> None:
        self.keys("/")
        self.see("Which settings?")
        self.text(key)
        self.keys("Enter")
        self.see(f" {key} ", but="Which settings?")

    @property
    def web(self) -> Path:
        return self.site / "vms/web.toml"

    def untouched(self) -> bool:
        return files_below(self.screen.folder) == self.before


def test_a_setting_is_changed_checked_while_it_is_typed_and_saved(screen: Screen) -> None:
    terminal = Terminal(screen)
    shown = terminal.see("web1, vms/web.toml", "SETTING", "Enter change")
    assert len(shown.splitlines()) <= 24
    terminal.find("memory")
    terminal.see("Guest memory in whole mebibytes", "from vms/web.toml")
    terminal.keys("Enter")
    terminal.see("memory = 4G", "Enter take it")
    # All at once, as a slow line brings it.
    terminal.text("\x7f9\x7f8X")
    terminal.see("memory = 8X", "KEY004", "a size needs a whole number and a unit")
    terminal.keys("F1")
    terminal.see("KEY004: ", "Wrong:", but="Enter take it")
    terminal.keys("q")
    terminal.see("memory = 8X", "Enter take it   Escape leave it   Tab panel   F1 explain")
    terminal.keys("BSpace", "G", "Tab")
    terminal.see("memory = 8G", '\nmemory = "8G"', but="KEY004")
    terminal.keys("Tab")
    terminal.see("start:", '+set -- "$@" -m 8G  # memory')
    assert terminal.untouched()
    terminal.keys("Enter")
    terminal.see("* changed", "Enter change")
    terminal.keys("s")
    terminal.see("Written. Now run: hivewright build", but="* changed")
    assert terminal.web.read_text() == FILES["site/vms/web.toml"].replace("4G", "8G")
    assert not [code for code in ("[3", "[4", "[9") if f"\x1b{code}" in plain(screen.shown("-e"))]
    terminal.keys("q")
    terminal.see("3 guests", "NAME")
    terminal.keys("q")
    terminal.see("status 0")


def plain(text: str) -> str:
    """Without the resets that tmux writes itself."""
    return text.replace("\x1b[39m", "").replace("\x1b[49m", "")


def test_what_is_wrong_is_not_saved_and_explained_and_dropped(screen: Screen) -> None:
    terminal = Terminal(screen)
    terminal.see("Enter change")
    terminal.find("host")
    terminal.keys("Enter")
    terminal.see("host = alpha")
    terminal.text("gamma")
    terminal.see("REF001")
    terminal.keys("Enter")
    terminal.see("1 error", "* changed")
    terminal.keys("s")
    terminal.see("Not written: the site would have errors.")
    terminal.keys("x")
    terminal.see("there is no host", "known: alpha, beta")
    terminal.keys("q")
    terminal.keys("u")
    terminal.see("Enter change", but="* changed")
    terminal.keys("d")
    terminal.see("lacks the key")
    terminal.keys("C-q")
    terminal.see("web1 was changed.")
    terminal.keys("d")
    terminal.see("3 guests")
    assert terminal.untouched()


def test_somebody_else_changes_the_file_meanwhile(screen: Screen) -> None:
    terminal = Terminal(screen)
    terminal.see("Enter change")
    terminal.find("memory")
    terminal.keys("Enter")
    terminal.see("memory = 4G")
    terminal.text("8G")
    terminal.keys("Enter")
    terminal.see("* changed")
    terminal.web.write_text(terminal.web.read_text().replace("[vm.web1]\n", '[vm.web1]\ndescription = "new"\n'))
    terminal.keys("s")
    terminal.see("Somebody else changed vms/web.toml meanwhile. Nothing was written.")
    assert 'memory = "4G"' in terminal.web.read_text()
    terminal.keys("r")
    terminal.see("* changed", but="Somebody else")
    terminal.keys("s")
    terminal.see("Written.", but="* changed")
    assert terminal.web.read_text().startswith('[vm.web1]\ndescription = "new"\nhost = "alpha"\nmemory = "8G"\n')


def test_a_new_guest_is_made_from_the_list(screen: Screen) -> None:
    terminal = Terminal(screen, "")
    terminal.see("3 guests", "n new")
    terminal.keys("n")
    terminal.see("The name of the new guest, a space, and its host (alpha, beta):")
    terminal.text("web2 beta")
    terminal.keys("Enter")
    terminal.see("web2, vms/web2.toml  * changed", "debian-13")
    terminal.keys("a")
    terminal.see("The key, such as")
    terminal.text("description = of two words")
    terminal.keys("Enter")
    terminal.see("description = of two words", "For people.")
    terminal.keys("Enter")
    assert terminal.untouched()
    terminal.keys("F2")
    terminal.see("Written.", but="* changed")
    assert 'description = "of two words"' in (terminal.site / "vms/web2.toml").read_text()
    assert terminal.web.read_text() == FILES["site/vms/web.toml"]
