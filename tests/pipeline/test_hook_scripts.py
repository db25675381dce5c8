"""Hooks of sh are looked at by shellcheck(1) when they are compiled, and what could not be looked at is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builders import build_site
from hivewright.diagnostics import Place, Spot
from hivewright.pipeline import hook_scripts
from hivewright.pipeline.hook_scripts import check_hooks
from hivewright.site import Site

GOOD, BAD = b"#!/bin/sh\nexit 0\n", b"#!/bin/sh\ncd /srv\nexit 0\n"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def site_with(folder: Path, files: dict[str, bytes]) -> Site:
    """web1 with these files as its prestart hooks, and web2 with the first of them, in a folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    hooks = {"web1": sorted(files), "web2": sorted(files)[:1]}
    return build_site({name: {"hooks": {"prestart": found}} for name, found in hooks.items()}, files=files)


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str | None) -> None:
    """Let a script of ours be shellcheck(1), or nothing."""
    path = folder / "shellcheck"
    if script is not None:
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    monkeypatch.setattr(hook_scripts, "_program", lambda: str(path) if script is not None else None)


def test_a_fault_is_shown_in_the_file_of_the_hook_and_once(tmp_path: Path) -> None:
    (found,) = check_hooks(site_with(tmp_path, {"hooks/-cd.sh": BAD, "hooks/good.sh": GOOD}), tmp_path)
    assert (found.code, found.severity, found.place) == ("VM112", "warning", Spot("hooks/-cd.sh", 2, 1, 7))
    assert found.also == (Place("vms.toml", ("vm", "web1", "hooks", "prestart", 0)),)


def test_other_interpreters_are_not_for_it(tmp_path: Path) -> None:
    files = {f"{number}.sh": line + b"cd /srv\n" for number, line in enumerate((b"#!/bin/csh\n", b"", b"#!/bin/shx\n"))}
    assert check_hooks(site_with(tmp_path, files), tmp_path) == []


def test_what_is_good_is_remembered_until_it_or_the_program_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = tmp_path / "calls"
    program(tmp_path, monkeypatch, f'echo x >>{calls}; echo "{{\\"comments\\": []}}"')
    site = site_with(tmp_path, {"good.sh": GOOD})
    for expected in (1, 1):
        assert check_hooks(site, tmp_path) == []
        assert len(calls.read_text().split()) == expected
    assert check_hooks(site_with(tmp_path, {"good.sh": GOOD + b"# changed\n"}), tmp_path) == []
    assert len(calls.read_text().split()) == 2
    os.utime(tmp_path / "shellcheck", (1, 1))
    check_hooks(site_with(tmp_path, {"good.sh": GOOD + b"# changed\n"}), tmp_path)
    assert len(calls.read_text().split()) == 3


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (None, "shellcheck(1) is not installed"),
        ("echo 'no such flag' >&2; exit 4", "shellcheck(1) failed: no such flag"),
        ("exit 3", "shellcheck(1) failed: status 3"),
        ("echo nonsense", "shellcheck(1) could not be run: Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_what_was_not_looked_at_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, reason: str
) -> None:
    program(tmp_path, monkeypatch, script)
    site = site_with(tmp_path, {"a.sh": BAD, "b.sh": GOOD})
    for _ in range(2):
        (found,) = check_hooks(site, tmp_path)
        assert (found.code, found.severity) == ("VM112", "warning")
        assert found.message == f"2 hooks of sh were not looked at: {reason}"


def test_of_a_part_of_a_site_the_hooks_of_the_others_stay_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = tmp_path / "calls"
    program(tmp_path, monkeypatch, f'echo x >>{calls}; echo "{{\\"comments\\": []}}"')
    first, second = (site_with(tmp_path, {name: GOOD + name.encode()}) for name in ("first.sh", "second.sh"))
    for site, whole, expected in ((first, True, 1), (second, False, 2), (first, True, 2), (second, True, 2)):
        assert check_hooks(site, tmp_path, whole=whole) == []
        assert len(calls.read_text().split()) == expected
