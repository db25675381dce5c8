"""``hivewright new``: makes the folder of a new site from answers, which it asks for or takes as ``key=value``."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hivewright.bhyve.facts import RELEASES
from hivewright.bhyve.releases import TABLE, features

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

Answers = dict[str, Any]

_NAME = (r"[a-z][a-z0-9_-]{0,30}", "1 to 31 lower-case letters, digits, - and _, the first a letter")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DATASET = (r"[A-Za-z][A-Za-z0-9_.:-]{0,60}(/[A-Za-z0-9_][A-Za-z0-9_.:-]{0,60}){0,3}", 'a dataset such as "zroot/vms"')
_DIRECTORY = (r"(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,60}){1,8}", 'an absolute path such as "/srv/vms"')

FORMS: dict[str, tuple[str, str]] = {
    "site": _NAME,
    "domain": (rf"{_LABEL}(\.{_LABEL})*", 'a DNS domain in lower case, such as "example.net"'),
    "host": _NAME,
    "freebsd": (r"[1-9][0-9]\.[0-9]{1,2}", 'a release of FreeBSD such as "14.3"'),
    "arch": ("amd64|arm64", "amd64 or arm64"),
    "storage": ("zfs|directory", "zfs or directory"),
    "user": _NAME,
    "ssh_key": (
        r"|(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [A-Za-z0-9 @._+-]*)?",
        'one public key such as "ssh-ed25519 AAAA… name"',
    ),
}
"""What an answer must match, and its description; ``location`` depends on the storage."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Make a new site. Asks on a terminal, unless answers are given."
    parser.add_argument(
        "words",
        nargs="*",
        metavar="DIR | key=value",
        help=f"the new folder (named like the site if absent), and answers: {', '.join((*FORMS, 'location'))}",
    )


def run(arguments: argparse.Namespace) -> int:
    """0; 1 when the folder exists or cannot be made, or a value is invalid; 2 for invalid arguments."""
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
    try:
        answers = _answers(given, asking=not given and sys.stdin.isatty())
    except EOFError:
        return _fail(1, "the questions were not answered")
    fault = find_fault(answers)
    if fault:
        return _fail(1, fault)
    folder = Path(arguments.directory or ".", folders[0] if folders else answers["site"])
    try:
        folder.mkdir(parents=True)
        _generate(folder, answers)
    except FileExistsError:
        return _fail(1, f"{folder} exists already; nothing was changed")
    except OSError as error:
        return _fail(1, f"cannot make {folder}: {error.strerror}")
    if not arguments.quiet:
        print(f"Made {folder}. Read {folder / 'README.md'}, then run: hivewright -C {folder} build")
    return 0


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


def _answers(given: dict[str, str], asking: bool) -> Answers:
    """All answers: those given, else those asked for, else the defaults of the template."""
    import json

    from cookiecutter.prompt import prompt_for_config  # type: ignore[import-untyped]

    questions: Answers = json.loads((_template() / "cookiecutter.json").read_text(encoding="utf-8"))
    while True:
        answers: Answers = prompt_for_config({"cookiecutter": questions | given}, no_input=not asking)
        fault = find_fault(answers) if asking else ""
        if not fault:
            return answers
        print(f"hivewright: {fault}", file=sys.stderr)
        questions |= {key: _first(answer, questions[key]) for key, answer in answers.items() if key in questions}


def _first(answer: str, question: str | Sequence[str]) -> str | list[str]:
    """The question again, with the answer that was just given as its default."""
    if isinstance(question, str):
        return answer
    return sorted(question, key=lambda choice: choice != answer)


def _generate(folder: Path, answers: Answers) -> None:
    # Not cookiecutter.main: that reads the user's configuration and writes a replay file into the home directory.
    from cookiecutter.generate import generate_files  # type: ignore[import-untyped]

    generate_files(
        repo_dir=_template(),
        context={"cookiecutter": answers | {"_directory": folder.name}},
        output_dir=folder.parent,
        overwrite_if_exists=True,  # it was made, and is empty
        accept_hooks=False,
    )


def _template() -> Path:
    from hivewright.system.data import data_directory

    return data_directory("templates") / "new-site"


def _fail(status: int, message: str) -> int:
    print(f"hivewright: {message}", file=sys.stderr)
    return status
