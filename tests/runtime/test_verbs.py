"""The verbs of hivectl: found by their files, told by help, suggested where a name is wrong. In every shell."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime_parts import HIVECTL, PLACE, VERBS, functions, library_at
from shells import SHELLS

PEOPLE = sorted(path.name for path in VERBS if not path.name.startswith("_"))
INTERNAL = sorted(path.name for path in VERBS if path.name.startswith("_"))

Hivectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(params=SHELLS)
def hivectl(request: pytest.FixtureRequest, tmp_path: Path) -> Hivectl:
    """Runs hivectl, which finds its library in a folder of the test."""
    library = library_at(tmp_path / "library")
    program = tmp_path / "hivectl"
    program.write_text(HIVECTL.read_text().replace(PLACE, str(library)))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*SHELLS[request.param], str(program), *words], capture_output=True, text=True, check=False, timeout=30
        )

    return run


def test_help_tells_the_words_of_every_verb_for_people(hivectl: Hivectl) -> None:
    done = hivectl("help")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("usage: hivectl ")
    assert all(line.startswith("       hivectl ") for line in lines[1:-1])
    assert sorted({line[7:].split()[1] for line in lines[:-1]}) == PEOPLE
    assert hivectl("--help").stdout == done.stdout
    assert hivectl("-h").stdout == done.stdout


def test_no_verb_is_a_misuse_with_the_same_help(hivectl: Hivectl) -> None:
    done = hivectl()
    assert (done.returncode, done.stdout, done.stderr) == (2, "", hivectl("help").stdout)


@pytest.mark.slow
@pytest.mark.parametrize("verb", PEOPLE + INTERNAL)
def test_each_verb_tells_its_words_and_what_it_does(verb: str, hivectl: Hivectl) -> None:
    told = hivectl(verb, "--help")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith(f"usage: hivectl {verb}")
    explained = hivectl("help", verb)
    assert explained.stdout.startswith(told.stdout)
    about = explained.stdout.removeprefix(told.stdout)
    assert about.rstrip().endswith(".")


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("strat", "did you mean start?"),
        ("stat", "did you mean start, status?"),
        ("lst", "did you mean list?"),
        ("consol", "did you mean console?"),
        ("lists", "did you mean list?"),
        ("frobnicate", f"there are: {' '.join(PEOPLE)}"),
        ("../list", f"there are: {' '.join(PEOPLE)}"),
        ("LIST", f"there are: {' '.join(PEOPLE)}"),
        ("*", f"there are: {' '.join(PEOPLE)}"),
    ],
)
def test_an_unknown_verb_is_refused_with_what_was_perhaps_meant(given: str, hint: str, hivectl: Hivectl) -> None:
    done = hivectl(given)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f'hivewright: there is no verb "{given}"; {hint}\n'


@pytest.mark.parametrize("verb", VERBS, ids=lambda path: path.name)
def test_a_verb_begins_with_a_function_of_its_name(verb: Path) -> None:
    assert next(iter(functions(verb))) == f"do_{verb.name}"


def test_hivectl_only_finds_the_file_of_a_verb() -> None:
    text = HIVECTL.read_text()
    assert len(text.splitlines()) <= 35
    assert list(functions(HIVECTL)) == ["main"]
    # The last line is read as a whole before it acts, so the file may be replaced meanwhile.
    assert text.endswith('\nmain "$@"; exit\n')
