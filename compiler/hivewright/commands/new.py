"""``hivewright new``: makes the folder of a new site from answers, which it asks for or takes as ``key=value``.

``hivewright new vm`` makes a guest, see ``new_vm``.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hivewright.bhyve.facts import RELEASES
from hivewright.bhyve.releases import TABLE, features
from hivewright.commands.asking import read_line
from hivewright.diagnostics.printer import visible
from hivewright.editing.change import ChangeError
from hivewright.editing.draft import NONE, key_of
from hivewright.editing.questions import QUESTIONS, key_file
from hivewright.model.base import NAME_PATTERN

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

Answers = dict[str, Any]

_NAME = (NAME_PATTERN, "1 to 31 lower-case letters, digits, - and _, the first a letter")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DATASET = (r"[A-Za-z][A-Za-z0-9_.:-]{0,60}(/[A-Za-z0-9_][A-Za-z0-9_.:-]{0,60}){0,3}", 'a dataset such as "zroot/vms"')
_DIRECTORY = (r"(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,60}){1,8}", 'an absolute path such as "/srv/vms"')

_SCHEMA = "site.schema.json"
"""The JSON Schema, for editors: every file of a new site names it."""

FORMS: dict[str, tuple[str, str]] = {
    "site": _NAME,
    "domain": (rf"{_LABEL}(\.{_LABEL})*", 'a DNS domain in lower case, such as "example.net"'),
    "host": _NAME,
    "arch": ("amd64|arm64", "amd64 or arm64"),
    "freebsd": (r"[1-9][0-9]\.[0-9]{1,2}", 'a release of FreeBSD such as "14.3"'),
    "storage": ("zfs|directory", "zfs or directory"),
    "user": _NAME,
    "ssh_key": (
        r"|(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [A-Za-z0-9 @._+-]*)?",
        'one public key such as "ssh-ed25519 AAAA… name"',
    ),
}
"""What an answer must match, and its description; ``location`` depends on the storage."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Make a new site in DIR, or, with the word vm before all others, a new VM in the site that is there. Asks on a "
        "terminal, unless answers are given. DIR is named like the site if absent."
    )
    parser.usage = "hivewright new [DIR] [key=value …]\n       hivewright new vm [NAME] [key=value …]"
    vm = ", ".join(each.key for each in QUESTIONS)
    parser.add_argument(
        "words",
        nargs="*",
        metavar="DIR | vm [NAME] | key=value",
        help=f"answers for a site: {', '.join((*FORMS, 'location'))}; for a VM: {vm}, and any key such as nic.lan.mtu",
    )
    parser.add_argument("--file", metavar="FILE", help="for a VM: the file below the site that gets it")
    parser.add_argument("--dry-run", action="store_true", help="for a VM: show it, and write nothing")


def run(arguments: argparse.Namespace) -> int:
    """0; 1 when the folder exists or cannot be made, or a value is invalid; 2 for invalid arguments."""
    if arguments.words[:1] == ["vm"]:
        from hivewright.commands.new_vm import new_vm

        return new_vm(arguments, arguments.words[1:])
    if arguments.file is not None or arguments.dry_run:
        return _fail(2, "--file and --dry-run are for VMs: hivewright new vm")
    folders = [word for word in arguments.words if "=" not in word]
    given = dict(word.split("=", 1) for word in arguments.words if "=" in word)
    known = (*FORMS, "location")
    unknown = [key for key in given if key not in known]
    if unknown:
        return _fail(2, f"there is no question {unknown[0]}; there are {', '.join(known)}")
    if len(folders) > 1:
        return _fail(2, f"one folder is enough: {' '.join(folders)}")
    fault = find_fault(given)
    if fault:
        return _fail(1, fault)
    base = Path(arguments.directory or ".")
    if folders and os.path.lexists(base / folders[0]):
        return _fail(1, _exists(base / folders[0]))
    try:
        asking = not given and sys.stdin.isatty()
        named = _named_like(folders)
        answers = _ask(named, None if folders else base) if asking else _defaults(named | given)
    except EOFError:
        return _fail(1, "the questions were not answered")
    fault = find_fault(answers)
    if fault:
        return _fail(1, fault)
    folder = base / (folders[0] if folders else answers["site"])
    try:
        folder.mkdir(parents=True)
        _generate(folder, answers)
    except FileExistsError:
        return _fail(1, _exists(folder))
    except OSError as error:
        return _fail(1, f"cannot make {folder}: {error.strerror}")
    if not arguments.quiet:
        command = shlex.join(["hivewright", "-C", str(folder), "build"])
        print(f"Made {folder}. Read {folder / 'README.md'}, then run: {command}")
    return 0


def _named_like(folders: Sequence[str]) -> dict[str, str]:
    """The name of the site, where its folder has one that a site may have."""
    name = Path(folders[0]).name if folders else ""
    return {} if find_fault({"site": name}) else {"site": name}


def _exists(folder: Path) -> str:
    return f"{folder} exists already; nothing was changed"


def find_fault(answers: Mapping[str, str]) -> str:
    """What is wrong with the first invalid answer, as one sentence; empty when all are valid.

    ``answers`` may be incomplete: the template fills in the others later.
    """
    forms = FORMS | {"location": _DIRECTORY if answers.get("storage") == "directory" else _DATASET}
    for key, answer in answers.items():
        pattern, expectation = forms.get(key, ("(?s:.*)", ""))
        if re.fullmatch(pattern, answer, re.ASCII) is None:
            return f'{key} must be {expectation}, not "{answer}"'
    return _release_fault(answers.get("freebsd"), answers.get("arch", "amd64"))


def _release_fault(release: str | None, arch: str) -> str:
    try:
        if release is not None:
            features(release, arch)
    except KeyError:
        known = [each for each in RELEASES if (each, arch) in TABLE]
        return f"hivewright knows bhyve on {arch} in FreeBSD {', '.join(known)}, not in {release}"
    return ""


def _questions() -> Answers:
    import json

    questions: Answers = json.loads((_template() / "cookiecutter.json").read_text(encoding="utf-8"))
    return questions


def _defaults(given: Mapping[str, str]) -> Answers:
    """All answers: those given, else the defaults of the template, which may depend on them."""
    from cookiecutter.prompt import prompt_for_config  # type: ignore[import-untyped]

    answers: Answers = prompt_for_config({"cookiecutter": {**_questions(), **given}}, no_input=True)
    return answers


def _ask(named: Mapping[str, str], base: Path | None) -> Answers:
    """The answers of somebody at a terminal. Each is checked at once, and asked for again when it is wrong.

    ``base`` is where the folder is made that is named like the site; ``None`` when it has another name.
    """
    questions = _questions()
    prompts: Mapping[str, str] = questions["__prompts__"]
    given: dict[str, str] = {}
    for number, (key, prompt) in enumerate(prompts.items(), 1):
        choices = questions[key] if isinstance(questions[key], list) else []
        default = _defaults({**named, **given})[key] if key != "ssh_key" else key_file()
        shown = f"{prompt}, {' or '.join(choices)}" if choices else prompt
        while True:
            answer = read_line(f"[{number}/{len(prompts)}] {shown} [{default or NONE}]: ") or default
            fault = ""
            if key == "ssh_key":
                answer, fault = _key(answer)
            fault = fault or find_fault({**given, key: answer})
            if not fault and key == "site" and base is not None and os.path.lexists(base / answer):
                fault = _exists(base / answer)
            if not fault:
                break
            print(f"      {visible(fault)}")
        given[key] = answer
    return _defaults(given)


def _key(answer: str) -> tuple[str, str]:
    """A public key, which may be in a file, and what is wrong with that; empty for none."""
    try:
        key = key_of(answer)
    except ChangeError as error:
        return "", str(error)
    return "" if key == NONE else key, ""


def _generate(folder: Path, answers: Answers) -> None:
    # Not cookiecutter.main: that reads the user's configuration and writes a replay file into the home directory.
    from cookiecutter.generate import generate_files  # type: ignore[import-untyped]

    from hivewright.commands.schema import schema_text

    generate_files(
        repo_dir=_template(),
        context={"cookiecutter": answers | {"_directory": folder.name}},
        output_dir=folder.parent,
        overwrite_if_exists=True,  # it was made, and is empty
        accept_hooks=False,
    )
    (folder / _SCHEMA).write_text(schema_text(), encoding="utf-8")


def _template() -> Path:
    from hivewright.system.data import data_directory

    return data_directory("templates") / "new-site"


def _fail(status: int, message: str) -> int:
    print(f"hivewright: {visible(message)}", file=sys.stderr)
    return status
