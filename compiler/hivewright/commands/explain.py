"""``hivewright explain CODE``: what a diagnostic means, with a wrong and a right example."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace

from hivewright.diagnostics.explain import codes, explanation
from hivewright.diagnostics.wording import suggestion


def add_arguments(parser: ArgumentParser) -> None:
    """The code, or nothing for the list of all."""
    parser.description = "Explains the code of a diagnostic. Without a code it lists all of them."
    parser.add_argument("code", nargs="?", metavar="CODE", help="for example KEY001")


def run(arguments: Namespace) -> int:
    """0, or 2 for a code that does not exist."""
    if arguments.code is None:
        listed = codes()
        if arguments.format == "json":
            sys.stdout.write(json.dumps(listed, indent=2) + "\n")
        else:
            sys.stdout.writelines(f"{code}  {title}\n" for code, title in listed.items())
        return 0
    text = explanation(arguments.code)
    if text is None:
        near = suggestion(arguments.code.upper(), codes(), "code")
        sys.stderr.write(f"hivewright: there is no code {arguments.code!r}; {near}\n")
        return 2
    sys.stdout.write(text)
    return 0
