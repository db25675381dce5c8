"""Work in two steps shared among forked processes: what the parent knows is inherited, only results travel back."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, Generic, TypeVar

_LOOKS = 0.05
"""Seconds between two looks of a process whether the one that made it is there."""

Item = TypeVar("Item")
State = TypeVar("State")
Finding = TypeVar("Finding")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class TwoPhaseJob(Generic[Item, State, Finding, Result]):
    """Two steps for each item, with one decision about all of them in between.

    ``prepare`` keeps a state in its process and tells a finding; ``finish`` makes a result of the state. Findings
    and results must be picklable. ``abandon`` undoes a ``prepare`` that is not to be finished.
    """

    prepare: Callable[[Item], tuple[State, Finding]]
    finish: Callable[[State], Result]
    abandon: Callable[[State], None] = lambda _: None

    def prepare_all(self, items: Iterable[Item]) -> list[tuple[State, Finding]]:
        """All items, or none."""
        prepared: list[tuple[State, Finding]] = []
        try:
            prepared.extend(map(self.prepare, items))  # holds what was prepared before one fails
        except BaseException:
            self.abandon_all(prepared)
            raise
        return prepared

    def abandon_all(self, prepared: Iterable[tuple[State, Finding]]) -> None:
        for state, _ in prepared:
            self.abandon(state)


@dataclass(frozen=True, slots=True)
class _Child:
    process: int
    orders: BinaryIO
    answers: BinaryIO

    def answer(self) -> Any:
        try:
            succeeded, value = pickle.load(self.answers)
        except (EOFError, pickle.UnpicklingError):
            raise ChildProcessError("a worker process ended before it had finished") from None
        if not succeeded:
            raise value
        return value

    def order(self, word: bytes) -> None:
        """``go`` or ``no``; a child that has ended already needs neither."""
        with suppress(BrokenPipeError):
            self.orders.write(word)
            self.orders.flush()

    def dismiss(self) -> None:
        """Lets it end, whether it waits to be told or to be heard.

        The end of a pipe alone would not tell it: children that were made later hold the parent's ends too.
        """
        self.order(b"no")
        with suppress(BrokenPipeError):
            self.orders.close()
        self.answers.close()


def in_background(function: Callable[[], Result], worthwhile: bool) -> Callable[[], Result]:
    """Begins ``function`` in a process of its own, if that is worthwhile; what is returned waits for its result.

    It must be called once. An exception of the function is raised there.
    """
    if not worthwhile or usable_cpus() == 1:
        return function
    child = _fork(TwoPhaseJob(lambda _: (None, function()), lambda _: None), [None])

    def result() -> Result:
        try:
            finding: Result = child.answer()[0]
            return finding
        finally:
            _end([child])

    return result


def run_forked(
    work: TwoPhaseJob[Item, State, Finding, Result],
    items: Sequence[Item],
    workers: int,
    decide: Callable[[list[Finding]], bool],
) -> list[Result] | None:
    """Prepares all items, lets ``decide`` look at the findings in their order, and then finishes all or none.

    Up to ``workers`` processes, this one included, and no more than there are CPUs; items are dealt out in turn, so
    that neighbours of similar cost are spread. ``None`` when it was decided to stop. An exception of a worker is
    raised here.
    """
    workers = max(1, min(workers, len(items), usable_cpus()))
    children = [_fork(work, items[offset::workers]) for offset in range(1, workers)]
    try:
        prepared = work.prepare_all(items[0::workers])
        go = False
        try:
            findings = [[finding for _, finding in prepared], *(child.answer() for child in children)]
            go = decide(_in_order(findings, len(items)))
        finally:
            if not go:
                work.abandon_all(prepared)
        if not go:
            return None
        for child in children:
            child.order(b"go")
        results = [work.finish(state) for state, _ in prepared]
        return _in_order([results, *(child.answer() for child in children)], len(items))
    finally:
        _end(children)


def _end(children: Sequence[_Child]) -> None:
    """Dismisses all before waiting for any, since each may hold what another waits for."""
    for child in children:
        child.dismiss()
    for child in children:
        os.waitpid(child.process, 0)


def _in_order(dealt: Sequence[Sequence[Any]], count: int) -> list[Any]:
    values: list[Any] = [None] * count
    for offset, hand in enumerate(dealt):
        values[offset :: len(dealt)] = hand
    return values


def _fork(work: TwoPhaseJob[Item, State, Finding, Result], items: Sequence[Item]) -> _Child:
    orders_reader, orders_writer = os.pipe()
    answers_reader, answers_writer = os.pipe()
    parent = os.getpid()
    process = os.fork()
    if process:
        os.close(orders_reader)
        os.close(answers_writer)
        return _Child(process, os.fdopen(orders_writer, "wb"), os.fdopen(answers_reader, "rb"))
    try:
        _end_with(parent)
        os.close(orders_writer)
        os.close(answers_reader)
        with os.fdopen(orders_reader, "rb") as orders, os.fdopen(answers_writer, "wb") as answers:
            _serve(work, items, orders, answers)
    finally:
        # Neither the parent's buffers nor its exit handlers are this process's to run.
        os._exit(0)


def _end_with(parent: int) -> None:
    """Ends this process soon after the one that made it was killed: whoever begins anew must not meet it at its work.

    A pipe tells that only to who reads it.
    """
    from threading import Thread
    from time import sleep

    def watch() -> None:
        while os.getppid() == parent:
            sleep(_LOOKS)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def _serve(
    work: TwoPhaseJob[Item, State, Finding, Result], items: Sequence[Item], orders: BinaryIO, answers: BinaryIO
) -> None:
    try:
        prepared = work.prepare_all(items)
        with suppress(BrokenPipeError):
            pickle.dump((True, [finding for _, finding in prepared]), answers)
            answers.flush()
        if orders.read(2) == b"go":
            pickle.dump((True, [work.finish(state) for state, _ in prepared]), answers)
        else:
            work.abandon_all(prepared)
    except Exception as error:
        pickle.dump((False, error), answers)


def usable_cpus() -> int:
    """How many processes can run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
