"""The pictures of the editor in docs/pictures show what its screens show; ``make golden`` makes them anew."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from conftest import write_files
from hivewright import cli
from hivewright.editor.app import Editor
from hivewright.source import find_project
from pictures import agree
from projects import FILES

pytestmark = pytest.mark.slow

STEPS: dict[str, tuple[str, list[str]]] = {
    "edit-guests.svg": ("", []),
    "edit-setting.svg": ("web1", ["slash", *"memory", "enter", "enter", *"8X"]),
    "edit-difference.svg": ("web1", ["slash", *"memory", "enter", "enter", *"8G", "tab", "tab"]),
}
"""The guest of each picture, and the keys that lead to it."""


async def draw(vm: str, keys: list[str]) -> str:
    app = Editor(Namespace(**cli.DEFAULTS), find_project(Path()), vm)
    async with app.run_test(size=(80, 24)) as pilot:
        for key in keys:
            await pilot.press(key)
        await app.workers.wait_for_complete()
        await pilot.pause()
        return app.export_screenshot(title="hivewright edit")


@pytest.mark.parametrize("name", STEPS)
def test_a_picture_shows_the_screen(
    name: str, tmp_path: Path, snapshot: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    write_files(tmp_path, FILES)
    agree(name, asyncio.run(draw(*STEPS[name])), snapshot, request)
