"""``hivewright completion SHELL``: a script that completes words, with the names of the site.

The script asks this verb again at each Tab: ``words`` takes the words up to the cursor, ``line`` reads the line that
tcsh(1) leaves in the environment.
"""

from __future__ import annotations

import os
import sys
from argparse import REMAINDER, Action, ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from itertools import pairwise
from pathlib import Path

from hivewright.system.data import data_directory

_SHELLS = ("bash", "zsh", "fish", "tcsh")
_ASKED = ("words", "line")


def add_arguments(parser: ArgumentParser) -> None:
    """For which shell."""
    parser.description = "Prints a script that has a shell complete verbs, flags, and the names of the site."
    parser.usage = f"hivewright completion {'|'.join(_SHELLS)}"
    parser.add_argument("shell", choices=(*_SHELLS, *_ASKED), metavar="SHELL", help=", ".join(_SHELLS))
    parser.add_argument("words", nargs=REMAINDER, metavar="", help="")


def run(arguments: Namespace) -> int:
    """0."""
    if arguments.shell in _SHELLS:
        sys.stdout.write((data_directory("templates") / "completion" / arguments.shell).read_text())
        return 0
    words = arguments.words[1:] if arguments.words[:1] == ["--"] else arguments.words
    if arguments.shell == "line":
        line = os.environ.get("COMMAND_LINE", "")
        words = [*line.split()[1:], *([""] if line[-1:].isspace() else [])]
    with suppress(OSError):
        for word in dict.fromkeys(_candidates(arguments, words or [""])):
            print(word)
    return 0


def _candidates(arguments: Namespace, words: Sequence[str]) -> Iterator[str]:
    """What the last of some words may become."""
    *before, current = words
    place = next((number for number, word in enumerate(before) if word in arguments.verbs), None)
    parser = arguments.parser_of(before[place] if place is not None else None)
    given = before[place + 1 :] if place is not None else []
    folder = next((value for flag, value in pairwise(before) if flag == "-C"), ".")
    action = _expected(parser, before, given)
    if current.startswith("-") and (action is None or not action.option_strings):
        found: Iterator[str] = (flag for each in parser._actions for flag in each.option_strings)
    elif place is None and action is None:
        found = iter(arguments.verbs)
    else:
        found = _values(action, given, folder, current) if action is not None else iter(())
    yield from (word for word in found if word.startswith(current))


def _expected(parser: ArgumentParser, before: Sequence[str], given: Sequence[str]) -> Action | None:
    """The option of which a value comes next, or else the argument."""
    options = {flag: each for each in parser._actions for flag in each.option_strings}
    last = options.get(before[-1]) if before else None
    if last is not None and last.nargs != 0:
        return last
    count, skip = 0, False
    for word in given:
        if skip:
            skip = False
        elif word in options:
            skip = options[word].nargs != 0
        else:
            count += 1
    positional = [each for each in parser._actions if not each.option_strings]
    for each in positional:
        if each.nargs in ("*", "+", REMAINDER):
            return each
        if count == 0:
            return each
        count -= 1
    return None


def _values(action: Action, given: Sequence[str], folder: str, current: str) -> Iterator[str]:
    """The values that an argument may have; names are those of the site."""
    name = str(action.metavar or action.dest).upper()
    if action.choices is not None:
        yield from (str(each) for each in action.choices if each not in _ASKED)
    elif "DIR" in name or "FILE" in name or name == "PATH":
        yield from _paths(current)
    elif name == "CODE":
        explanations = Path(import_module("hivewright.diagnostics").__path__[0]) / "explanations"
        yield from sorted(path.stem for path in explanations.glob("*.md"))
    else:
        yield from _names(name, given, folder)


_TABLES = {
    "VM": "vm",
    "HOST": "host",
    "vms": "vm",
    "hosts": "host",
    "networks": "network",
    "storage": "storage",
    "images": "image",
    "users": "user",
}
"""Arguments and kinds of objects, and the table of the site that has their names."""


def _names(argument: str, given: Sequence[str], folder: str) -> Iterator[str]:
    """Names in the site as it is written, whether it is right or not."""
    from hivewright.site.tables import add_up
    from hivewright.source import find_project, read_site

    table = _TABLES.get(argument if argument in _TABLES else "VM" if "VM" in argument else "")
    if argument == "NAME":
        table = _TABLES.get(next((word for word in given if word in _TABLES), "vms"))
    if table is None:
        return
    sources = read_site(find_project(Path(folder)))
    yield from sorted(add_up(sources.files).named.get(table, ()))
    if table == "vm":
        yield from sorted({f"@{tag}" for file in sources.files for tag in _tags(file.values)})


def _tags(values: object) -> Iterator[str]:
    """All tags below a table, wherever VMs get them from."""
    if not isinstance(values, dict):
        return
    for key, value in values.items():
        if key == "tags" and isinstance(value, list):
            yield from (tag for tag in value if isinstance(tag, str))
        else:
            yield from _tags(value)


def _paths(current: str) -> Iterator[str]:
    folder = os.path.dirname(current)
    with os.scandir(folder or ".") as entries:
        found = sorted((entry.name, entry.is_dir()) for entry in entries)
    for name, is_folder in found:
        if not name.startswith(".") or os.path.basename(current).startswith("."):
            yield os.path.join(folder, name) + ("/" if is_folder else "")
