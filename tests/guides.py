"""What the commands of a guide find when they are run as they stand there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from projects import CHECKOUT

IDENTITY = {
    f"GIT_{who}_{what}": text
    for who in ("AUTHOR", "COMMITTER")
    for what, text in (("NAME", "Alice"), ("EMAIL", "alice@example.net"))
}


def environment_at(folder: Path) -> dict[str, str]:
    """The program by its name, and a git without settings of whoever runs the tests."""
    program = folder / "bin" / "hivewright"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m hivewright "$@"\n')
    program.chmod(0o755)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        **IDENTITY,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(CHECKOUT / "compiler"),
    }
