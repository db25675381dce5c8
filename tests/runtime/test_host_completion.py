"""The scripts that complete the words of hivectl, in the shells themselves; what is offered is not looked at here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from projects import CHECKOUT
from screens import Screen, completes

LOCAL = CHECKOUT / "templates/runtime/usr/local"
HIVECTL = "/usr/local/sbin/hivectl"
ANSWERS = """#!/bin/sh
case "$*:$COMMAND_LINE" in
'_words -- sta:'|'_words line:hivectl sta') printf '%s\\n' start ;;
'_words -- start we:'|'_words line:hivectl start we') printf '%s\\n' web1 ;;
'_words -- start @pr:'|'_words line:hivectl start @pr') printf '%s\\n' @prod ;;
*) printf '%s\\n' "$*:$COMMAND_LINE" >>"${0%/*}/unexpected" ;;
esac
"""
SHELLS: dict[str, tuple[str, Sequence[str], str]] = {
    "bash": ("share/bash-completion/completions/hivectl", ("bash", "--norc", "--noprofile"), "source {script}"),
    "zsh": (
        "share/zsh/site-functions/_hivectl",
        ("zsh", "-f"),
        "fpath=({folder} $fpath); autoload -Uz compinit; compinit -D -u",
    ),
    "tcsh": ("share/hivewright/completion.tcsh", ("tcsh", "-f"), "source {script}"),
}


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_a_tab_completes_in_the_shell_itself(shell: str, tmp_path: Path) -> None:
    place, program, load = SHELLS[shell]
    hivectl = tmp_path / "bin" / "hivectl"
    hivectl.parent.mkdir()
    hivectl.write_text(ANSWERS)
    hivectl.chmod(0o755)
    text = (LOCAL / place).read_text()
    assert text.count(HIVECTL) == 1
    script = tmp_path / "functions" / Path(place).name
    script.parent.mkdir()
    script.write_text(text.replace(HIVECTL, str(hivectl)))
    (tmp_path / "screen").mkdir()
    screen = Screen(tmp_path / "screen")
    wanted = {
        "hivectl sta": "start",
        "hivectl start we": "start web1",
        "hivectl start @pr": "@prod",
    }
    completes(screen, tmp_path, program, load.format(script=script, folder=script.parent), wanted)
    assert not (hivectl.parent / "unexpected").exists(), (hivectl.parent / "unexpected").read_text()
