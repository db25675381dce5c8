"""The runtime is plain sh: clean for shellcheck, parsed by every shell at hand, and free of what it must not use."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from programs import linter
from projects import CHECKOUT, LIBRARY
from shells import SHELLS

LOCAL = CHECKOUT / "templates" / "root" / "usr" / "local"
PARTS = sorted(LIBRARY.glob("*.subr"))
HIVECTL = LOCAL / "sbin" / "hivectl"
SERVICE = LOCAL / "etc" / "rc.d" / "hivewright"
RUNTIME = [*PARTS, HIVECTL]
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_LINE = 350, 60, 80

COMMANDS = {
    *("bhyvectl", "cp", "cu", "daemon", "date", "dd", "devctl", "env", "fetch", "grep", "gzip", "ifconfig", "iscsictl"),
    *("kldload", "ln", "lockf", "makefs", "mkdir", "mv", "nc", "ngctl", "pciconf", "pgrep", "pkill", "pwait"),
    *("cpuset", "protect", "qemu-img", "rctl", "renice", "rm", "route", "sha256", "sleep", "stat", "stty", "sysctl"),
    *("tail", "timeout", "true", "tmux", "truncate", "valectl", "xz", "zfs", "zstd"),
}
"""The external commands the runtime may run: FreeBSD's base; qemu-img and tmux where an image or a console needs it."""

BUILTINS = {
    *(":", ".", "[", "break", "cd", "command", "continue", "exec", "exit", "export", "false", "kill", "local"),
    *("printf", "read", "return", "set", "shift", "trap", "umask", "unset", "wait"),
}
KEYWORDS = {
    *("!", "{", "}", "(", ")", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "then", "while"),
}
FORBIDDEN = {
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


def name_of(path: Path) -> str:
    return path.name


def code_of(path: Path) -> str:
    """The text without comments; those of the runtime begin a line or follow a tab."""
    return re.sub(r"(?m)(^|\t)#.*$", "", path.read_text())


def shellcheck(text: str, *options: str) -> str:
    words = [linter("shellcheck"), "-s", "sh", "-f", "gcc", *options, "-"]
    return subprocess.run(words, input=text, text=True, capture_output=True, check=False).stdout


@pytest.mark.parametrize("path", RUNTIME, ids=name_of)
def test_shellcheck_finds_nothing(path: Path) -> None:
    assert shellcheck(path.read_text(), "--rcfile", str(CHECKOUT / ".shellcheckrc")) == ""


def test_shellcheck_finds_nothing_in_the_service() -> None:
    # Unquoted ": ${x:=y}" is how every rc.d script gives defaults; their variables are for rc.subr.
    text = SERVICE.read_text()
    assert shellcheck(text, "--rcfile", str(CHECKOUT / ".shellcheckrc"), "-e", "SC2223") == ""


@pytest.mark.slow
def test_the_parts_together_use_what_they_set() -> None:
    """Variables that one part sets and another uses: none is unset, none superfluous."""
    text = "\n".join(path.read_text() for path in RUNTIME)
    assert shellcheck(text, "--norc", "-i", "SC2034,SC2154") == ""


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("path", [*RUNTIME, SERVICE], ids=name_of)
def test_every_shell_parses_it(path: Path, shell: str) -> None:
    result = subprocess.run([*SHELLS[shell], "-n", str(path)], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("path", RUNTIME, ids=name_of)
@pytest.mark.parametrize("what", FORBIDDEN)
def test_it_does_without(path: Path, what: str) -> None:
    found = [line for line in code_of(path).splitlines() if re.search(FORBIDDEN[what], line)]
    assert not found, f"{path.name} uses {what}"


@pytest.mark.parametrize("path", [*RUNTIME, SERVICE], ids=name_of)
def test_layout(path: Path) -> None:
    """Tabs, four columns for a continued line, no blanks at the end, and lines and files of bearable length."""
    lines = path.read_text().split("\n")
    assert lines[-1] == ""
    assert len(lines) <= LONGEST_FILE
    continued = False
    for number, line in enumerate(lines, 1):
        assert line == line.rstrip(), f"{path.name}:{number} ends in a blank"
        assert len(line.expandtabs(8)) <= LONGEST_LINE, f"{path.name}:{number} is too long"
        indent = line[: len(line) - len(line.lstrip())]
        assert re.fullmatch(r"\t*(    )?", indent), f"{path.name}:{number} is not indented by tabs"
        assert continued or not indent.endswith(" "), f"{path.name}:{number} continues nothing"
        continued = line.endswith(("\\", "&&", "||"))


def functions(path: Path) -> dict[str, list[str]]:
    """The lines of each function's body."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in path.read_text().splitlines():
        opening = re.fullmatch(r"([a-z_]+)\(\) \{(.*)", line)
        if opening:
            name = opening[1]
            assert name not in found, f"{path.name} defines {name} twice"
            found[name] = [opening[2].removesuffix("}")]
            name = "" if line.endswith("}") else name
        elif line == "}":
            name = ""
        elif name:
            found[name].append(line)
    return found


@pytest.mark.parametrize("path", RUNTIME, ids=name_of)
def test_functions_are_short_and_declare_first(path: Path) -> None:
    for name, body in functions(path).items():
        assert len(body) <= LONGEST_FUNCTION, f"{name} has {len(body)} lines"
        late = [line for line in body[2:] if line.startswith("\tlocal ")]
        assert not late, f"{name} declares variables late: {late}"
        assigned = [line for line in body if re.match(r"\tlocal .*=", line)]
        assert not assigned, f"{name} assigns where it declares: {assigned}"


def test_no_two_parts_define_the_same_function() -> None:
    places: dict[str, list[str]] = {}
    for path in RUNTIME:
        for name in functions(path):
            places.setdefault(name, []).append(path.name)
    # A start script's vm selects a guest, host.conf's lists one; begin is another thing in each script that has it.
    expected = {"vm": ["common.subr", "host.subr"], "begin": ["provision.subr", "start.subr"]}
    assert {name: found for name, found in places.items() if len(found) > 1} == expected


def commands_of(path: Path) -> set[str]:
    """The words at the place of a command, roughly: strings and case patterns are taken out first."""
    text = re.sub(r"(?ms)<<-(LINES?)$.*?^\t*\1$", "", code_of(path))
    text = re.sub(r"'[^']*'", "''", text.replace("\\\n", " "))
    for expansion in (r"\$\(\([^()]*\)\)", r"\$\{[^{}]*\}", r"\$\{[^{}]*\}"):
        text = re.sub(expansion, "", text)
    text = re.sub(r'"(?:[^"\\$]|\\.|\$(?!\())*"', '""', text)
    text = re.sub(r"(?m)^(\t*)[^\s()]+(?: ?\| ?[^\s()]+)*\) ?", r"\1", text)
    pieces = re.split(r"[\n;]|&&|\|\||(?<![<>&])&(?![0-9>])|\||\$\(|\(|\)|\{ |\b(?:then|do|else|if|while|!)\b", text)
    found: set[str] = set()
    for piece in pieces:
        words = piece.split()
        while words and (re.match(r"[a-z_A-Z]+=", words[0]) or re.match(r"[0-9]*[<>]", words[0])):
            words.pop(0)
        found.update(words[:1])
        for wrapper in ("patiently", "exec"):
            if words[:1] == [wrapper]:
                found.update(words[1:2])
    return {word for word in found if re.fullmatch(r"[a-z][a-z0-9_-]*", word)}


def test_only_known_commands_are_run() -> None:
    defined = {name for path in RUNTIME for name in functions(path)}
    used: set[str] = set()
    for path in RUNTIME:
        used |= commands_of(path)
    external = used - defined - BUILTINS - KEYWORDS
    assert external <= COMMANDS, f"not in the list: {sorted(external - COMMANDS)}"
    said = "\n".join(code_of(path) for path in RUNTIME)
    assert [name for name in sorted(COMMANDS) if not re.search(rf"\b{name}\b", said)] == []


def test_the_path_is_the_runtimes_own() -> None:
    common = (LIBRARY / "common.subr").read_text()
    assert "\nPATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin\n" in common
    for path in RUNTIME:
        if path.name in ("start.subr", "stop.subr", "provision.subr", "hivectl"):
            first = next(line for line in path.read_text().splitlines() if line.startswith(". "))
            assert first == ". /usr/local/libexec/hivewright/common.subr"


def test_no_file_beside_those_of_guests_can_be_called_like_a_guest() -> None:
    for path in (*RUNTIME, SERVICE):
        for name in re.findall(
            r'"\$\{?(?:hive_run|hive_log|state_dir|log_dir)\}?/([a-z][a-z0-9_.-]*)"', path.read_text()
        ):
            assert "." in name, f"{path.name}: a guest may be called {name}"
