"""How far an image is: fetch(1) shows that on a terminal, and in no log."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from runtime_parts import library_at
from shells import SHELLS

SCRIPT = """\
set -u
. ./library/lib/runtime.subr
load_part storage/fetch.subr
hive_cache=$PWD got=$PWD/golden.part vm=web1
fetch() { printf '%s\\n' "$*" >words; }
fetch_part golden https://images.example.net/golden.raw sha256:0 ''
"""


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("on_terminal", [True, False])
def test_it_is_quiet_but_on_a_terminal(shell: str, on_terminal: bool, tmp_path: Path) -> None:
    library_at(tmp_path / "library")
    leader, follower = pty.openpty()
    done = subprocess.run(
        [*SHELLS[shell], "-c", SCRIPT], cwd=tmp_path, stderr=follower if on_terminal else subprocess.PIPE, check=False
    )
    os.close(follower)
    os.close(leader)
    assert done.returncode == 0, done
    said = (tmp_path / "words").read_text().split()
    assert said == [
        *(["-q"] if not on_terminal else []),
        *("-T", "60", "-o", f"{tmp_path}/golden.part", "https://images.example.net/golden.raw"),
    ]
