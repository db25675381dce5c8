"""The runtime is plain sh: clean for shellcheck, parsed by every shell at hand, and free of what it must not use."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from programs import linter
from projects import CHECKOUT, LIBRARY
from runtime_parts import (
    DELIVERY,
    RUNTIME,
    SERVICE,
    code_of,
    commands_of,
    functions,
    name_of,
    simple_commands,
    too_early,
)
from shells import SHELLS

LONGEST_FILE, LONGEST_FUNCTION, LONGEST_LINE = 200, 60, 80

COMMANDS = {
    *(
        "awk",
        "b64encode",
        "bhyvectl",
        "cat",
        "cp",
        "cu",
        "daemon",
        "date",
        "dd",
        "devctl",
        "env",
        "df",
        "fetch",
        "find",
        "ifconfig",
        "iscsictl",
    ),
    *("kldload", "ln", "lockf", "makefs", "mkdir", "mount", "mv", "nc", "ngctl", "od", "pciconf", "pgrep", "pkill"),
    *("ps", "pwait"),
    "service",
    *("cpuset", "protect", "qemu-img", "rctl", "renice", "rm", "rmdir", "route", "sha256", "sha512", "sleep"),
    *("grep", "sockstat", "sort", "ssh", "stat", "stty", "sysctl", "vncviewer"),
    *("tail", "tar", "tcpdrop", "timeout", "tr", "true", "tmux", "truncate", "unzip", "valectl", "wc", "zfs", "zstd"),
}
"""The external commands the runtime may run: FreeBSD's base; qemu-img and tmux where an image or a console needs it."""

DELIVERY_COMMANDS = {
    *("awk", "cat", "cut", "hostname", "id", "install", "lockf", "mkdir", "mv", "rm", "rmdir", "sed", "sha256", "sort"),
    *("stat", "sync", "sysrc", "tr", "xargs", "zfs"),
}
"""Those of the script that installs: FreeBSD's base, since a host may have nothing else yet."""

BUILTINS = {
    *(":", ".", "[", "break", "cd", "command", "continue", "exec", "exit", "export", "false", "getopts", "kill"),
    *("local", "printf", "pwd", "read", "return", "set", "shift", "trap", "ulimit", "umask", "unset", "wait"),
}
SPECIAL = {
    *(":", ".", "break", "continue", "eval", "exit", "export", "readonly", "return", "set", "shift", "times", "trap"),
    *("true", "unset"),
}
KEYWORDS = {
    *("!", "{", "}", "(", ")", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "then", "while"),
}
FORBIDDEN = {
    "the title of a bhyve without the name of its build": r'"bhyve: ',
    "eval": r"\beval\b",
    "a backquote": r"`",
    "a bash test": r"\[\[(?!:)",
    "== in a test": r"\[ [^\]]*[^=!]==",
    "set -e": r"\bset -[a-z]*e",
    "a bash function": r"\bfunction\b",
    "source": r"^\s*source\s",
    "a here-string": r"<<<",
    "echo": r"(?<!-)\becho\b",
    "an array": r"\$\{[a-z_]+\[",
    "a substring": r"\$\{[a-z_]+:[0-9]",
    "a replacement": r"\$\{[a-z_]+/",
    "&>": r"&>",
    "a binary operator of test": r"\[ [^\]]* -[ao] ",
}


def shellcheck(text: str, *options: str) -> str:
    words = [linter("shellcheck"), "-s", "sh", "-f", "gcc", *options, "-"]
    return subprocess.run(words, input=text, text=True, capture_output=True, check=False).stdout


@pytest.mark.slow
@pytest.mark.parametrize("path", [*RUNTIME, *DELIVERY], ids=name_of)
def test_shellcheck_finds_nothing(path: Path) -> None:
    assert shellcheck(path.read_text(), "--rcfile", str(CHECKOUT / ".shellcheckrc")) == ""


def test_shellcheck_finds_nothing_in_the_service() -> None:
    # Unquoted ": ${x:=y}" is how every rc.d script gives defaults; their variables are for rc.subr.
    text = SERVICE.read_text()
    assert shellcheck(text, "--rcfile", str(CHECKOUT / ".shellcheckrc"), "-e", "SC2223") == ""


@pytest.mark.slow
def test_the_parts_together_use_what_they_set() -> None:
    """Variables that one part sets and another uses: none is unset, none superfluous."""
    for parts in (RUNTIME, DELIVERY):
        text = "\n".join(path.read_text() for path in parts)
        # What flows where is no matter of these two, and would take most of the time.
        assert shellcheck(text, "--norc", "--extended-analysis=false", "-i", "SC2034,SC2154") == ""


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("path", [*RUNTIME, *DELIVERY, SERVICE], ids=name_of)
def test_every_shell_parses_it(path: Path, shell: str) -> None:
    result = subprocess.run([*SHELLS[shell], "-n", str(path)], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("what", FORBIDDEN)
def test_it_does_without(what: str) -> None:
    found = [
        f"{name_of(path)}: {line}"
        for path in (*RUNTIME, *DELIVERY)
        for line in code_of(path).splitlines()
        if re.search(FORBIDDEN[what], line)
    ]
    assert not found, f"{what}: {found}"


@pytest.mark.parametrize("path", [*RUNTIME, *DELIVERY, SERVICE], ids=name_of)
def test_layout(path: Path) -> None:
    """Tabs, four columns for a continued line, no blanks at the end, and lines and files of bearable length."""
    lines = path.read_text().split("\n")
    assert lines[-1] == ""
    assert len(lines[:-1]) <= LONGEST_FILE
    continued = False
    for number, line in enumerate(lines, 1):
        assert line == line.rstrip(), f"{path.name}:{number} ends in a blank"
        assert len(line.expandtabs(8)) <= LONGEST_LINE, f"{path.name}:{number} is too long"
        indent = line[: len(line) - len(line.lstrip())]
        assert re.fullmatch(r"\t*(    )?", indent), f"{path.name}:{number} is not indented by tabs"
        assert continued or not indent.endswith(" "), f"{path.name}:{number} continues nothing"
        continued = line.endswith(("\\", "&&", "||"))


@pytest.mark.parametrize("path", [*RUNTIME, *DELIVERY], ids=name_of)
def test_functions_are_short_and_declare_first(path: Path) -> None:
    for name, body in functions(path).items():
        assert len(body) <= LONGEST_FUNCTION, f"{name} has {len(body)} lines"
        late = [line for line in body[2:] if line.startswith("\tlocal ")]
        assert not late, f"{name} declares variables late: {late}"
        assigned = [line for line in body if re.match(r"\tlocal .*=", line)]
        assert not assigned, f"{name} assigns where it declares: {assigned}"


@pytest.mark.slow
@pytest.mark.parametrize("path", [*RUNTIME, *DELIVERY], ids=name_of)
def test_a_redirection_that_fails_ends_no_shell(path: Path) -> None:
    """At a special builtin it does so in every sh, at a function in FreeBSD's (evalcommand() in eval.c); true is one
    there. So it stands at a group, at another builtin or at a program. exec is on its own: it looks before."""
    ending = SPECIAL | {name for each in (*RUNTIME, *DELIVERY) for name in functions(each)}
    found = [
        " ".join(words)
        for words in simple_commands(code_of(path))
        if words[0] in ending and re.search(r"[<>]+(?![&<]|/dev/null|/dev/fd)", " ".join(words[1:]).replace(">>", ">"))
    ]
    assert found == []


@pytest.mark.parametrize("path", [*RUNTIME, *DELIVERY, SERVICE], ids=name_of)
def test_no_assignment_needs_another_of_its_command(path: Path) -> None:
    """FreeBSD's sh expands the values of all of them before it assigns the first (evalcommand() in eval.c)."""
    assert too_early(code_of(path)) == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("a=1 b=$a", ["b=$a"]),
        ("a=${x#*y } a=${a%% *}", ["a=${a%% *}"]),
        ('[ -n "$x" ] && a=1 b="${#a}"', ['b="${#a}"']),
        ("x=$(a=1 b=$((a + 1)); echo)", ["b=$((a + 1))"]),
        ("a=1\nb=$a; c=2", []),
        ("a=1; b=$a", []),
        ("a=b b='$a' c=$ab", []),
    ],
)
def test_an_assignment_that_needs_another_is_seen(code: str, found: list[str]) -> None:
    assert too_early(code) == found


@pytest.mark.parametrize(("parts", "known"), [(RUNTIME, COMMANDS), (DELIVERY, DELIVERY_COMMANDS)])
def test_only_known_commands_are_run(parts: list[Path], known: set[str]) -> None:
    defined = {name for path in parts for name in functions(path)}
    used: set[str] = set()
    for path in parts:
        used |= commands_of(code_of(path))
    external = used - defined - BUILTINS - KEYWORDS
    assert external <= known, f"not in the list: {sorted(external - known)}"
    said = "\n".join(code_of(path) for path in parts)
    assert [name for name in sorted(known) if not re.search(rf"\b{name}\b", said)] == []


def test_the_path_is_the_runtimes_own() -> None:
    first = (LIBRARY / "lib" / "runtime.subr").read_text()
    assert "\nPATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin\n" in first
    for path in RUNTIME:
        if name_of(path) in ("start.subr", "stop.subr", "provision.subr", "hivectl"):
            first = next(line for line in path.read_text().splitlines() if line.startswith(". "))
            assert first == ". /usr/local/libexec/hivewright/lib/runtime.subr"


def test_no_file_beside_those_of_guests_can_be_called_like_a_guest() -> None:
    for path in (*RUNTIME, SERVICE):
        for name in re.findall(
            r'"\$\{?(?:hive_run|hive_log|state_dir|log_dir)\}?/([a-z][a-z0-9_.-]*)"', path.read_text()
        ):
            assert "." in name, f"{path.name}: a guest may be called {name}"
