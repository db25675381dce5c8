"""Work shared among processes: results in order, errors of any of them, and an end whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hivewright.system import parallel
from hivewright.system.parallel import TwoPhaseJob, in_background, run_forked

pytestmark = pytest.mark.slow

LARGE = "x" * (1 << 20)
"""More than a pipe holds."""


@pytest.fixture(autouse=True)
def many_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "usable_cpus", lambda: 8)


@pytest.fixture(autouse=True)
def no_child_stays() -> Iterator[None]:
    """Every child is waited for."""
    signal.alarm(60)
    yield
    signal.alarm(0)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def double(item: int) -> tuple[int, int]:
    return 2 * item, item


@pytest.mark.parametrize("workers", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_findings_and_results_come_in_the_order_of_the_items(workers: int, count: int) -> None:
    seen: list[list[int]] = []

    def decide(findings: list[int]) -> bool:
        seen.append(findings)
        return True

    results = run_forked(TwoPhaseJob(double, lambda state: state + 1), range(count), workers, decide)
    assert results == [2 * item + 1 for item in range(count)]
    assert seen == [list(range(count))]


def test_no_more_processes_than_cpus_items_and_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    def processes(workers: int, items: int) -> int:
        found = run_forked(TwoPhaseJob(lambda _: (0, os.getpid()), lambda _: os.getpid()), range(items), workers, bool)
        assert found is not None
        return len(set(found))

    assert [processes(3, 9), processes(9, 3), processes(1, 9), processes(100, 100)] == [3, 3, 1, 8]
    monkeypatch.setattr(parallel, "usable_cpus", lambda: 2)
    assert processes(100, 100) == 2


@pytest.mark.parametrize("workers", [1, 2, 4, 8])
def test_it_ends_when_it_was_decided_to_stop(workers: int, tmp_path: Path) -> None:
    def finish(state: int) -> None:
        (tmp_path / str(state)).touch()

    assert run_forked(TwoPhaseJob(double, finish), range(8), workers, lambda _: False) is None
    assert not list(tmp_path.iterdir())


def never(_: list[int]) -> bool:
    return False


def interrupted(_: list[int]) -> bool:
    raise KeyboardInterrupt


@pytest.mark.parametrize("workers", [1, 2, 4, 8])
@pytest.mark.parametrize("decide", [never, interrupted])
def test_what_was_prepared_and_is_not_finished_is_abandoned(
    workers: int, decide: Callable[[list[int]], bool], tmp_path: Path
) -> None:
    def abandon(state: int) -> None:
        (tmp_path / str(state)).touch()

    with suppress(KeyboardInterrupt):
        run_forked(TwoPhaseJob(double, str, abandon), range(8), workers, decide)
    assert {int(path.name) for path in tmp_path.iterdir()} == {2 * item for item in range(8)}


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_all_but_the_one_that_fails_is_abandoned(workers: int, tmp_path: Path) -> None:
    def prepare(item: int) -> tuple[int, int]:
        (tmp_path / str(item)).touch()
        if item == 3:
            raise ZeroDivisionError
        return item, item

    def abandon(state: int) -> None:
        (tmp_path / str(state)).unlink()

    with pytest.raises(ZeroDivisionError):
        run_forked(TwoPhaseJob(prepare, str, abandon), range(4), workers, never)
    assert [path.name for path in tmp_path.iterdir()] == ["3"]


@pytest.mark.parametrize("workers", [2, 8])
def test_large_findings_and_results_get_through(workers: int) -> None:
    steps: TwoPhaseJob[int, int, str, str] = TwoPhaseJob(
        lambda item: (item, f"{item}{LARGE}"), lambda state: f"{state}{LARGE}"
    )
    results = run_forked(steps, range(8), workers, lambda findings: all(len(each) > len(LARGE) for each in findings))
    assert results == [f"{number}{LARGE}" for number in range(8)]


@pytest.mark.parametrize("failing", range(4))
def test_an_error_of_any_process_is_raised_and_nothing_is_finished(failing: int, tmp_path: Path) -> None:
    def prepare(item: int) -> tuple[int, str]:
        if item == failing:
            raise ZeroDivisionError(f"item {item}")
        return item, LARGE

    def finish(state: int) -> None:
        (tmp_path / str(state)).touch()

    with pytest.raises(ZeroDivisionError, match=f"item {failing}"):
        run_forked(TwoPhaseJob(prepare, finish), range(4), 4, lambda _: True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("failing", range(4))
def test_an_error_while_finishing_is_raised(failing: int) -> None:
    def finish(state: int) -> str:
        if state == 2 * failing:
            raise ZeroDivisionError(f"state {state}")
        return LARGE

    with pytest.raises(ZeroDivisionError, match=f"state {2 * failing}"):
        run_forked(TwoPhaseJob(double, finish), range(4), 4, lambda _: True)


def test_an_error_of_the_decision_is_raised() -> None:
    def decide(_: list[int]) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_forked(TwoPhaseJob(double, lambda state: state), range(4), 4, decide)


@pytest.mark.parametrize("workers", [2, 4])
@pytest.mark.parametrize("phase", ["prepare", "finish"])
def test_a_killed_process_is_an_error(workers: int, phase: str) -> None:
    parent = os.getpid()

    def die(what: str) -> None:
        if phase == what and os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    def prepare(item: int) -> tuple[int, int]:
        die("prepare")
        return item, item

    with pytest.raises(ChildProcessError, match="ended before it had finished"):
        run_forked(TwoPhaseJob(prepare, lambda _: die("finish")), range(4), workers, lambda _: True)


ORPHAN = """\
import os, sys, time
from hivewright.system import parallel
parallel.usable_cpus = lambda: 2
def prepare(item):
    if os.getpid() != parent:
        print("at work", flush=True)
    while True:
        time.sleep(0.01)
parent = os.getpid()
parallel.run_forked(parallel.TwoPhaseJob(prepare, print), [1, 2], 2, bool)
"""


def test_a_worker_does_not_outlive_who_made_it() -> None:
    """It is at work, and reads no pipe, when the other is killed."""
    with subprocess.Popen([sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "at work\n"
        parent.kill()
        assert parent.stdout.read() == ""  # the worker had the other end of this pipe until now


def test_an_error_that_cannot_travel_is_an_error() -> None:
    class LocalError(Exception):
        pass

    def prepare(item: int) -> tuple[int, int]:
        if item == 1:
            raise LocalError
        return item, item

    with pytest.raises(ChildProcessError):
        run_forked(TwoPhaseJob(prepare, lambda state: state), range(2), 2, lambda _: True)


class TestInBackground:
    @pytest.mark.parametrize("worthwhile", [True, False])
    def test_it_gives_the_result(self, worthwhile: bool) -> None:
        assert in_background(lambda: [LARGE], worthwhile)() == [LARGE]

    def test_it_runs_meanwhile_in_a_process_of_its_own(self, tmp_path: Path) -> None:
        begun = tmp_path / "begun"

        def work() -> int:
            begun.touch()
            return os.getpid()

        result = in_background(work, worthwhile=True)
        while not begun.exists():
            time.sleep(0.001)
        assert result() != os.getpid()

    def test_with_one_cpu_it_is_a_plain_call(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parallel, "usable_cpus", lambda: 1)
        assert in_background(os.getpid, worthwhile=True)() == os.getpid()

    def test_its_error_is_raised_when_it_is_asked(self) -> None:
        result = in_background(lambda: 1 // 0, worthwhile=True)
        with pytest.raises(ZeroDivisionError):
            result()

    def test_it_can_be_asked_while_others_work(self) -> None:
        """The others have inherited its pipes."""
        result = in_background(lambda: LARGE, worthwhile=True)

        def prepare(item: int) -> tuple[int, str]:
            return item, result() if item == 0 else str(item)

        seen: list[list[str]] = []

        def decide(findings: list[str]) -> bool:
            seen.append(findings)
            return False

        assert run_forked(TwoPhaseJob(prepare, lambda state: state), range(4), 4, decide) is None
        assert seen == [[LARGE, "1", "2", "3"]]


def test_usable_cpus_is_at_least_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert parallel.usable_cpus() >= 1
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert parallel.usable_cpus() == 1
