"""What several tests share: sites on disk, made from text."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from pytest_snapshot.plugin import Snapshot  # type: ignore[import-untyped]

from bhyve_grammar import parse_command
from hivewright.diagnostics import Diagnostic
from hivewright.lower.context import Guest
from hivewright.lower.guest.vm_plan import lower_guest
from hivewright.plan import VmPlan
from hivewright.site.load import Loaded, load
from hivewright.source import find_project, read_site
from host.campaign import ALONE, EVERYDAY, INSTEAD, is_tried
from host.sandbox import SHELLS as HOST_SHELLS
from host.scenario import scenario_of
from loader_grammar import parse_loader
from programs import leave_out, left_out
from shells import SHELLS

pytest_plugins = ["host.fixtures", "host.release_fixtures"]

Files = Mapping[str, str | bytes]
LoadSite = Callable[[str | Files], Loaded]

OTHER_SHELLS = frozenset({*SHELLS, *HOST_SHELLS} - {EVERYDAY})
"""Names of shells but for the everyday one, as parameters of tests."""

MEMORY = "/dev/shm"
"""Where Linux has a file system in memory."""
NOT_EXECUTABLE = 8
"""ST_NOEXEC of statvfs(3), which Python knows on Linux only."""
ROOM = 4 << 30
"""Bytes that all tests together may need at once."""

BASE = '[site]\nname = "example"\n[host.alpha]\nfreebsd = "14.3"\n'
"""The smallest site that VMs can be added to."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """``make shells``."""
    parser.addoption("--all-shells", action="store_true", help="run each scenario in every shell")


def write_files(folder: Path, files: str | Files) -> Path:
    """Writes files below a folder; a text alone is site.toml."""
    for name, content in ({"site.toml": files} if isinstance(files, str) else files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def pytest_configure() -> None:
    """Some systems have makefs or visudo where only the PATH of root looks.

    Folders of tests are in memory if there is room for them.

    No property fails because its machine is busy.
    """
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")
    os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], "/usr/local/sbin", "/usr/sbin", "/sbin"])
    if is_roomy(MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", MEMORY)


def is_roomy(folder: str) -> bool:
    """Whether programs can be run from a file system, and some gigabytes are free on it.

    A stand-in host is made of hundreds of files: in memory it is there in a quarter of the time.
    """
    if not os.access(folder, os.W_OK):
        return False
    about = os.statvfs(folder)
    return not about.f_flag & NOT_EXECUTABLE and about.f_bavail * about.f_frsize >= ROOM


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of the tests on the stand-in host a few are for every day, and say so; all others are slow.

    So is whatever runs in several shells, but for dash.
    """
    if config.option.snapshot_update:
        items[:] = [item for item in items if writes_snapshot(item)]
    leave_out(items)
    if len(items) > ALONE:
        deselect(config, items, [item for item in items if not is_tried(item.path.parent.name, item.name)])
    if INSTEAD != EVERYDAY:
        deselect(config, items, [item for item in items if in_another_shell(item)])
    for item in items:
        on_host = "standin" in getattr(item, "fixturenames", ())
        if (on_host or in_another_shell(item)) and not item.get_closest_marker("everyday"):
            item.add_marker(pytest.mark.slow)


def deselect(config: pytest.Config, items: list[pytest.Item], left: list[pytest.Item]) -> None:
    """Leaves tests out of a run, which pytest counts."""
    if left:
        leaves = set(left)
        items[:] = [item for item in items if item not in leaves]
        config.hook.pytest_deselected(items=left)


def in_another_shell(item: pytest.Item) -> bool:
    """Whether a test is one for several shells, and for another one than dash."""
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return any(isinstance(value, str) and value in OTHER_SHELLS for value in parameters)


def writes_snapshot(item: pytest.Item) -> bool:
    """Whether ``make golden`` runs a test; of one for several shells, it runs that for dash."""
    scenario = scenario_of(item)
    writes = scenario.transcript if scenario else "snapshot" in getattr(item, "fixturenames", ())
    return writes and not in_another_shell(item)


@pytest.fixture
def snapshot(request: pytest.FixtureRequest) -> Iterator[Snapshot]:
    """pytest-snapshot's, but a test is no failure because it wrote what it was to write (``make golden``)."""
    option = request.config.option
    try:
        with Snapshot(option.snapshot_update, option.allow_snapshot_deletion, request.path.parent) as snapshot:
            yield snapshot
    except pytest.fail.Exception:
        if not option.snapshot_update:
            raise


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Nothing is left out silently."""
    for line in left_out(terminalreporter.stats):
        terminalreporter.write_line(line, yellow=True)


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Names of cache folders; making one for each of thousands of tests would take longer than many of them."""
    base = tmp_path_factory.mktemp("caches")
    return (base / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def cache_of_its_own(caches: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test builds or checks is remembered for that test alone, and not in the home of whoever runs it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(next(caches)))


@pytest.fixture(autouse=True, scope="session")
def every_command_is_parsed() -> Iterator[None]:
    """Whatever a test lowers: bhyve, or the loader before it, must take the words (``bhyve_grammar``).

    Only ``extra_args`` are left out, which a rule has looked at: their words are the user's.
    """

    def strict(guest: Guest, *arguments: Any) -> tuple[VmPlan, tuple[Diagnostic, ...]]:
        plan, diagnostics = lower_guest(guest, *arguments)
        words = [word for option in plan.options if option.label != "extra_args" for word in option.words]
        command = parse_command([*words, plan.name], guest.host.freebsd, guest.host.arch, bool(plan.loader))
        if plan.loader and guest.vm.firmware.kind != "loader":  # the words of another are the user's, too
            for installing in (False, True):
                loader = parse_loader(plan.loader_words(installing=installing))
                assert [command.memory] == (loader.get("m") if "M" not in loader else loader["M"])
                assert ("S" in command.flags) == ("S" in loader)
        return plan, diagnostics

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hivewright.lower.host.host_plan.lower_guest", strict)
        yield


@pytest.fixture
def load_site(tmp_path: Path) -> LoadSite:
    """Loads a site from the text of its files."""
    return lambda files: load(read_site(find_project(write_files(tmp_path, files))))
