"""Where the runtime lies, and what tests read in it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from projects import CHECKOUT, LIBRARY

LOCAL = CHECKOUT / "templates" / "runtime" / "usr" / "local"
PARTS = sorted(LIBRARY.rglob("*.subr"))
VERBS = sorted((LIBRARY / "verbs").iterdir())
HIVECTL = LOCAL / "sbin" / "hivectl"
SERVICE = LOCAL / "etc" / "rc.d" / "hivewright"
RUNTIME = [*PARTS, *VERBS, HIVECTL]
DELIVERY = [path for path in sorted((CHECKOUT / "templates" / "delivery").iterdir()) if path.suffix != ".awk"]
"""What installs it on a host."""
PLACE = "/usr/local/libexec/hivewright"
"""Where the library lies on a host."""


def name_of(path: Path) -> str:
    """The name of a part, as ``load_part`` has it."""
    return path.relative_to(LIBRARY).as_posix() if path.is_relative_to(LIBRARY) else path.name


def library_at(place: Path) -> Path:
    """Copies the library to another place than that on a host, and has it find itself there; returns the place."""
    shutil.copytree(LIBRARY, place)
    first = place / "lib" / "runtime.subr"
    first.write_text(first.read_text().replace(PLACE, str(place)))
    return place


def usages() -> dict[str, list[str]]:
    """What each verb of hivectl for people takes, a line for each form, as its file says."""
    found: dict[str, list[str]] = {}
    for path in VERBS:
        match = re.search(r"(?ms)^usage='([^']*)'$", path.read_text())
        assert match is not None, path
        if not path.name.startswith("_"):
            found[path.name] = match[1].split("\n")
    return found


def code_of(path: Path) -> str:
    """The text without comments; those of the runtime begin a line or follow a tab."""
    return re.sub(r"(?m)(^|\t)#.*$", "", path.read_text())


def functions(path: Path) -> dict[str, list[str]]:
    """The lines of each function's body."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in path.read_text().splitlines():
        opening = re.fullmatch(r"([a-z_][a-z0-9_]*)\(\) \{(.*)", line)
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


def without_strings(code: str) -> str:
    """The code with its strings and expansions emptied; a command that is substituted in one stands on its own line."""
    kept: list[str] = []
    inside: list[str] = []  # what ends each construct around: a quote, a brace, a parenthesis
    position = 0
    while position < len(code):
        character, pair = code[position], code[position : position + 2]
        is_code = not inside or inside[-1] == ")"
        if character == "\\":
            kept.append(" " if pair == "\\\n" else "")
            position += 2
        elif code.startswith("$((", position):
            position = code.index("))", position) + 2
        elif pair == "$(":
            inside.append(")")
            kept.append("\n")
            position += 2
        elif pair == "${":
            inside.append("}")
            position += 2
        elif character == "'" and '"' not in inside[-1:]:
            position = code.index("'", position + 1) + 1
            kept.append("''" if is_code else "")
        elif inside and character == inside[-1]:
            inside.pop()
            kept.append("\n" if character == ")" else "")
            position += 1
        elif character == '"':
            kept.append('""' if is_code else "")
            inside.append('"')
            position += 1
        else:
            kept.append(character if is_code else "")
            position += 1
    return "".join(kept)


def simple_commands(code: str) -> list[list[str]]:
    """Each simple command as its words, with those of its redirections; strings are empty."""
    text = re.sub(r"(?ms)<<-(LINES?)$.*?^\t*\1$", "", code)
    text = re.sub(r"(?m)^\t+[a-z_]+\(\) (?=\{)", "", text)
    text = re.sub(r"\btrap (?:'([^']*)'|([a-z_]+))", r"\1\2;", text)
    text = re.sub(r"(?m)^(\s*)[^\s()]+(?: ?\| ?[^\s()]+)*\) ?", r"\1", without_strings(text))
    found: list[list[str]] = []
    for piece in re.split(r"[\n;]|&&|\|\||(?<![<>&])&(?![0-9>])|\||\(|\)|\{ |\b(?:then|do|else|if|elif|while)\b", text):
        words = piece.split()
        while words and (words[0] == "!" or re.match(r"[a-z_A-Z]+=|[0-9]*[<>]", words[0])):
            words.pop(0)
        found += [words] if words else []
    return found


def commands_of(code: str) -> set[str]:
    """The words at the place of a command."""
    found: set[str] = set()
    for words in simple_commands(code):
        found.update(words[:1])
        if words[:1] in (["patiently"], ["exec"]):
            found.update(words[1:2])
    return {word for word in found if re.fullmatch(r"[a-z_][a-z0-9_-]*", word)}


WORD = re.compile(
    r"""(?:[^\s;&|()<>'"$`\\]|\\.|'[^']*'|\$(?![({])|\$\(\((?:[^)]|\)(?!\)))*\)\)|(?P<open>\$\(|\$\{|"))""",
    re.DOTALL,
)
"""A piece of a word; of what may hold others only the beginning."""

INSIDE = {"$(": ")", "${": "}", '"': '"'}


def end_of(code: str, position: int, closing: str) -> int:
    """Where what was opened before ends, behind its last character."""
    while code[position] != closing:
        if code[position] == "'" and closing == ")":
            position = code.index("'", position + 1)
        elif code[position] == "\\":
            position += 1
        elif code.startswith("$((", position):
            position = code.index("))", position) + 1
        else:
            opening = next((each for each in ("$(", "${") if code.startswith(each, position)), None)
            opening = '"' if opening is None and code[position] == '"' else opening
            if opening is not None:
                position = end_of(code, position + len(opening), INSIDE[opening])
                continue
        position += 1
    return position + 1


def raw_words(code: str) -> list[str]:
    """The words as they are written, with their strings and expansions; what separates commands is an empty one."""
    found: list[str] = []
    position, word = 0, ""
    while position < len(code):
        match = WORD.match(code, position)
        if match is not None:
            end = match.end()
            if match["open"]:
                end = end_of(code, end, INSIDE[match["open"]])
                found += ["", *raw_words(code[match.end() : end - 1]), ""] if match["open"] == "$(" else []
            word += code[position:end]
            position = end
            continue
        found += [word] if word else []
        word = ""
        found += [] if code[position] in " \t" else [""]
        position += 1
    return [*found, word] if word else found


def too_early(code: str) -> list[str]:
    """Assignments of one command of which a later one has the variable of an earlier one in its value."""
    found: list[str] = []
    earlier: list[str] = []
    for word in raw_words(code.replace("\\\n", " ")):
        name, equals, value = word.partition("=")
        if not equals or not re.fullmatch("[A-Za-z_][A-Za-z_0-9]*", name):
            earlier = []
            continue
        names = "|".join(earlier)
        if names and re.search(rf"\$\{{?#?({names})\b|\$\(\([^$]*\b({names})\b", re.sub("'[^']*'", "", value)):
            found.append(word)
        earlier.append(name)
    return found
