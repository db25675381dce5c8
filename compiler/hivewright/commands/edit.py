"""``hivewright edit [VM]``: a full-screen editor of guests on the terminal."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from importlib.util import find_spec
from pathlib import Path

from hivewright.source import find_project, no_project, read_site

_DEFECT = 70


def add_arguments(parser: ArgumentParser) -> None:
    """Which VM."""
    parser.description = (
        "Edits VMs on the whole terminal: all settings with their origin and what they are for, checked as they are "
        "typed, beside the TOML and what changes in the start script. Comments stay. Needs the extra hivewright[edit]."
    )
    parser.add_argument("vm", nargs="?", metavar="VM", help="which one (default: choose from a list)")


def run(arguments: Namespace) -> int:
    """0; 1 without a project, a terminal or the extra; 2 for a VM that does not exist."""
    if find_spec("textual") is None:
        return _fail(1, "edit needs Textual, an optional part: pip install 'hivewright[edit]'")
    if not _has_screen():
        return _fail(1, "edit needs a terminal; hivewright set and get do the same for scripts")
    project = find_project(Path(arguments.directory))
    sources = read_site(project)
    fault = no_project(sources) or next((each for each in sources.diagnostics if each.code == "SRC005"), None)
    if fault is not None:
        return _fail(1, f"{fault.message}; {fault.help}")
    if arguments.vm is not None:
        from hivewright.diagnostics.wording import suggestion
        from hivewright.site.tables import add_up

        known = add_up(sources.files).named["vm"]
        if arguments.vm not in known:
            return _fail(2, f"there is no VM {arguments.vm!r}; {suggestion(arguments.vm, known, 'VM')}")
    # The console of FreeBSD would print the request for the protocol of a terminal that it does not know.
    os.environ.setdefault("TEXTUAL_DISABLE_KITTY_KEY", "1")
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    from hivewright.editor.app import Editor

    editor = Editor(arguments, project, arguments.vm or "")
    editor.run(mouse=False)
    return _DEFECT if editor.return_code else 0


def _has_screen() -> bool:
    """Whether there is a terminal on which a program can draw."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _fail(status: int, text: str) -> int:
    sys.stderr.write(f"hivewright: {text}\n")
    return status
