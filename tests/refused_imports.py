"""Imports of what cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from hivewright import cli


def refusal(kind: str, file: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that is said of a file, after its path; an empty folder stays empty."""
    folder = file.parent / "new"
    folder.mkdir()
    assert cli.main(["-C", str(folder), "import", kind, str(file)]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert list(folder.iterdir()) == []
    begin = f"hivewright: {file}:"
    assert said.startswith(begin)
    return said.removeprefix(begin)
