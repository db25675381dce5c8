"""``hivewright build`` when something is wrong: in the site, on the disk, or when it is interrupted or killed."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from hivewright import cli
from hivewright.pipeline import compile_host
from projects import GUESTS, HIVE, NEW_GUEST, Project, files_below, hivewright, only_json

pytest_plugins = ["project_fixtures"]

WARNING = '[host.alpha]\nfreebsd = "14.3"\ncpus = 1\n'
MANY_CPUS = "[defaults]\ncpus = 1\n" + "".join(
    f'[vm.many{number}]\nhost = "alpha"\nmemory = "1G"\n' for number in range(9)
)


class TestErrors:
    @pytest.mark.parametrize(
        ("file", "text", "code"),
        [
            ("bad.toml", "[vm.bad]\nhost = \n", "SRC001"),
            ("bad.toml", '[vm.bad]\nhost = "alpha"\nmemory = 4\n', "KEY003"),
            ("bad.toml", '[vm.bad]\nhost = "gamma"\nmemory = "1G"\n', "REF001"),
            ("bad.toml", '[vm.bad]\nhost = "alpha"\nmemory = "1G"\nafter = ["bad"]\n', "ORD002"),
            ("locks/web1.toml", "uuid = 1\n", "LOCK003"),
            ("locks/web1.toml", "<<<<<<< ours\n", "LOCK002"),
        ],
    )
    def test_an_error_writes_nothing(self, project: Project, file: str, text: str, code: str) -> None:
        project.add(file, text)
        before = project.written()
        done = project.run("build")
        assert (done.status, done.out) == (1, "")
        assert f"error[{code}]" in done.err
        assert project.written() == before
        assert not project.build.exists()

    def test_an_error_after_a_good_build_leaves_it_as_it_is(self, built: Project) -> None:
        built.edit("vms/web.toml", '"4G"', "4")
        before = built.states()
        assert built.run("build").status == 1
        assert built.states() == before
        built.edit("vms/web.toml", "memory = 4", 'memory = "4G"')
        assert built.run("build", "--check").status == 0

    def test_a_warning_is_told_each_time_and_forbids_only_when_strict(self, project: Project) -> None:
        project.edit("hosts.toml", '[host.alpha]\nfreebsd = "14.3"\n', WARNING)
        project.add("many.toml", MANY_CPUS)
        done = project.run("build", "--strict")
        assert done.status == 1
        assert "error[HOST008]" in done.err
        assert not project.written()
        for _ in range(2):
            assert "warning[HOST008]" in project.succeed("build").err
        assert project.run("build", "--strict").status == 1
        assert project.succeed("build", "--quiet").err == ""


class TestJson:
    """With --format json stderr is one JSON document, whatever happens."""

    def test_of_good_builds(self, project: Project) -> None:
        for arguments in (("build", "--dry-run"), ("build",), ("build",), ("build", "--locked"), ("diff",), ("check",)):
            assert only_json(project.succeed("--format", "json", *arguments).err) == [], arguments

    def test_of_differences(self, built: Project) -> None:
        built.edit("vms/web.toml", "4G", "5G")
        (built.build / "alpha/MANIFEST").write_text("mine\n")
        for arguments in (("build", "--check"), ("diff",)):
            done = built.run("--format", "json", *arguments)
            assert (done.status, only_json(done.err)) == (3, [])

    def test_of_errors(self, project: Project) -> None:
        def codes(*arguments: str) -> list[str]:
            done = project.run("--format", "json", *arguments)
            assert done.status == 1
            return [each["code"] for each in only_json(done.err)]

        assert codes("build", "--locked") == ["LOCK009"]
        project.build.mkdir()
        (project.build / "beta").write_text("in the way\n")
        assert codes("build") == ["OUT001"]
        assert codes("diff") == ["OUT001"]
        project.add("bad.toml", "[vm.bad]\nhost = 1\nmemory = 1\n")
        assert codes("build") == codes("check") == codes("diff") == codes("show", "web1") == ["KEY003", "KEY003"]
        project.add("locks/web1.toml", "uuid = 1\n")
        project.add("bad.toml", "")
        assert codes("build") == codes("diff") == codes("show", "web1") == ["LOCK003"]


class TestInTheWay:
    def one_error(self, project: Project, path: Path, reason: str) -> None:
        before = project.states()
        done = project.run("build")
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith(f"error[OUT001]: {path}: {reason}")
        assert done.err.count("error[") == 1
        assert " = help: " in done.err
        assert project.states() == before

    def test_a_link_in_place_of_a_host(self, built: Project, tmp_path: Path) -> None:
        host = built.build / "alpha"
        shutil.move(host, tmp_path / "moved")
        host.symlink_to(tmp_path / "moved")
        self.one_error(built, host, "a symbolic link stands where the folder alpha belongs")
        host.unlink()
        built.succeed("build")

    def test_a_link_in_place_of_a_folder(self, built: Project, tmp_path: Path) -> None:
        folder = built.build / "alpha" / GUESTS
        shutil.move(folder, tmp_path / "moved")
        folder.symlink_to(tmp_path / "moved")
        self.one_error(built, folder, "a symbolic link stands where a folder belongs")

    def test_a_folder_in_place_of_a_file(self, built: Project) -> None:
        path = built.build / "alpha" / HIVE / "host.conf"
        path.unlink()
        path.mkdir()
        self.one_error(built, path, "a folder stands where a file belongs")

    def test_a_file_in_place_of_the_locks(self, project: Project) -> None:
        project.locks.write_text("mine\n")
        self.one_error(project, project.locks, "this is not a folder")

    def test_a_file_in_place_of_the_output(self, project: Project) -> None:
        project.build.write_text("mine\n")
        done = project.run("build")
        assert done.status == 1
        assert f"error[OUT001]: {project.build}" in done.err
        assert "Traceback" not in done.err
        assert project.build.read_text() == "mine\n"
        project.build.unlink()
        project.succeed("build")

    def test_all_hosts_that_cannot_be_written_are_told_at_once(self, project: Project) -> None:
        project.build.mkdir()
        for host in ("alpha", "beta"):
            (project.build / host).write_text("mine\n")
        assert project.run("build").err.count("error[OUT001]") == 2


def read_only(folder: Path, *arguments: str) -> str:
    """What a command says, run where a folder cannot be written by anybody; it must end with status 1."""
    prelude = (
        "import os, sys\nif 'HIVEWRIGHT_TEST' not in os.environ:\n"
        "    os.environ['HIVEWRIGHT_TEST'] = 'inside'\n"
        f"    words = ['bwrap', '--dev-bind', '/', '/', '--ro-bind', {str(folder)!r}, {str(folder)!r}]\n"
        "    os.execvp(words[0], [*words, *sys.orig_argv])"
    )
    done = hivewright(*arguments, folder=folder.parent, prelude=prelude)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.slow
@pytest.mark.needs("bwrap")
class TestUnwritable:
    def test_output_is_one_clear_error(self, built: Project) -> None:
        built.edit("vms/web.toml", "4G", "5G")
        before = built.states()
        told = read_only(built.build, "build")
        assert told.startswith("error[OUT001]: build/alpha/")
        assert "read-only file system\n = help: choose a folder on a file system that can be written with -o" in told
        assert built.states() == before
        built.succeed("build")

    def test_locks_are_one_clear_error_and_nothing_is_written(self, built: Project) -> None:
        built.add("vms/new.toml", NEW_GUEST)
        before = built.states()
        told = read_only(built.locks, "-C", str(built.root), "build")
        assert told.startswith(f"error[OUT001]: {built.locks}/new1.toml")
        assert built.states() == before


def killed_at(project: Project, step: int) -> bool:
    """A build that is killed when it is about to change the disk for the ``step``-th time; whether it came so far."""
    process = os.fork()
    if process == 0:
        taken = 0

        def counted(original: Callable[..., object]) -> Callable[..., object]:
            def call(*arguments: object, **keywords: object) -> object:
                nonlocal taken
                taken += 1
                if taken == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                return original(*arguments, **keywords)

            return call

        for name in ("write", "rename", "replace", "unlink", "mkdir", "rmdir", "chmod"):
            setattr(os, name, counted(getattr(os, name)))
        try:
            os._exit(cli.main(["-C", str(project.root), "-q", "build"]))
        finally:
            os._exit(99)
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


class TestKilled:
    @pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.slow)])
    @pytest.mark.slow
    def test_a_build_killed_at_any_step_is_repaired_by_the_next(self, project: Project, stride: int) -> None:
        """A guest is new, another moves to the other host: locks and both hosts change."""
        project.succeed("-q", "build")
        project.add("vms/new.toml", NEW_GUEST)
        project.edit("vms/web.toml", '"alpha"', '"beta"')
        goal = Project(project.root.parent / "goal", project.capsys)
        shutil.copytree(project.root, goal.root)
        goal.succeed("-q", "build")
        expected = files_below(goal.root)
        begin = project.root.parent / "begin"
        shutil.copytree(project.root, begin, symlinks=True)
        kills = 0
        for step in count(1, stride):
            shutil.rmtree(project.root)
            shutil.copytree(begin, project.root, symlinks=True)
            was_killed = killed_at(project, step)
            project.succeed("-q", "build")
            assert files_below(project.root) == expected, step
            assert project.run("build", "--check").status == 0
            kills += was_killed
            if not was_killed:
                break
        assert kills > 20 / stride

    @pytest.mark.slow
    def test_a_first_build_that_is_killed_is_repaired_by_the_next(self, project: Project, cache: Path) -> None:
        shutil.copytree(project.root / "site", project.root.parent / "goal" / "site")
        goal = Project(project.root.parent / "goal", project.capsys)
        goal.succeed("-q", "build")
        for step in (1, 2, 3, 4, 5, 6, 8, 12, 40, 60):
            shutil.rmtree(cache)
            shutil.rmtree(project.build, ignore_errors=True)
            shutil.rmtree(project.locks, ignore_errors=True)
            assert killed_at(project, step)
            project.succeed("-q", "build")
            assert files_below(project.root) == files_below(goal.root)


INTERRUPT = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what runs beside it with SIGINT ignored
original, taken = os.rename, []
def rename(source, target):
    taken.append(target)
    if len(taken) == 2:
        os.kill(os.getpid(), signal.SIGINT)
    return original(source, target)
os.rename = rename
"""


def test_an_interrupt_is_status_130_without_a_word_and_repaired_by_the_next(project: Project) -> None:
    done = hivewright("build", folder=project.root, prelude=INTERRUPT)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    project.succeed("build")
    project.succeed("build", "--check")


def test_a_defect_is_status_70_without_a_traceback(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("this and that")

    monkeypatch.setattr(compile_host, "compile_host", fail)
    done = project.run("build")
    assert (done.status, done.out) == (70, "")
    assert "a defect of hivewright, not of the site: AssertionError: this and that" in done.err
    assert "Traceback" not in done.err
    assert not project.written()
