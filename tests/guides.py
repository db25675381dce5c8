"""The commands of a page of docs/, and what they find when they are run as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

from hivewright import cli
from projects import CHECKOUT

IDENTITY = {
    f"GIT_{who}_{what}": text
    for who in ("AUTHOR", "COMMITTER")
    for what, text in (("NAME", "Alice"), ("EMAIL", "alice@example.net"))
}


def blocks(page: str) -> list[str]:
    """The commands of a page, block by block."""
    return re.findall(r"^```sh\n(.*?)^```$", (CHECKOUT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL | re.M)


def follow(page: str, word: str = "", other: str = "") -> None:
    """Run the one block of a page, which calls hivewright alone, in the current folder, with another word for one."""
    (block,) = blocks(page)
    for command in block.splitlines():
        program, *words = shlex.split(command.replace(word, other) if word else command)
        assert (program, cli.main(["-q", *words])) == ("hivewright", 0), command


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
