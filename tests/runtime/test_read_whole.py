"""Every script that lands on a host is read to its end before it acts: its file may be replaced while it runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from projects import CHECKOUT
from runtime_parts import RUNTIME, code_of, functions, name_of

LAST_CALLS = {"start": "run", "stop": "stop_within", "provision": "finish"}
"""The last call of each generated script, which ends the process."""

SCRIPTS = [
    path
    for path in sorted((CHECKOUT / "build").glob("*/root/**/*"))
    if path.is_file() and path.read_bytes().startswith(b"#!") and "hooks" not in path.parts
]
"""All of the example and the runtime but hooks, which are the operator's."""

HOST_CALLS = {"host", "modules", "network", "setting", "vm", "wave"}
"""What host.conf calls."""


def is_read_whole(path: Path) -> bool:
    """Whether nothing is left to read when the first command of a script runs: its form says so."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    if path.name in LAST_CALLS:
        last = lines[-2].split()[0]
        return (*lines[:2], lines[-1]) == ("set -u", "{  # sh has read all of this before it acts", "}") and (
            last == LAST_CALLS[path.name]
        )
    if path.name == "hivectl":
        return lines[-1] == 'main "$@"; exit'
    # rc.d: each way through the last compound ends the script.
    arms = lines[lines.index("case ${rc_fast_and_loose:+sourced} in") + 1 : -1]
    return lines[-1] == "esac" and all(
        re.fullmatch(r".*\) run_rc_command \"\$@\"; (?:exit|return) ;;", arm) for arm in arms
    )


def test_there_are_scripts_of_every_kind() -> None:
    assert {path.name for path in SCRIPTS} == {*LAST_CALLS, "hivectl", "hivewright"}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(CHECKOUT / "build")))
def test_a_script_is_read_to_its_end_before_it_acts(path: Path) -> None:
    assert is_read_whole(path)


@pytest.mark.parametrize("path", RUNTIME, ids=name_of)
def test_a_part_only_defines(path: Path) -> None:
    """What sources a part goes on when all of it was read; nothing in it takes long meanwhile."""
    text = code_of(path)
    for name in functions(path):
        text = re.sub(rf"(?ms)^{name}\(\) \{{(?:[^\n]*\}}$|.*?^\}}[^\n]*$)", "", text)
    text = re.sub(r"(?ms)^[a-z_]+='[^']*'$", "", text)
    allowed = (
        r"(?:[a-z_A-Z]+=(?:' '|[^ ;&|`(]*) *)+|load_part \S+|\. \S+|export [A-Z_ ]+|umask 022|set -u|#!/bin/sh"
        r"|\[ -z \"\$\{hive_reading-\}\" \] \|\| return 0|case \$0 in|/\*\) script=\$0 ;;|\*\) script=\$PWD/\$0 ;;|esac"
        r"|main \"\$@\"; exit"
    )
    assert [line for line in text.splitlines() if line.strip() and not re.fullmatch(allowed, line.strip())] == []


def test_nothing_is_made_while_host_conf_is_read() -> None:
    """Its calls note what they say; who makes something of it has read all of it."""
    places = {
        name_of(path)
        for path in RUNTIME
        for name in re.findall(r"(?m)^\t*([a-z_]+)\(\) \{", path.read_text())
        if name in HOST_CALLS
    }
    assert places == {"lib/host.subr", "lib/names.subr", "lib/reader.subr", "lib/script.subr"}
