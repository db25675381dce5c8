"""A bhyve that SIGKILL does not end at once, as while its core file is written: no process of a test can be so."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runtime_parts import library_at
from shells import SHELLS

SCRIPT = """
set -u
. "$1/lib/runtime.subr"
load_part guest/stop.subr
kill() { printf 'kill %s\\n' "$*"; }
bhyvectl() { printf 'bhyvectl %s\\n' "$*" >&2; }
pgrep() { printf '4711\\n'; }
pwait() { printf 'pwait %s\\n' "$*"; return 124; }
hive_run=$2 run=$2 vm=web1 log=$2/log hookless=yes
holder=11 answer=22
stop_supervised 0
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_its_supervisor_is_left_to_clean_up(shell: str, tmp_path: Path) -> None:
    library = library_at(tmp_path / "library")
    (tmp_path / "supervisor").write_text("22 11\ndisarmed by USR1\n")
    (tmp_path / "pid").write_text("4711\n")
    (tmp_path / "phase").write_text("running 1000000000 started (pid 4711)\n")
    words = [*SHELLS[shell], "-c", SCRIPT, "sh", str(library), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done
    killed = [line for line in done.stdout.splitlines() if line.startswith("kill ")]
    assert killed == ["kill -USR1 22", "kill -KILL 4711"]
    said = "web1: bhyve 4711 was killed and is not gone yet; when it is, what is left of it is cleaned up\n"
    assert done.stderr.endswith(said)
