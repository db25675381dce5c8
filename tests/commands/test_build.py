"""``hivewright build``: what it writes, what it leaves alone, and what it says."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hivewright.emit.runtime import runtime_artifacts
from hivewright.plan import RC_SERVICES
from projects import GUESTS, HIVE, NEW_GUEST, Project, changed, changed_lines, files_below

pytest_plugins = ["project_fixtures"]

DEVD = "root/usr/local/etc/devd/hivewright.conf"
COMMON = {"MANIFEST", "INVENTORY.md", "root/boot/loader.conf.d/hivewright.conf", f"{HIVE}/host.conf", DEVD}
COMMON |= {"root/usr/local/etc/cron.d/hivewright-replicate"}
COMMON |= {f"{HIVE}/{name}" for name in ("pf.conf", "ipfw.rules", "dnsmasq.conf")}
COMMON |= {f"root/usr/local/etc/rc.conf.d/{service}/hivewright" for service in RC_SERVICES}


def scripts(guest: str) -> set[str]:
    return {f"{GUESTS}/{guest}/{name}" for name in ("start", "stop", "provision")}


ALPHA = COMMON | scripts("web1") | scripts("db1")
ALPHA |= {f"{GUESTS}/web1/seed/{name}" for name in ("meta-data", "user-data", "network-config")}
ALPHA |= {f"{GUESTS}/web1/hooks/prestart/10-lease.sh"}
ALL = {
    *(f"build/runtime/{path}" for path in runtime_artifacts()),
    *(f"build/alpha/{path}" for path in ALPHA),
    *(f"build/beta/{path}" for path in COMMON | scripts("mail1")),
    *(f"site/locks/{guest}.toml" for guest in ("db1", "mail1", "web1")),
}


def test_a_build_from_nothing_writes_these_files_and_no_others(project: Project) -> None:
    done = project.succeed("build")
    assert set(project.written()) == ALL
    assert (done.out, done.err) == ("", f"{project.build}: {len(ALL)} created, 0 changed, 0 removed\n")
    assert {path.name for path in project.root.iterdir()} == {"site", "build"}


def test_modes_are_those_of_manifest(built: Project) -> None:
    for tree in ("alpha", "runtime"):
        for line in (built.build / tree / "MANIFEST").read_text().splitlines():
            if not line.startswith("# runtime "):
                path, mode, _ = line.split(" ")
                assert (built.build / tree / "root" / path).stat().st_mode & 0o7777 == int(mode, 8), path


@pytest.mark.parametrize("with_stamp", [True, False])
def test_a_second_build_writes_nothing(built: Project, cache: Path, with_stamp: bool) -> None:
    if not with_stamp:
        shutil.rmtree(cache)
    before = built.states()
    done = built.succeed("build")
    assert built.states() == before
    assert (done.out, done.err) == ("", f"{built.build} is up to date\n")


def test_verbose_says_what_is_written(project: Project) -> None:
    done = project.succeed("-v", "build")
    names = {path.removeprefix("build/").removeprefix("site/") for path in ALL}
    assert set(done.out.splitlines()) == {f"+ {name}" for name in names}


def test_a_dry_run_says_the_same_and_writes_nothing(project: Project) -> None:
    told = project.succeed("build", "--dry-run").out
    assert not project.written()
    assert project.succeed("-v", "build").out == told
    project.edit("vms/web.toml", "4G", "5G")
    before = project.states()
    told = project.succeed("build", "--dry-run").out
    assert project.states() == before
    assert told
    assert project.succeed("-v", "build").out == told


def test_check_of_a_current_build_is_silent_and_fine(built: Project) -> None:
    before = built.states()
    assert built.succeed("-q", "build", "--check").out == ""
    assert built.states() == before


SCRIPT = f"alpha/{GUESTS}/web1/start"
OUT_OF_DATE: dict[str, tuple[Callable[[Project], object], str]] = {
    "a changed site": (lambda project: project.edit("vms/web.toml", "4G", "5G"), f"~ {SCRIPT}"),
    "a new guest": (lambda project: project.add("vms/new.toml", NEW_GUEST), "+ locks/new1.toml"),
    "a guest that left": (lambda project: (project.root / "site/vms/web.toml").unlink(), f"- {SCRIPT}"),
    "an output edited by hand": (lambda project: (project.build / SCRIPT).write_text("mine\n"), f"~ {SCRIPT}"),
    "a missing output": (lambda project: (project.build / SCRIPT).unlink(), f"+ {SCRIPT}"),
    "a lost executable bit": (lambda project: (project.build / SCRIPT).chmod(0o644), f"~ {SCRIPT}"),
    "a missing manifest": (lambda project: (project.build / "beta/MANIFEST").unlink(), "+ beta/MANIFEST"),
    "a missing host": (lambda project: shutil.rmtree(project.build / "beta"), "+ beta/MANIFEST"),
    "no output at all": (lambda project: shutil.rmtree(project.build), "+ beta/MANIFEST"),
    "a missing lock": (lambda project: (project.locks / "web1.toml").unlink(), "+ locks/web1.toml"),
    "no locks at all": (lambda project: shutil.rmtree(project.locks), "+ locks/db1.toml"),
    "a changed hook": (
        lambda project: project.add("hooks/lease.sh", "#!/bin/sh\nexit 1\n"),
        f"~ alpha/{GUESTS}/web1/hooks/prestart/10-lease.sh",
    ),
}


@pytest.mark.parametrize("case", OUT_OF_DATE)
def test_check_tells_what_is_out_of_date_and_writes_nothing(built: Project, case: str) -> None:
    change, line = OUT_OF_DATE[case]
    change(built)
    before = built.states()
    done = built.run("build", "--check")
    assert done.status == 3
    assert line in done.out.splitlines()
    assert built.states() == before
    built.succeed("build")
    assert built.run("build", "--check").status == 0


def test_locked_refuses_to_make_or_extend_a_lock(project: Project) -> None:
    done = project.run("build", "--locked")
    assert done.status == 1
    assert "LOCK009" in done.err
    assert "locks/db1.toml, locks/mail1.toml, locks/web1.toml" in done.err
    assert not project.written()
    project.succeed("build")
    project.edit("vms/db.toml", "vnc = true", "vnc = true\nrng = true")
    before = project.written()
    done = project.run("build", "--locked")
    assert (done.status, project.written()) == (1, before)
    assert "a build would change locks/mail1.toml, which" in done.err


def test_locked_builds_what_needs_no_new_number(built: Project) -> None:
    built.edit("vms/web.toml", "4G", "5G")
    before = built.written()
    built.succeed("build", "--locked")
    assert f"build/{SCRIPT}" in changed(before, built.written())
    assert files_below(built.locks) == {
        path.removeprefix("site/locks/"): content for path, content in before.items() if path.startswith("site/locks/")
    }


def test_output_elsewhere_is_the_same_and_leaves_build_alone(built: Project, tmp_path: Path) -> None:
    before = built.states()
    done = built.succeed("build", "-o", str(tmp_path / "elsewhere"))
    assert done.err.startswith(f"{tmp_path / 'elsewhere'}: ")
    assert files_below(tmp_path / "elsewhere") == files_below(built.build)
    assert built.states() == before
    built.succeed("build", "--check", "-o", str(tmp_path / "elsewhere"))


def test_output_elsewhere_writes_locks_that_are_missing(project: Project, tmp_path: Path) -> None:
    project.succeed("build", "-o", str(tmp_path / "elsewhere"))
    assert not project.build.exists()
    assert set(files_below(project.locks)) == {"db1.toml", "mail1.toml", "web1.toml"}


def test_output_elsewhere_does_not_make_the_usual_output_look_current(built: Project, tmp_path: Path) -> None:
    built.edit("vms/web.toml", "4G", "5G")
    built.succeed("build", "-o", str(tmp_path / "elsewhere"))
    before = built.written()
    built.succeed("build")
    assert changed(before, built.written()) >= {f"build/{SCRIPT}"}


def test_a_site_that_is_the_project_itself_has_its_output_within(
    tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(project.root / "site", tmp_path / "flat")
    monkeypatch.chdir(tmp_path / "flat")
    flat = Project(Path(), project.capsys)
    for _ in range(2):
        flat.succeed("build", "--strict")
    flat.succeed("build", "--check")
    assert {path.name for path in (tmp_path / "flat").iterdir()} == {
        *("site.toml", "hosts.toml", "vms", "hooks", "locks", "build")
    }


OF_ALL_GUESTS = {f"build/alpha/{name}" for name in ("MANIFEST", "INVENTORY.md", f"{HIVE}/host.conf", DEVD)}
"""The files of a host that list its guests."""


class TestStability:
    def test_a_removed_guest_goes_and_its_lock_stays(self, built: Project) -> None:
        before = built.written()
        text = (built.root / "site/vms/web.toml").read_text()
        (built.root / "site/vms/web.toml").unlink()
        built.succeed("build")
        after = built.written()
        assert not [path for path in after if "/web1/" in path]
        assert not (built.build / "alpha" / GUESTS / "web1").exists()
        assert {path for path in changed(before, after) if "/web1/" not in path} == OF_ALL_GUESTS
        assert after["site/locks/web1.toml"] == before["site/locks/web1.toml"]
        built.add("vms/web.toml", text)
        built.succeed("build")
        assert built.written() == before

    def test_an_added_guest_changes_no_other(self, built: Project) -> None:
        before = built.written()
        built.add("vms/new.toml", NEW_GUEST)
        built.succeed("build")
        made = {"site/locks/new1.toml", *(f"build/alpha/{path}" for path in scripts("new1"))}
        assert changed(before, built.written()) == OF_ALL_GUESTS | made

    def test_a_changed_memory_changes_the_lines_that_follow_from_it(self, built: Project) -> None:
        before = built.written()
        built.edit("vms/web.toml", "4G", "6G")
        built.succeed("build")
        after = built.written()
        lines = {path: changed_lines(before[path], after[path]) for path in changed(before, after)}
        assert {path: len(pairs) for path, pairs in lines.items()} == {
            "build/alpha/INVENTORY.md": 1,
            "build/alpha/MANIFEST": 1,
            f"build/{SCRIPT}": 2,
        }
        digest, memory = lines[f"build/{SCRIPT}"]
        assert (digest[0].split()[:2], digest[1].split()[:2]) == (["vm", "web1"], ["vm", "web1"])
        assert memory == ('set -- "$@" -m 4G  # memory', 'set -- "$@" -m 6G  # memory')
        assert " 6G " in lines["build/alpha/INVENTORY.md"][0][1]
        assert lines["build/alpha/MANIFEST"][0][1].startswith("usr/local/etc/hivewright/vms/web1/start 0755 ")

    @pytest.mark.parametrize(("moment", "others"), [("prestart", 1), ("crash", 0)])
    def test_a_changed_hook_changes_one_line_that_names_it(self, built: Project, moment: str, others: int) -> None:
        """What a start depends on has another digest besides."""
        built.edit("vms/web.toml", "prestart", moment)
        built.succeed("build")
        before = built.written()
        built.add("hooks/lease.sh", "#!/bin/sh\nexit 1\n")
        built.succeed("build")
        after = built.written()
        lines = {path: changed_lines(before[path], after[path]) for path in changed(before, after)}
        hook = f"build/alpha/{GUESTS}/web1/hooks/{moment}/10-lease.sh"
        assert lines.keys() == {"build/alpha/MANIFEST", f"build/{SCRIPT}", hook}
        named = [pair for pair in lines[f"build/{SCRIPT}"] if pair[1].startswith(f"hook {moment} 10-lease.sh ")]
        assert (len(named), len(lines[f"build/{SCRIPT}"])) == (1, 1 + others)

    def test_a_removed_host_goes_and_the_others_stay(self, built: Project) -> None:
        before = built.written()
        built.remove_beta()
        built.succeed("build")
        assert not (built.build / "beta").exists()
        assert built.written() == {path: text for path, text in before.items() if not path.startswith("build/beta/")}


class TestByHand:
    def test_an_edited_output_is_restored_and_told(self, built: Project) -> None:
        before = built.written()
        (built.build / SCRIPT).write_text("mine\n")
        told = built.run("build", "--check").err
        assert told.startswith(f"{SCRIPT} had been changed by hand; it would be as the site says again\n")
        done = built.succeed("build")
        assert done.err.splitlines()[0] == f"{SCRIPT} had been changed by hand; it is as the site says again"
        assert built.written() == before
        assert built.succeed("build").err == f"{built.build} is up to date\n"

    def test_an_edited_output_that_is_no_longer_made_is_kept_and_told(self, built: Project) -> None:
        (built.build / SCRIPT).write_text("mine\n")
        (built.root / "site/vms/web.toml").unlink()
        done = built.succeed("build")
        assert f"warning[OUT002]: {built.build}/{SCRIPT} is no longer made, but was changed by hand\n" in done.err
        again = built.succeed("build").err
        assert f"warning[OUT002]: {built.build}/alpha/{GUESTS}/web1/ was written by no build\n" in again
        assert again.endswith(f"{built.build} is up to date\n")
        assert (built.build / SCRIPT).read_text() == "mine\n"

    def test_files_of_others_stay(self, built: Project) -> None:
        others = [built.build / "README", built.build / "alpha" / "root" / "NOTES", built.locks / ".keep"]
        for path in others:
            path.write_text("mine\n")
        built.edit("vms/web.toml", "4G", "5G")
        built.succeed("build")
        assert [path.read_text() for path in others] == ["mine\n"] * 3

    @pytest.mark.parametrize("words", [("build",), ("build", "--check"), ("build", "--dry-run")])
    def test_files_of_others_are_told_and_are_errors_when_strict(self, built: Project, words: tuple[str, ...]) -> None:
        """Each once; a folder of theirs as a whole; empty folders and what git keeps beside the hosts are no matter."""
        root = built.build / "alpha/root"
        made = ["alpha/root/etc/rc.local", "alpha/root/opt/a/b", "alpha/root/opt/c", f"alpha/{GUESTS}/web1/hooks/x"]
        made += ["alpha/notes", "old/root/etc/x", "runtime/root/usr/local/sbin/other", "README"]
        for name in (*made, ".gitattributes", ".git/config"):
            (built.build / name).parent.mkdir(parents=True, exist_ok=True)
            (built.build / name).write_text("mine\n")
        (root / "empty/empty").mkdir(parents=True)
        (root / "link").symlink_to("/etc")
        shown = ["README", "alpha/notes", "alpha/root/etc/", "alpha/root/opt/", "alpha/root/link", "old/"]
        shown += [f"alpha/{GUESTS}/web1/hooks/x", "runtime/root/usr/local/sbin/other"]
        done = built.succeed(*words)
        told = re.findall(r"(?m)^warning\[OUT002\]: (\S+) was written by no build$", done.err)
        assert sorted(told) == sorted(f"{built.build}/{name}" for name in shown)
        before = built.written()
        built.edit("vms/web.toml", "4G", "5G")
        strict = built.run("--strict", *words)
        assert (strict.status, strict.err.count("error[OUT002]")) == (1, len(shown))
        changed_files = changed(before, built.written())
        assert changed_files == {"site/vms/web.toml"} or not changed_files

    def test_another_folder_may_have_what_its_owner_wants(self, built: Project, tmp_path: Path) -> None:
        (tmp_path / "out/other").mkdir(parents=True)
        (tmp_path / "out/other/file").write_text("mine\n")
        assert "OUT002" not in built.succeed("build", "-o", str(tmp_path / "out")).err
        (tmp_path / "out/alpha/root/file").write_text("mine\n")
        assert "out/alpha/root/file was written by no build" in built.succeed("build", "-o", str(tmp_path / "out")).err

    def test_a_file_replaced_by_a_link_is_a_file_again(self, built: Project, tmp_path: Path) -> None:
        script = built.build / SCRIPT
        before = script.read_bytes()
        shutil.move(script, tmp_path / "target")
        script.symlink_to(tmp_path / "target")
        assert built.run("build", "--check").status == 3
        built.succeed("build")
        assert not script.is_symlink()
        assert script.read_bytes() == before == (tmp_path / "target").read_bytes()
