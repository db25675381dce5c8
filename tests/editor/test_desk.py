"""The guest that is being edited, without a terminal: its settings, its changes, and what they do."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from conftest import write_files
from hivewright import cli
from hivewright.editing.attempt import ChangedMeanwhileError
from hivewright.editing.change import ChangeError
from hivewright.editing.document import UneditableError
from hivewright.editor.desk import Desk, Edit
from hivewright.editor.settings import documentation
from hivewright.site.keys import keys_of
from hivewright.source import find_project
from projects import FILES, files_below

MORE = '[template.server]\nmemory = "4G"\nrestart_limit = { count = 3 }\n[defaults]\nstop_timeout = "90s"\n'


@pytest.fixture(name="desk")
def open_desk(tmp_path: Path) -> Desk:
    write_files(tmp_path, {**FILES, "site/more.toml": MORE})
    text = (tmp_path / "site/vms/web.toml").read_text()
    (tmp_path / "site/vms/web.toml").write_text(
        text.replace('memory = "4G"\n', 'inherit = ["server"]  # as all\nprofile = "openbsd-7"\n')
    )
    return opened(tmp_path)


def opened(folder: Path, vm: str = "web1") -> Desk:
    desk = Desk(Namespace(**cli.DEFAULTS), find_project(folder))
    desk.open(vm)
    return desk


def test_every_setting_says_its_value_and_where_it_is_from(desk: Desk) -> None:
    found = {each.key: (each.text, each.origin) for each in desk.look().settings}
    assert found["host"] == ("alpha", "vms/web.toml")
    assert found["memory"] == ("4G", "template server (more.toml)")
    assert found["restart_limit.count"] == ("3", "template server (more.toml)")
    assert found["restart_limit.within"] == ("10m", "default")
    assert found["machine.hostbridge"] == ("amd", "profile openbsd-7 (profiles/openbsd/openbsd-7.toml)")
    assert found["stop_timeout"] == ("90s", "defaults (site.toml)".replace("site", "more"))
    assert found["tpm"] == ("", "")
    assert found["nic.lan.ipv4"] == ("192.0.2.10/24", "vms/web.toml")
    assert found["inherit"] == ('["server"]', "vms/web.toml")
    assert found["serial.com1.kind"] == ("nmdm", "default")


def test_all_settings_are_there_and_say_what_they_are_for(desk: Desk) -> None:
    from hivewright.model.vm import Vm

    settings = desk.look().settings
    assert {each.path[0] for each in settings} >= set(keys_of(Vm, ())) - {
        *("cd", "passthrough", "fwcfg", "input", "channel", "share", "numa", "event", "controller"),
    }
    assert [each.key for each in settings if not documentation(each.path)] == []
    assert documentation(("memory",)).startswith("Guest memory in whole mebibytes")
    assert "since FreeBSD 14.0" in documentation(("smbios",))


def test_a_change_shows_in_toml_and_files_and_is_not_written(desk: Desk) -> None:
    before = files_below(desk.project.root)
    look = desk.look([Edit(("memory",), "8G")])
    assert 'memory = "8G"' in look.toml
    assert 'inherit = ["server"]  # as all' in look.toml
    assert look.toml.startswith("[vm.web1]\n")
    assert look.difference[0] == "start:"
    assert {'-set -- "$@" -m 4G  # memory', '+set -- "$@" -m 8G  # memory'} <= set(look.difference)
    assert look.errors == 0
    assert (desk.is_changed, files_below(desk.project.root) == before) == (False, True)


def test_a_wrong_change_says_what_is_wrong_and_has_no_difference(desk: Desk) -> None:
    look = desk.look([Edit(("memory",), "8X")])
    assert [each.code for each in look.faults if each.severity == "error"] == ["KEY004"]
    assert look.difference == ()
    assert "memory" in {each.key for each in look.settings}


def test_changes_are_made_taken_back_and_saved_with_comments(desk: Desk) -> None:
    desk.edits += [Edit(("memory",), "8G"), Edit(("cpus",), 2), Edit(("disk", "data", "storage"), "plain")]
    desk.edits += [Edit(("disk", "data", "size"), "5G")]
    desk.edits.pop(1)
    assert desk.is_changed
    desk.save()
    assert not desk.is_changed
    text = (desk.project.site / "vms/web.toml").read_text()
    assert "  # as all\n" in text
    assert 'memory = "8G"' in text
    assert "cpus" not in text
    assert '[vm.web1.disk.data]\nstorage = "plain"\nsize = "5G"\n' in text


def test_what_somebody_else_wrote_meanwhile_is_kept_and_so_are_the_changes(desk: Desk) -> None:
    desk.edits.append(Edit(("memory",), "8G"))
    path = desk.project.site / "vms/web.toml"
    path.write_text(path.read_text().replace("host =", 'description = "by another"\nhost ='))
    before = files_below(desk.project.root)
    with pytest.raises(ChangedMeanwhileError, match=r"web\.toml was changed meanwhile"):
        desk.save()
    assert files_below(desk.project.root) == before
    desk.read()
    assert desk.is_changed
    desk.save()
    text = path.read_text()
    assert 'description = "by another"' in text
    assert 'memory = "8G"' in text


def test_a_guest_that_left_meanwhile_is_told(desk: Desk) -> None:
    desk.edits.append(Edit(("memory",), "8G"))
    (desk.project.site / "vms/web.toml").unlink()
    desk.read()
    assert desk.is_changed
    with pytest.raises(UneditableError, match="web1 left the site meanwhile"):
        desk.look()


def test_a_new_guest_is_made_from_defaults_and_is_not_there_before_it_is_saved(desk: Desk) -> None:
    before = files_below(desk.project.root)
    desk.create("web2", "beta")
    look = desk.look([Edit(("memory",), "3G")])
    assert look.errors == 0
    assert look.toml.startswith('[vm.web2]\nhost = "beta"\n')
    assert "+# Start web2 on beta." in look.difference
    assert (desk.is_changed, files_below(desk.project.root) == before) == (True, True)
    desk.save()
    assert set(files_below(desk.project.root)) - set(before) == {"site/vms/web2.toml"}
    with pytest.raises(ChangeError, match="there is a VM web2 already"):
        desk.create("web2", "beta")


def test_a_site_with_errors_is_edited_and_only_new_errors_count(tmp_path: Path) -> None:
    write_files(tmp_path, {**FILES, "site/vms/bad.toml": '[vm.bad]\nhost = "gamma"\nmemory = "1Y"\n'})
    desk = opened(tmp_path)
    assert desk.look([Edit(("cpus",), 2)]).errors == 0
    desk.open("bad")
    look = desk.look([Edit(("memory",), "1G")])
    assert (look.errors, {each.code for each in look.faults}) == (0, {"KEY004", "REF001"})
    desk.edits = [Edit(("memory",), "1G"), Edit(("host",), "beta")]
    desk.save()
    assert not [each for each in desk.known if each.severity == "error"]


def test_a_guest_in_one_line_can_be_edited(tmp_path: Path) -> None:
    write_files(tmp_path, {**FILES, "site/vms/odd.toml": 'vm.odd = { host = "beta", memory = "1G" }\n'})
    desk = opened(tmp_path, "odd")
    assert 'memory = "2G"' in desk.look([Edit(("memory",), "2G")]).toml
