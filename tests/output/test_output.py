"""Writing: only differences, each in one step, and nothing that is not ours."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from hivewright.output.write import Changes, OutputError
from hivewright.plan import MANIFEST
from outputs import CONF, SEED, START, expected, host, tree, write, write_output


@pytest.fixture(name="build")
def make_build(tmp_path: Path) -> Path:
    return tmp_path / "build"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o000])
def test_a_new_host_is_written_whole_whatever_the_umask(build: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        changes = write(build, {"alpha": host()})
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert tree(build) == expected(host())
    assert changes == Changes(created=sorted(expected(host())))
    assert [mode(build / "alpha" / path) for path in (START, SEED, CONF)] == [0o755, 0o600, 0o644]
    assert mode((build / "alpha" / SEED).parent) == 0o700
    assert mode((build / "alpha" / START).parent) == 0o755


def test_a_second_build_touches_nothing(build: Path) -> None:
    write(build, {"alpha": host()})
    before = {path: path.lstat() for path in build.rglob("*")}
    changes = write(build, {"alpha": host()})
    assert not changes
    assert changes == Changes()
    assert {path: path.lstat() for path in build.rglob("*")} == before


def test_only_what_differs_is_written_and_in_one_step(build: Path) -> None:
    write(build, {"alpha": host()})
    kept = build / "alpha" / CONF
    inode, old = kept.stat().st_ino, (build / "alpha" / START).open()
    changes = write(build, {"alpha": host(start="#!/bin/sh\n# longer\n")})
    assert changes == Changes(changed=[f"alpha/{START}", f"alpha/{MANIFEST}"])
    assert kept.stat().st_ino == inode
    assert tree(build) == expected(host(start="#!/bin/sh\n# longer\n"))
    with old:
        assert old.read() == "#!/bin/sh\n"


def test_a_dry_run_says_the_same_and_does_nothing(build: Path) -> None:
    assert write(build, {"alpha": host()}, dry_run=True).created == sorted(expected(host()))
    assert not build.exists()
    write(build, {"alpha": host()})
    before = tree(build)
    changes = write(build, {"alpha": host(seed="", conf="x\n")}, dry_run=True)
    assert tree(build) == before
    assert write(build, {"alpha": host(seed="", conf="x\n")}) == changes


def test_what_is_no_longer_wanted_goes_with_its_empty_folder(build: Path) -> None:
    write(build, {"alpha": host()})
    changes = write(build, {"alpha": host(seed="")})
    assert changes.removed == [f"alpha/{SEED}"]
    assert tree(build) == expected(host(seed=""))
    assert not (build / "alpha" / SEED).parent.exists()
    assert (build / "alpha" / START).exists()


def test_what_was_changed_by_hand_is_kept_when_it_would_be_removed(build: Path) -> None:
    write(build, {"alpha": host()})
    (build / "alpha" / SEED).write_text("mine\n")
    changes = write(build, {"alpha": host(seed="")})
    assert (changes.kept, changes.removed) == ([f"alpha/{SEED}"], [])
    assert (build / "alpha" / SEED).read_text() == "mine\n"


def test_what_was_changed_by_hand_is_overwritten_and_told_when_it_is_wanted(build: Path) -> None:
    write(build, {"alpha": host()})
    (build / "alpha" / CONF).write_text("mine\n")
    changes = write(build, {"alpha": host()})
    assert (changes.changed, changes.overwritten) == ([f"alpha/{CONF}"], [f"alpha/{CONF}"])
    assert tree(build) == expected(host())


def test_files_of_others_stay(build: Path) -> None:
    write(build, {"alpha": host()})
    notes = build / "alpha/root/etc/vms/web1/seed/NOTES"
    notes.write_text("mine\n")
    (build / "README").write_text("mine\n")
    (build / "other").mkdir()
    (build / "other" / MANIFEST).write_text("not one of ours\n")
    write(build, {"beta": host()})
    assert tree(build) == {
        **expected(host(), "beta"),
        "README": "mine\n",
        "alpha/root/etc/vms/web1/seed/NOTES": "mine\n",
        f"other/{MANIFEST}": "not one of ours\n",
    }


def test_a_host_that_left_the_site_goes(build: Path) -> None:
    write(build, {"alpha": host(), "beta": host()})
    changes = write(build, {"alpha": host()})
    assert sorted(changes.removed) == sorted(expected(host(), "beta"))
    assert tree(build) == expected(host())
    assert not (build / "beta").exists()


def test_a_host_that_is_not_looked_at_stays(build: Path) -> None:
    write(build, {"alpha": host(), "beta": host()})
    before = tree(build)
    changes = write_output(build, {"alpha": host()}, {}, build / "locks", unchanged_hosts=["beta"])
    assert not changes
    assert tree(build) == before


def test_of_a_host_that_left_hand_made_changes_stay_and_stay_known(build: Path) -> None:
    write(build, {"alpha": host(), "beta": host()})
    (build / "beta" / CONF).write_text("mine\n")
    for _ in range(2):
        changes = write(build, {"alpha": host()})
        assert changes.kept == [f"beta/{CONF}"]
        assert tree(build / "beta") == {CONF: "mine\n", MANIFEST: host()[MANIFEST].content.decode()}
    (build / "beta" / CONF).write_text("host alpha\n")
    assert write(build, {"alpha": host()}).removed == [f"beta/{CONF}", f"beta/{MANIFEST}"]
    assert not (build / "beta").exists()


def test_a_fresh_clone_is_up_to_date_and_gets_its_modes(build: Path) -> None:
    write(build, {"alpha": host()})
    seed = build / "alpha" / SEED
    seed.chmod(0o644)
    assert not write(build, {"alpha": host()}, dry_run=True)
    assert mode(seed) == 0o644
    assert not write(build, {"alpha": host()})
    assert mode(seed) == 0o600


def test_a_lost_executable_bit_is_a_difference(build: Path) -> None:
    write(build, {"alpha": host()})
    (build / "alpha" / START).chmod(0o644)
    changes = write(build, {"alpha": host()})
    assert (changes.changed, changes.overwritten) == ([f"alpha/{START}"], [])
    assert mode(build / "alpha" / START) == 0o755


def test_a_file_that_is_a_link_is_replaced_and_its_target_left_alone(build: Path, tmp_path: Path) -> None:
    write(build, {"alpha": host()})
    target = tmp_path / "target"
    target.write_text("host alpha\n")
    (build / "alpha" / CONF).unlink()
    (build / "alpha" / CONF).symlink_to(target)
    changes = write(build, {"alpha": host()})
    assert changes.changed == [f"alpha/{CONF}"]
    assert not (build / "alpha" / CONF).is_symlink()
    assert target.read_text() == "host alpha\n"


def test_nothing_is_removed_behind_a_link(build: Path, tmp_path: Path) -> None:
    write(build, {"alpha": host()})
    seed = (build / "alpha" / SEED).parent
    outside = tmp_path / "outside"
    seed.rename(outside)
    seed.symlink_to(outside)
    changes = write(build, {"alpha": host(seed="")})
    assert (changes.refused, changes.removed) == ([f"alpha/{SEED}"], [])
    assert (outside / "user-data").read_text() == "#cloud-config\n"


def test_a_manifest_cannot_lead_out_of_the_folder(build: Path, tmp_path: Path) -> None:
    write(build, {"alpha": host()})
    victim = tmp_path / "victim"
    victim.write_text("host alpha\n")
    checksum = host()[MANIFEST].content.decode().splitlines()[0].split(" ")[2]
    (build / "alpha" / MANIFEST).write_text(f"../../../victim 0644 {checksum}\n")
    write(build, {"alpha": host()})
    assert victim.exists()
    assert tree(build) == expected(host())


def link(path: Path) -> None:
    (path.parent / "elsewhere").mkdir()
    path.symlink_to(path.parent / "elsewhere")


@pytest.mark.parametrize(
    ("place", "put", "reason"),
    [
        ("alpha", lambda path: path.write_text("x"), "a file stands where the folder alpha belongs"),
        ("alpha", link, "a symbolic link stands where the folder alpha belongs"),
        (f"alpha/{CONF}", lambda path: path.mkdir(), "a folder stands where a file belongs"),
        ("alpha/root/etc/vms", lambda path: path.write_text("x"), "a file stands where a folder belongs"),
        ("alpha/root/etc/vms", link, "a symbolic link stands where a folder belongs"),
    ],
)
def test_what_stands_in_the_way_is_one_clear_error(
    build: Path, place: str, put: Callable[[Path], object], reason: str
) -> None:
    path = build / place
    path.parent.mkdir(parents=True)
    put(path)
    before = tree(build)
    with pytest.raises(OutputError) as raised:
        write(build, {"aaa": host(), "alpha": host()})
    assert (raised.value.path, raised.value.reason) == (str(path), reason)
    assert raised.value.remedy in str(raised.value)
    assert tree(build) == before


def test_locks_are_written_and_removed_and_others_left_alone(build: Path, tmp_path: Path) -> None:
    locks = tmp_path / "locks"

    def write_locks(wanted: dict[str, bytes | None]) -> Changes:
        return write_output(build, {}, wanted, locks)

    assert write_locks({"a.toml": b"1\n", "b.toml": b"1\n"}).created == ["locks/a.toml", "locks/b.toml"]
    (locks / "c.toml").write_text("mine\n")
    assert not write_locks({"a.toml": b"1\n", "b.toml": b"1\n", "d.toml": None})
    changes = write_locks({"a.toml": b"2\n", "b.toml": None})
    assert (changes.changed, changes.removed) == (["locks/a.toml"], ["locks/b.toml"])
    assert tree(locks) == {"a.toml": "2\n", "c.toml": "mine\n"}


def test_a_pipe_in_place_of_a_file_does_not_hang_the_build(build: Path) -> None:
    write(build, {"alpha": host()})
    (build / "alpha" / CONF).unlink()
    os.mkfifo(build / "alpha" / CONF)
    assert write(build, {"alpha": host()}).changed == [f"alpha/{CONF}"]
    assert tree(build) == expected(host())
