"""Work shared among forked processes: what the parent knows is inherited, only results travel back."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_forked(function: Callable[[Item], Result], items: Sequence[Item], workers: int) -> list[Result]:
    """``[function(item) for item in items]``, by up to ``workers`` processes, this one included.

    Items are dealt out in turn, so that neighbours of similar cost are spread. An exception of a worker is raised
    here. Results must be picklable.
    """
    workers = min(workers, len(items))
    if workers <= 1:
        return [function(item) for item in items]
    children = [_fork(function, items[offset::workers]) for offset in range(1, workers)]
    outcomes: list[Any] = [_attempt(function, items[0::workers])]
    outcomes += [_collect(child, descriptor) for child, descriptor in children]
    results: list[Any] = [None] * len(items)
    for offset, (succeeded, value) in enumerate(outcomes):
        if not succeeded:
            raise value
        results[offset::workers] = value
    return results


def _attempt(function: Callable[[Item], Result], items: Sequence[Item]) -> tuple[bool, Any]:
    try:
        return True, [function(item) for item in items]
    except Exception as error:
        return False, error


def _fork(function: Callable[[Item], Result], items: Sequence[Item]) -> tuple[int, int]:
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    status = 1
    try:
        os.close(reader)
        with os.fdopen(writer, "wb") as stream:
            pickle.dump(_attempt(function, items), stream)
        status = 0
    finally:
        # Neither the parent's buffers nor its exit handlers are this process's to run.
        os._exit(status)


def _collect(child: int, descriptor: int) -> tuple[bool, Any]:
    with os.fdopen(descriptor, "rb") as stream:
        content = stream.read()
    _, status = os.waitpid(child, 0)
    if status != 0 or not content:
        return False, ChildProcessError("a worker process ended before it had finished")
    outcome: tuple[bool, Any] = pickle.loads(content)
    return outcome
