"""A build that fails or is killed: nothing is half-written, and the next one repairs what was left."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from hivewright.output.compare import JOURNAL
from hivewright.output.files import NEW
from hivewright.output.write import OutputError
from outputs import CONF, expected, folders, host, tree, write


@pytest.fixture(name="build")
def make_build(tmp_path: Path) -> Path:
    return tmp_path / "build"


@pytest.mark.parametrize(
    ("code", "reason", "remedy"),
    [
        (errno.EACCES, "permission denied", "give yourself write access"),
        (errno.ENOSPC, "no space left on device", "make room"),
        (errno.EROFS, "read-only file system", "-o"),
    ],
)
@pytest.mark.parametrize("is_new", [True, False])
def test_a_failing_write_leaves_nothing_half_written(
    build: Path, monkeypatch: pytest.MonkeyPatch, code: int, reason: str, remedy: str, is_new: bool
) -> None:
    if not is_new:
        write(build, {"alpha": host()})
    build.mkdir(exist_ok=True)
    before = tree(build)
    original = os.write

    def fail(descriptor: int, data: memoryview) -> int:
        if bytes(data) == b"new\n":
            original(descriptor, data[:2])
            raise OSError(code, os.strerror(code))
        return original(descriptor, data)

    monkeypatch.setattr(os, "write", fail)
    with pytest.raises(OutputError) as raised:
        write(build, {"alpha": host(conf="new\n")})
    assert raised.value.reason == reason
    assert remedy in raised.value.remedy
    monkeypatch.undo()
    after = expected(host(conf="new\n"))
    for path, text in tree(build).items():
        assert path == f"alpha/{JOURNAL}" or text in (before.get(path), after[path] if not is_new else None), path
    write(build, {"alpha": host(conf="new\n")})
    assert tree(build) == after


def test_a_file_that_cannot_be_read_is_one_clear_error(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(build, {"alpha": host()})
    original = os.open

    def refuse(path: str, flags: int, permissions: int = 0o777) -> int:
        if path.endswith(CONF):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return original(path, flags, permissions)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OutputError, match=rf"{CONF}: permission denied"):
        write(build, {"alpha": host()})


class KilledError(BaseException):
    """Stands for a signal that nothing handles."""


def kill_after(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """Let a number of steps that change the disk succeed and end the build at the next, without any clean-up."""
    done = 0

    def counted(original: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object, **keywords: object) -> object:
            nonlocal done
            done += 1
            if done > steps:
                raise KilledError
            return original(*arguments, **keywords)

        return step

    for name in ("write", "rename", "unlink", "mkdir", "rmdir", "chmod"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    monkeypatch.setattr(shutil, "rmtree", counted(shutil.rmtree))


def test_a_build_killed_at_any_step_is_repaired_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second = {"alpha": host(start="#!/bin/sh\n# 2\n", seed=""), "beta": host()}
    third = {"alpha": host(start="", conf="3\n"), "beta": host(start="#!/bin/sh\n# 3\n")}
    for steps in count():
        build = tmp_path / str(steps) / "build"
        write(build, {"alpha": host(), "gone": host()})
        kill_after(monkeypatch, steps)
        try:
            write(build, second)
            was_killed = False
        except KilledError:
            was_killed = True
        monkeypatch.undo()
        for path, text in tree(build).items():
            assert text or NEW in path, "a file in its place is whole"
        changes = write(build, third)
        assert changes.kept == [], steps
        assert tree(build) == {**expected(third["alpha"]), **expected(third["beta"], "beta")}, steps
        assert not write(build, third), steps
        assert folders(build) == {str(path) for name in tree(build) for path in Path(name).parents} - {"."}, steps
        if not was_killed:
            break
    assert steps > 20, "the build was killed at many steps"
