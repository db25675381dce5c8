"""``hivewright upgrade-report``: what another release changes, while the site stays as it is."""

from __future__ import annotations

import json

from projects import Project, files_below

pytest_plugins = ["project_fixtures"]


def test_words_guests_and_steps_are_told_and_nothing_is_written(built: Project) -> None:
    built.edit("hosts.toml", 'freebsd = "14.3"', 'freebsd = "13.5"')
    built.edit("vms/web.toml", "[vm.web1]\n", "[vm.web1]\ncpus = 4\n")
    built.succeed("-q", "build")
    before = files_below(built.root)
    done = built.run("-q", "upgrade-report", "alpha", "14.3")
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "alpha: FreeBSD 13.5 to 14.3"
    assert lines[2] == "Guests that are touched: db1, web1"
    assert any(line.lstrip().startswith("+ ") for line in lines)
    assert any("pkg upgrade -f" in line for line in lines)
    assert any('write freebsd = "14.3" at [host.alpha]' in line for line in lines)
    assert lines[-1].endswith("hivectl restart db1 web1")
    assert files_below(built.root) == before
    found = json.loads(built.run("-q", "upgrade-report", "alpha", "14.3", "--json").out)
    assert (found["from"], found["to"], found["faults"]) == ("13.5", "14.3", [])
    assert "web1" in found["words"]


def test_what_the_release_cannot_do_is_told_first(built: Project) -> None:
    built.edit("vms/web.toml", "[vm.web1.vnc]\n", '[vm.web1.vnc]\nresolution = "2560x1440"\n')
    built.edit("hosts.toml", 'freebsd = "14.3"', 'freebsd = "15.0"')
    done = built.run("-q", "upgrade-report", "alpha", "14.3")
    assert done.status == 3
    assert "error REL001: " in done.out
    assert "To do" not in done.out


def test_a_release_that_changes_no_word_says_so(built: Project) -> None:
    done = built.run("-q", "upgrade-report", "beta", "15.1")
    assert done.status == 0
    assert "Guests that are touched: none" in done.out
    assert "pkg upgrade" not in done.out


def test_names_that_are_not_there_are_a_usage_error(built: Project) -> None:
    assert 'did you mean "alpha"?' in built.run("upgrade-report", "alhpa", "15.1").err
    for release in ("12.4", "15", "new", "15.x"):
        done = built.run("upgrade-report", "alpha", release)
        assert (done.status, done.out) == (2, "")
        assert "is no release that is known" in done.err
    built.edit("vms/web.toml", '"4G"', '"4X"')
    assert built.run("upgrade-report", "alpha", "15.1").status == 1
