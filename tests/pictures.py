"""The pictures of screens in docs/pictures: drawn by the tests that show such a screen, and compared with it.

Of a picture the words are compared: how they are drawn is up to the library.
"""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from projects import CHECKOUT

PICTURES = CHECKOUT / "docs" / "pictures"

_REMOTE = re.compile(r"@font-face \{.*?\}|<!--.*?-->", re.DOTALL)
"""Fonts that would be fetched, and the address of the library."""
_TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")


def words(picture: str) -> list[str]:
    return " ".join(html.unescape(text).replace("\xa0", " ") for text in _TEXT.findall(picture)).split()


def agree(name: str, drawn: str, snapshot: Any, request: pytest.FixtureRequest) -> None:
    """A picture has the words of a screen that was drawn; ``make golden`` makes it anew where it has not."""
    drawn = "\n".join(line.rstrip() for line in _REMOTE.sub("", drawn).splitlines() if line.strip()) + "\n"
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")
    path = PICTURES / name
    if request.config.option.snapshot_update:
        if not path.exists() or words(path.read_text()) != words(drawn):
            snapshot.snapshot_dir = PICTURES
            snapshot.assert_match(drawn, name)
        return
    assert words(path.read_text()) == words(drawn)
