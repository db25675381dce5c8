"""Every diagnostic has a site that shows it, one that does not, and a text for ``explain``.

``tests/errors/CODE/[CASE/]`` holds ``bad/`` and ``good/``, two site folders, and ``expected.txt``, the exact output of
``hivewright check -C bad`` seen from the case's folder. A file ``command.txt`` in the case names another command than
``check``. ``make golden`` writes expected.txt anew.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from pytest_snapshot.plugin import Snapshot  # type: ignore[import-untyped]

from hivewright.cli import main
from hivewright.diagnostics.explain import codes, explanation
from projects import CHECKOUT

ERRORS = CHECKOUT / "tests" / "errors"
PACKAGE = CHECKOUT / "compiler" / "hivewright"
CASES = sorted({path.parent for path in ERRORS.rglob("good")})
CODE = re.compile(r"[A-Z]{2,6}[0-9]{3}")


def code_of(case: Path) -> str:
    return case.relative_to(ERRORS).parts[0]


def used_codes() -> set[str]:
    """The codes that the compiler's source names as whole strings, less those for defects of its own (HW)."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        found |= set(re.findall(rf'"({CODE.pattern})"', path.read_text(encoding="utf-8")))
    return {code for code in found if not code.startswith("HW")}


def diagnostics(case: Path, site: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit status and stderr of the case's command for one of its sites."""
    command = case / "command.txt"
    words = command.read_text(encoding="utf-8").split() if command.exists() else ["check"]
    status = main(["--color", "never", "-C", site, *words])
    return status, capsys.readouterr().err


EVERYDAY = {code_of(case): case for case in reversed(CASES)}
"""The first case of each code."""


@pytest.fixture(
    params=[pytest.param(case, marks=[] if case in EVERYDAY.values() else [pytest.mark.slow]) for case in CASES],
    ids=lambda case: str(case.relative_to(ERRORS)),
)
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: Any) -> Path:
    """The folder of a case, of which a copy is the current directory: the checkout is a project of its own."""
    path: Path = request.param
    copy = tmp_path_factory.mktemp("case") / path.name
    shutil.copytree(path, copy, symlinks=True)
    monkeypatch.chdir(copy)
    return path


def test_bad_site_gets_the_expected_diagnostics(
    case: Path, capsys: pytest.CaptureFixture[str], snapshot: Snapshot
) -> None:
    status, output = diagnostics(case, "bad", capsys)
    snapshot.snapshot_dir = case
    snapshot.assert_match(output, "expected.txt")
    assert f"[{code_of(case)}]" in output
    assert status == (1 if "error[" in output else 0)


@pytest.mark.slow
def test_a_build_of_a_bad_site_says_the_same_and_writes_nothing(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Numbers are allocated while rules are checked, also for a site that breaks them."""
    expected = (case / "expected.txt").read_text(encoding="utf-8")
    if (case / "command.txt").exists() or "error[" not in expected:
        return
    assert main(["--color", "never", "-C", "bad", "build", "-o", str(tmp_path / "build")]) == 1
    assert capsys.readouterr().err == expected
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_good_site_gets_none(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diagnostics(case, "good", capsys) == (0, "")


def test_every_code_has_a_case() -> None:
    assert {code_of(case) for case in CASES} == used_codes()


def test_every_folder_holds_a_case() -> None:
    assert {path.name for path in ERRORS.iterdir()} == {code_of(case) for case in CASES}


def test_every_code_has_an_explanation() -> None:
    assert set(codes()) == used_codes()


@pytest.mark.parametrize("code", sorted(codes()))
def test_explanation_has_title_and_examples(code: str) -> None:
    text = explanation(code)
    assert text is not None
    title, blank, body = text.split("\n", 2)
    assert re.fullmatch(rf"{code}: \S.*\S", title)
    assert not blank
    assert "Wrong:" in body
    assert "Right:" in body
    assert text.endswith("\n")
    assert max(map(len, text.splitlines())) <= 80
