"""The first page, word for word: from an empty folder to a site of two guests that is built."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from guides import blocks, environment_at

pytestmark = pytest.mark.slow


def test_it_leads_to_a_built_site_of_two_guests(tmp_path: Path) -> None:
    environment = environment_at(tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    block = next(block for block in blocks("getting-started.md") if block.startswith("hivewright new"))
    done = subprocess.run(
        ["sh", "-euc", block], cwd=work, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[-2:]] == ["guest1", "guest2"], done.stdout
    (host,) = {path.parent.name for path in (work / "demo/build").glob("*/INVENTORY.md")}
    scripts = work / "demo/build" / host / "root/usr/local/etc/hivewright/vms"
    assert sorted(path.parent.name for path in scripts.glob("*/start")) == ["guest1", "guest2"]
