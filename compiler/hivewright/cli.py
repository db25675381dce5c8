"""The command line: global flags, verbs, exit status. A verb's module is imported only when it is chosen.

Exit status: 0 fine, 1 the site has errors (or a file cannot be read or written), 2 usage, 3 there is a difference,
70 a defect of hivewright, 130 interrupted, 141 standard output was closed by its reader.
"""

from __future__ import annotations

import gc
import os
import sys
from argparse import SUPPRESS, ArgumentParser, HelpFormatter, Namespace
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any, NoReturn

from hivewright import __version__

VERBS = {
    "check": "check the site",
    "build": "compile the site into the files of its hosts",
    "diff": "show what a build would change",
    "plan": "say what a change does to guests, hosts and data",
    "bundle": "pack what is installed on hosts into one archive",
    "export": "write what was built as a role of Ansible or as packages of pkg(8)",
    "deploy": "install what was built on hosts, over ssh",
    "drift": "say what hosts have otherwise than what was built",
    "secrets": "list the files with secrets that hosts need",
    "permissions": "print rules by which a group reaches guests without being root",
    "upgrade-report": "say what another release of FreeBSD changes for a host",
    "status": "say what the guests of all hosts do",
    "show": "show a VM and where each part of its command comes from",
    "list": "list what the site has",
    "report": "print the site as a page for a browser",
    "get": "print keys of VMs",
    "set": "give keys of VMs other values, in the files of the site",
    "edit": "edit VMs on the whole terminal",
    "clone": "make a VM like another one, from snapshots of its disks",
    "rename": "give a VM another name",
    "move": "have a VM live on another host",
    "remove": "take a VM out of the site",
    "import": "write guests of other tools into the site",
    "explain": "explain the code of a diagnostic",
    "schema": "print the JSON Schema of a site",
    "completion": "print a script that completes words in a shell",
    "profile": "list, show, make and check profiles of guest systems",
    "image": "list, fetch, verify, bundle and pin the images of guests",
    "new": "make a new site",
}
"""Verb -> one line of help. Verb ``check`` is the module ``hivewright.commands.check``, and a dash in it is ``_``."""

DEFAULTS = {
    "directory": ".",
    "format": "full",
    "color": "auto",
    "strict": False,
    "quiet": False,
    "verbose": False,
    "debug": False,
}

_FORMATTER = partial(HelpFormatter, width=78)
"""Of a fixed width: to ask for that of the terminal, argparse would load shutil at each start."""


def entry() -> NoReturn:
    """The console script: exits without freeing memory, which the system does faster."""
    gc.disable()
    status = main(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(status)


def main(argv: Sequence[str]) -> int:
    """Runs one command and returns its exit status."""
    debug = "--debug" in argv
    try:
        arguments = _parse(argv)
        status: int = _module(arguments.verb).run(arguments)
        sys.stdout.flush()
    except SystemExit as end:  # argparse: usage errors, --help, --version
        return end.code if isinstance(end.code, int) else 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The interpreter flushes stdout again when it exits, which must not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if debug:
            raise
        about = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"hivewright: {about}{error.strerror or error}\n")
        return 1
    except Exception as error:
        if debug:
            raise
        sys.stderr.write(f"hivewright: a defect of hivewright, not of the site: {type(error).__name__}: {error}\n")
        sys.stderr.write("hivewright: run the same command with --debug to see where, and report it\n")
        return 70
    return status


def verb_parser(verb: str | None) -> ArgumentParser:
    """The parser of a verb with all of its flags; of what stands before a verb without one."""
    parser = ArgumentParser(add_help=True)
    _add_global_flags(parser)
    if verb is not None:
        _module(verb).add_arguments(parser)
    return parser


def _module(verb: str) -> ModuleType:
    return import_module(f"hivewright.commands.{verb.replace('-', '_')}")


def _parse(argv: Sequence[str]) -> Namespace:
    parser = ArgumentParser(
        prog="hivewright", description="Compiles TOML definitions of bhyve guests.", formatter_class=_FORMATTER
    )
    parser.add_argument("--version", action="version", version=f"hivewright {__version__}")
    _add_global_flags(parser)
    verbs = parser.add_subparsers(
        prog="hivewright", dest="verb", metavar="VERB", required=True, parser_class=_VerbParser
    )
    for verb, text in VERBS.items():
        verbs.add_parser(verb, help=text, formatter_class=_FORMATTER).verb = verb
    arguments = parser.parse_args(argv)
    for name, value in DEFAULTS.items():
        if not hasattr(arguments, name):
            setattr(arguments, name, value)
    arguments.verbs, arguments.parser_of = VERBS, verb_parser  # for what lies below and speaks of the command line
    return arguments


class _VerbParser(ArgumentParser):
    """The parser of a verb, whose arguments are added when the verb is chosen."""

    verb = ""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        _add_global_flags(self)
        _module(self.verb).add_arguments(self)
        known, rest = super().parse_known_args(args, namespace)
        # argparse gives the last argument nothing when a flag stands between it and the one before.
        last = next(reversed([action for action in self._actions if not action.option_strings]), None)
        if rest and last is not None and last.nargs == "*" and not any(word.startswith("-") for word in rest):
            setattr(known, last.dest, [*(getattr(known, last.dest) or ()), *rest])
            rest = []
        return known, rest


def _add_global_flags(parser: ArgumentParser) -> None:
    """The flags of every verb. They have no defaults here, so that those before a verb are not overwritten by it."""
    group = parser.add_argument_group("flags of every verb", argument_default=SUPPRESS)
    group.add_argument(
        "-C", dest="directory", metavar="DIR", help="the project's folder, or one below it (default: this one)"
    )
    group.add_argument("--format", choices=("full", "short", "json"), help="how diagnostics are written")
    group.add_argument("--color", choices=("auto", "always", "never"), help="colour in diagnostics")
    group.add_argument("--strict", action="store_true", help="warnings are errors")
    group.add_argument("-q", "--quiet", action="store_true", help="errors only")
    group.add_argument("-v", "--verbose", action="store_true", help="say more")
    group.add_argument("--debug", action="store_true", help="a traceback for defects of hivewright")
