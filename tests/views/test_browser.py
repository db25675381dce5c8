"""The page of ``hivewright report`` in a real browser: from wide to narrow, light and dark."""

from __future__ import annotations

import json
import re
import subprocess
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest

from full_house import full_tables, site_of
from hivewright import cli
from hivewright.allocation.allocate import allocate
from hivewright.lower import lower
from hivewright.views.report import report
from projects import CHECKOUT

pytestmark = pytest.mark.needs("chromium")

WIDTHS = (1920, 1300, 1270, 920, 600, 400, 320)
LEAST = 1280
"""Pixels that a table needs to have its columns beside each other."""
CHROMIUM = (
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=2000,1200",
    "--virtual-time-budget=10000", "--dump-dom",
)  # fmt: skip
MEASURE = """
const found = [...document.querySelectorAll('iframe')].map(frame => {
  const page = frame.contentDocument, root = page.documentElement;
  const style = (where, key) => frame.contentWindow.getComputedStyle(page.querySelector(where))[key];
  const [cell, next] = [...page.querySelectorAll('tbody td')].map(each => each.getBoundingClientRect());
  return {
    width: Number(frame.width), mode: page.compatMode, wanted: root.scrollWidth, given: root.clientWidth,
    heads: style('thead', 'display'), beside: next.top < cell.bottom,
    colours: [style('body', 'color'), style('body', 'backgroundColor'), style('a', 'color')],
    tables: page.querySelectorAll('table').length,
  };
});
document.body.textContent = JSON.stringify(found);
"""


def example(capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.main(["-q", "-C", str(CHECKOUT), "report"]) == 0
    return capsys.readouterr().out


def full_house() -> str:
    site = site_of(full_tables("15.1", "amd64"))
    return report(site, lower(site, allocate(site, {})).plans)


def measured(folder: Path, page: str, *words: str) -> list[dict[str, Any]]:
    """What a browser makes of a page at each width: it lies in frames of a page that looks into them."""
    frames = "".join(f'<iframe width="{width}" height="900" srcdoc="{escape(page)}"></iframe>' for width in WIDTHS)
    file = folder / "frames.html"
    file.write_text(f"<!DOCTYPE html><body>{frames}<script>onload = () => {{{MEASURE}}}</script></body>")
    command = [*CHROMIUM, f"--user-data-dir={folder / 'profile'}", *words, file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    match = re.search(r"<body>(\[.*\])</body>", done.stdout, re.DOTALL)
    assert match is not None, done.stdout[-2000:]
    found: list[dict[str, Any]] = json.loads(unescape(match[1]))
    return found


def luminance(colour: str) -> float:
    """Of ``rgb(1, 2, 3)`` (WCAG 2, relative luminance)."""
    parts = [int(part) / 255 for part in re.findall("[0-9]+", colour)[:3]]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("which", ["example", "full house"])
def test_a_page_fits_whatever_width_it_is_given(which: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is cut off or has to be scrolled sideways; where columns have no room, each cell is a line."""
    page = example(capsys) if which == "example" else full_house()
    for found in measured(tmp_path, page):
        assert found["mode"] == "CSS1Compat"
        assert found["wanted"] <= found["given"], found
        assert found["beside"] == (found["heads"] != "none"), found
        assert (found["heads"] == "none") == (found["width"] <= LEAST), found
        assert found["tables"] >= 4


@pytest.mark.parametrize(("scheme", "is_dark"), [("1", False), ("0", True)], ids=["light", "dark"])
def test_text_can_be_read_by_day_and_by_night(
    scheme: str, is_dark: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = measured(tmp_path, example(capsys), f"--blink-settings=preferredColorScheme={scheme}")[0]
    text, ground, link = found["colours"]
    ground = "rgb(255, 255, 255)" if ground == "rgba(0, 0, 0, 0)" else ground
    assert (luminance(ground) < 0.1) == is_dark
    assert contrast(text, ground) >= 7
    assert contrast(link, ground) >= 4.5
