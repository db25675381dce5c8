"""States of guests have colours on a real terminal, unless whoever sits there wants none."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from runtime_parts import library_at
from shells import SHELLS

SCRIPT = """
set -u
. "$1/lib/runtime.subr"
load_part guest/columns.subr
choose_colours
note=
for phase in running failed waiting stopped; do
	one_row state note
done
"""
PLAIN = "".join(f"{state:9} \n" for state in ("running", "failed", "waiting", "stopped"))
COLOURS = "".join(
    f"\033[{colour}m{state:9}\033[0m \n"
    for state, colour in (("running", 32), ("failed", 31), ("waiting", 33), ("stopped", 0))
)


@pytest.mark.parametrize("shell", SHELLS)
def test_they_have_them_where_they_are_seen_and_wanted(shell: str, tmp_path: Path) -> None:
    words = [*SHELLS[shell], "-c", SCRIPT, "sh", str(library_at(tmp_path / "library"))]

    def shown(terminal: bool, **settings: str) -> str:
        environment = {"PATH": os.environ["PATH"], **settings}
        if not terminal:
            return subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout
        ours, its = pty.openpty()
        subprocess.run(words, env=environment, stdout=its, check=True)
        said = b""
        while not said.endswith(b"\n") or said.count(b"\n") < PLAIN.count("\n"):
            said += os.read(ours, 1000)
        os.close(its)  # and not before: FreeBSD then drops what was not read yet
        os.close(ours)
        return said.decode().replace("\r", "")

    assert shown(True, TERM="xterm") == COLOURS
    assert re.sub("\033\\[[0-9]+m", "", COLOURS) == PLAIN
    assert shown(False, TERM="xterm") == PLAIN
    for settings in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}, {}):
        assert shown(True, **settings) == PLAIN
