"""The pictures of the editor in docs/pictures show what its screens show; ``make golden`` makes them anew.

Of a picture the words are compared: how they are drawn is up to the library.
"""

from __future__ import annotations

import asyncio
import html
import re
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from conftest import write_files
from hivewright import cli
from hivewright.editor.app import Editor
from hivewright.source import find_project
from projects import CHECKOUT, FILES

pytestmark = pytest.mark.slow

PICTURES = CHECKOUT / "docs" / "pictures"
STEPS: dict[str, tuple[str, list[str]]] = {
    "edit-guests.svg": ("", []),
    "edit-setting.svg": ("web1", ["slash", *"memory", "enter", "enter", *"8X"]),
    "edit-difference.svg": ("web1", ["slash", *"memory", "enter", "enter", *"8G", "tab", "tab"]),
}
"""The guest of each picture, and the keys that lead to it."""

_REMOTE = re.compile(r"@font-face \{.*?\}|<!--.*?-->", re.DOTALL)
"""Fonts that would be fetched, and the address of the library."""
_TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")


def words(picture: str) -> list[str]:
    return " ".join(html.unescape(text).replace("\xa0", " ") for text in _TEXT.findall(picture)).split()


async def draw(vm: str, keys: list[str]) -> str:
    app = Editor(Namespace(**cli.DEFAULTS), find_project(Path()), vm)
    async with app.run_test(size=(80, 24)) as pilot:
        for key in keys:
            await pilot.press(key)
        await app.workers.wait_for_complete()
        await pilot.pause()
        drawn = app.export_screenshot(title="hivewright edit")
    return "\n".join(line.rstrip() for line in _REMOTE.sub("", drawn).splitlines() if line.strip()) + "\n"


@pytest.mark.parametrize("name", STEPS)
def test_a_picture_shows_the_screen(
    name: str, tmp_path: Path, snapshot: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    write_files(tmp_path, FILES)
    drawn = asyncio.run(draw(*STEPS[name]))
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")
    path = PICTURES / name
    if request.config.option.snapshot_update:
        if not path.exists() or words(path.read_text()) != words(drawn):
            snapshot.snapshot_dir = PICTURES
            snapshot.assert_match(drawn, name)
        return
    assert words(path.read_text()) == words(drawn)
