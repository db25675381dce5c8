"""The command line: flags on both sides of the verb, exit status, what is imported, what is printed where."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import BASE, write_files
from hivewright import __version__, cli
from hivewright.commands import check
from hivewright.pipeline import session
from projects import CHECKOUT

PACKAGE = CHECKOUT / "compiler"
BAD = BASE + '[vm.web1]\nhost = "alpha"\nmemory = 4\n'


def hivewright(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hivewright", *arguments]
    variables = {**os.environ, "PYTHONPATH": str(PACKAGE), **environment}
    return subprocess.run(command, capture_output=True, text=True, env=variables, check=False)


def loaded_by(*arguments: str) -> set[str]:
    code = (
        "import sys; from hivewright.cli import main; status = main(sys.argv[1:]); "
        "print(*sys.modules, sep='\\n', file=sys.stdout); sys.exit(status)"
    )
    command = [sys.executable, "-c", code, *arguments]
    variables = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    return set(subprocess.run(command, capture_output=True, text=True, env=variables, check=True).stdout.splitlines())


def test_version() -> None:
    assert hivewright("--version").stdout == f"hivewright {__version__}\n"


def test_check_is_silent_about_a_good_site(tmp_path: Path) -> None:
    done = hivewright("-C", str(write_files(tmp_path, BASE)), "check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_check_gives_programs_an_empty_list(tmp_path: Path) -> None:
    done = hivewright("-C", str(write_files(tmp_path, BASE)), "--format", "json", "check")
    assert (done.returncode, json.loads(done.stderr)) == (0, [])


def test_check_reports_to_stderr(tmp_path: Path) -> None:
    done = hivewright("check", "-C", str(write_files(tmp_path, BAD)))
    assert (done.returncode, done.stdout) == (1, "")
    assert "error[KEY003]" in done.stderr
    assert done.stderr.endswith("\n1 error\n")


@pytest.mark.parametrize(
    "arguments",
    [("--format", "json", "check"), ("check", "--format", "json"), ("--format", "full", "check", "--format=json")],
)
def test_global_flags_stand_on_both_sides_of_the_verb(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = hivewright("-C", str(write_files(tmp_path, BAD)), *arguments)
    assert [each["code"] for each in json.loads(done.stderr)] == ["KEY003"]


def test_flag_before_the_verb_survives_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(write_files(tmp_path, BASE))
    assert cli.main(["-v", "-C", folder, "check"]) == 0
    assert "1 files, 1 hosts, 0 VMs" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [(), ("chekc",), ("check", "--nothing"), ("check", "extra"), ("--format", "xml", "check"), ("explain", "KEY999")],
)
def test_usage_errors_are_status_2(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_has_help_and_the_global_flags(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([verb, "--help"]) == 0
    assert "--strict" in capsys.readouterr().out


def test_warnings_are_errors_when_strict_and_silent_when_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from hivewright import rules
    from hivewright.diagnostics import Diagnostic

    monkeypatch.setattr(rules, "check_rules", lambda _: [Diagnostic("ORD001", "x", severity="warning")])
    folder = str(write_files(tmp_path, BASE))
    assert cli.main(["-C", folder, "check"]) == 0
    assert capsys.readouterr().err == "warning[ORD001]: x\n\n1 warning\n"
    assert cli.main(["-C", folder, "-q", "check"]) == 0
    assert capsys.readouterr().err == ""
    assert cli.main(["-C", folder, "check", "--strict", "--quiet"]) == 1
    assert capsys.readouterr().err == "error[ORD001]: x\n\n"


@pytest.mark.parametrize(
    ("choice", "environment", "terminal", "coloured"),
    [
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {}, True, False),
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"TERM": "dumb"}, True, False),
    ],
)
def test_colour(
    choice: str, environment: dict[str, str], terminal: bool, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    assert session.wants_colour(choice) == coloured


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (ZeroDivisionError("x"), 70, "a defect of hivewright"),
        (RecursionError("x"), 70, "a defect of hivewright"),
        (PermissionError(13, "Permission denied", "build/x"), 1, "build/x: Permission denied"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_goes_wrong_inside(
    error: BaseException, status: int, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> int:
        raise error

    monkeypatch.setattr(check, "run", fail)
    assert cli.main(["check"]) == status
    shown = capsys.readouterr().err
    assert text in shown
    assert "Traceback" not in shown


def test_debug_shows_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "run", lambda _: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        cli.main(["check", "--debug"])


def test_closed_pipe_is_quiet() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "hivewright", "explain"]
    variables = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, env=variables, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_explain_lists_and_shows() -> None:
    listed = hivewright("explain").stdout.splitlines()
    assert any(line.startswith("KEY001  A key") for line in listed)
    assert listed == sorted(listed)
    assert hivewright("explain", "key001").stdout.startswith("KEY001: A key")
    assert "did you mean" in hivewright("explain", "KEY0001").stderr


def test_only_the_chosen_verb_is_imported(tmp_path: Path) -> None:
    modules = loaded_by("-C", str(write_files(tmp_path, BASE)), "check")
    commands = {name for name in modules if name.startswith("hivewright.commands.")}
    assert commands == {"hivewright.commands.check"}


def test_check_of_a_good_site_loads_little(tmp_path: Path) -> None:
    """Modules that cost milliseconds and are of no use before something is reported or written."""
    modules = loaded_by("-C", str(write_files(tmp_path, BASE)), "check")
    heavy = {"difflib", "json", "jinja2", "yaml", "cookiecutter", "email", "importlib.metadata", "unicodedata"}
    ours = {"diagnostics.locate", "diagnostics.printer", "site.keys", "plan", "emit", "lower", "output"}
    assert not modules & (heavy | {f"hivewright.{name}" for name in ours})


def test_explain_loads_no_model() -> None:
    heavy = ("pydantic", "tomli", "hivewright.model")
    assert not {name for name in loaded_by("explain", "KEY001") if name.startswith(heavy)}


def test_check_sees_what_is_wrong_with_a_lock(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files(tmp_path, {"site.toml": BASE, "locks/web1.toml": "<<<<<<< ours\n"})
    assert cli.main(["-C", str(tmp_path), "check"]) == 1
    assert "locks/web1.toml:1:1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("edit", "codes"),
    [
        (('freebsd = "14.3"', 'freebsd = "14.3"\nfreebs = 1'), ["KEY001"]),
        (('freebsd = "14.3"', "freebsd = 14.3"), ["KEY003"]),
        (('freebsd = "14.3"', 'freebsd = "14.3'), ["SRC001"]),
        (('freebsd = "14.3"', 'freebsd = "14.3"\nfreebsd = "14.3"'), ["SRC001"]),
        (('host = "alpha"', 'host = "alhpa"'), ["REF001"]),
        (('host = "alpha"', 'host = "alpha"\npin = { 5 = "1" }'), ["VM025"]),
    ],
)
@pytest.mark.parametrize("verb", ["check", "build"])
def test_faults_of_locks_are_told_beside_those_of_the_site(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str, edit: tuple[str, str], codes: list[str]
) -> None:
    site = """[site]
name = "example"
[host.alpha]
freebsd = "14.3"
[vm.web1]
host = "alpha"
memory = "1G"
"""
    lock = 'uuid = "3f2504e0-4f89-41d3-9a0c-0305e82c330{}"\n[macs]\nlan = "58:9c:fc:00:00:01"\n'
    locks = {"locks/a.toml": lock.format(1), "locks/b.toml": lock.format(2), "locks/c.toml": "<<<<<<< ours\n"}
    assert edit[0] in site
    write_files(tmp_path, {"site.toml": site.replace(*edit), **locks})
    assert cli.main(["-C", str(tmp_path), "--format", "short", verb]) == 1
    told = capsys.readouterr().err.splitlines()
    assert sorted(re.findall(r"error\[(\w+)\]", "\n".join(told))) == sorted(["LOCK002", "LOCK004", *codes])
    assert len(told) == 2 + len(codes)
    assert cli.main(["-C", str(tmp_path), "--format", "full", verb]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == f"{2 + len(codes)} errors"


def test_flags_may_stand_between_the_last_arguments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """argparse itself gives arguments that may be absent nothing, once a flag came after the first."""
    at = ("-C", str(write_files(tmp_path, BASE)))
    assert cli.main([*at, "list", "hosts", "--json", "alpha"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == ["alpha"]
    assert cli.main([*at, "list", "hosts", "--json", "alpha", "--jsn"]) == 2
    assert "unrecognized arguments: alpha --jsn" in capsys.readouterr().err
