"""A guest that would start anew is told of before it does, and only then."""

from __future__ import annotations

import pytest

from projects import Project

pytest_plugins = ["project_fixtures"]


@pytest.mark.parametrize("verb", ["check", "build", "diff"])
def test_a_renamed_vm_is_told_of_with_both_places(built: Project, verb: str) -> None:
    built.edit("vms/db.toml", "[vm.mail1]", "[vm.post1]")
    done = built.run("--format", "short", verb)
    (line,) = (line for line in done.err.splitlines() if "LOCK010" in line)
    assert "vms/db.toml" in line
    assert "post1 is new" in line
    assert "mail1" in line


@pytest.mark.parametrize("verb", ["check", "build", "diff"])
def test_a_moved_vm_is_told_of_with_both_hosts(built: Project, verb: str) -> None:
    built.edit("vms/db.toml", 'host = "beta"', 'host = "alpha"')
    done = built.run("--format", "short", verb)
    (line,) = (line for line in done.err.splitlines() if "LOCK011" in line)
    assert "mail1 moves from beta to alpha" in line


def test_it_is_said_until_it_is_built(built: Project) -> None:
    built.edit("vms/db.toml", "[vm.mail1]", "[vm.post1]")
    built.edit("vms/db.toml", '[vm.db1]\nhost = "alpha"', '[vm.db1]\nhost = "beta"')
    for _ in range(2):
        err = built.run("check").err
        assert "LOCK010" in err
        assert "LOCK011" in err
    built.succeed("build")
    assert built.succeed("check").err == ""


def test_a_lock_that_is_left_over_is_no_reason_without_a_new_vm(built: Project) -> None:
    built.remove_beta()
    assert built.succeed("check").err == ""


def test_a_clone_is_new_on_purpose(built: Project) -> None:
    built.remove_beta()
    built.add("storage.toml", '[storage.fast]\nkind = "zfs"\ndataset = "zroot/vms"\n')
    disk = 'disk.root = { storage = "fast", size = "1G" }\n'
    text = f'[vm.new1]\nhost = "alpha"\nmemory = "1G"\nvnc = true\n{disk}'
    built.add("vms/new.toml", text)
    assert "LOCK010" in built.succeed("check").err
    built.edit("vms/new.toml", 'size = "1G"', 'size = "1G", clone = "golden/root@v1"')
    assert "LOCK010" not in built.succeed("check").err


def test_another_host_to_run_on_is_no_move(built: Project) -> None:
    built.edit("vms/db.toml", 'host = "beta"', 'hosts = ["alpha", "beta"]')
    assert "LOCK011" not in built.run("check").err


def test_strict_refuses(built: Project) -> None:
    built.edit("vms/db.toml", "[vm.mail1]", "[vm.post1]")
    before = built.written()
    assert built.run("--strict", "build").status == 1
    assert built.written() == before


def test_of_many_new_vms_a_few_are_named(built: Project) -> None:
    built.edit("vms/db.toml", "[vm.mail1]", "[vm.post1]")
    built.add("vms/many.toml", "".join(f'[vm.a{n}]\nhost = "alpha"\nmemory = "1G"\nvnc = true\n' for n in range(20)))
    lines = [line for line in built.run("--format", "short", "check").err.splitlines() if "LOCK010" in line]
    assert len(lines) == 5
    assert "16 more VMs are new" in lines[-1]


def test_what_a_killed_build_left_is_no_host(built: Project) -> None:
    """The files of a new host are written beside its place, and moved there when all is well."""
    (built.build / "beta").rename(built.build / ".beta.hivewright-new")
    assert "LOCK011" not in built.succeed("build").err
