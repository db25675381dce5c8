"""What once went wrong between a site and its output, and must not again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import HOSTS, build_site
from conftest import BASE, LoadSite, write_files
from hivewright.allocation.allocate import allocate
from hivewright.cli import main
from hivewright.emit.quote import markdown_paragraph
from hivewright.emit.render import render
from hivewright.lower import lower
from hivewright.lower.seed.yaml_text import YamlWriter, read_mapping
from hivewright.plan import HostPlan
from hivewright.rules import check_rules
from hivewright.site.load import load
from hivewright.source import find_project, read_site

VM = '[vm.web1]\nhost = "alpha"\nmemory = "1G"\n'


def plan_of(vm: dict[str, Any], host: str = "alpha", **tables: Any) -> HostPlan:
    site = build_site({"web1": vm}, **tables)
    (plan,) = (plan for plan in lower(site, allocate(site, {})).plans if plan.name == host)
    return plan


def inventory(plan: HostPlan) -> str:
    return render(plan)["INVENTORY.md"].content.decode()


# Reading


def test_a_pipe_among_the_files_is_reported_without_being_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    write_files(tmp_path, {"site.toml": BASE})
    command = [sys.executable, "-m", "hivewright", "-C", str(tmp_path), "check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "error[SRC004]: pipe.toml is not a regular file" in done.stderr


def test_the_build_of_a_site_in_the_current_folder_is_no_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path, {"site.toml": BASE, "build/alpha/root/hook.toml": "not = toml ="})
    monkeypatch.chdir(tmp_path)
    sources = read_site(find_project(Path()))
    assert [file.name for file in sources.files] == ["site.toml"]
    assert not sources.diagnostics


# Diagnostics


def load_project(folder: Path, files: dict[str, str]) -> list[tuple[str, str, str]]:
    """Code, message and help of all that loading and the rules find."""
    loaded = load(read_site(find_project(write_files(folder, files))))
    found = [*loaded.diagnostics, *(check_rules(loaded.site) if loaded.site is not None else ())]
    return [(each.code, each.message, each.help) for each in found]


def test_a_moving_vm_with_a_device_of_one_host_is_told_not_to_move(tmp_path: Path) -> None:
    hosts = BASE + '[host.alpha.device.gpu0]\npci = "2/0/0"\n[host.beta]\nfreebsd = "14.3"\n'
    vm = '[vm.web1]\nhosts = ["alpha", "beta"]\nmemory = "1G"\n[vm.web1.passthrough.gpu]\ndevice = "%s"\n'
    assert [code for code, _, _ in load_project(tmp_path / "one", {"a.toml": hosts + vm % "gpu0"})] == ["VM022"]
    assert [code for code, _, _ in load_project(tmp_path / "two", {"a.toml": hosts + vm % "gpu9"})] == ["REF009"]


def test_a_number_in_quotes_beside_a_choice_gets_its_remedy(load_site: LoadSite) -> None:
    (fault,) = load_site(BASE + VM + 'vnc = { port = "5901" }\n').diagnostics
    assert (fault.code, fault.help) == ("KEY006", "write port = 5901, without quotes")


@pytest.mark.parametrize("hook", ["hooks/x.sh/", "hooks/"])
def test_a_hook_is_a_file_and_no_folder(tmp_path: Path, hook: str) -> None:
    files = {"a.toml": BASE + VM + f'hooks.crash = ["{hook}"]\n', "hooks/x.sh": "#!/bin/sh\n"}
    assert [code for code, _, _ in load_project(tmp_path, files)] == ["REF012"]


@pytest.mark.parametrize("text", ["/srv/a\u202eb.iso", "/srv/a\u2028b.iso", "/srv/a\u200bb.iso", "/srv/a\x85b.iso"])
def test_a_path_shows_all_its_characters(load_site: LoadSite, text: str) -> None:
    loaded = load_site(BASE + VM + f"cd.install.path = {json.dumps(text)}\n")
    assert [each.code for each in loaded.diagnostics] == ["KEY004"]


@pytest.mark.parametrize("zone", ["ix0", "br-lan.5"])
def test_a_port_to_wait_for_may_be_at_a_link_local_address(load_site: LoadSite, zone: str) -> None:
    assert not load_site(BASE + VM + f'ready.tcp = "[fe80::1%{zone}]:80"\n').diagnostics


@pytest.mark.parametrize("zone", ["", "a b", "a\\n", "$(id)", "a,b", "a/b"])
def test_a_zone_is_the_name_of_an_interface(load_site: LoadSite, zone: str) -> None:
    loaded = load_site(BASE + VM + f'ready.tcp = "[fe80::1%{zone}]:80"\n')
    assert [each.code for each in loaded.diagnostics] == ["KEY004"]


def test_a_zfs_property_does_not_look_like_an_option(tmp_path: Path) -> None:
    storage = '[storage.fast]\nkind = "zfs"\ndataset = "zroot/vms"\nproperties = { "-o" = "x" }\n'
    assert [code for code, _, _ in load_project(tmp_path, {"a.toml": BASE + storage})] == ["STO010"]


# First-boot data


def test_own_data_that_is_null_adds_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = BASE + VM + 'cloud_init.user_data = "own.yaml"\n'
    write_files(tmp_path, {"site.toml": site, "own.yaml": "#cloud-config\n~\n"})
    assert main(["-C", str(tmp_path), "build"]) == 0, capsys.readouterr().err
    (seed,) = tmp_path.glob("build/alpha/root/usr/local/etc/hivewright/vms/web1/seed/user-data")
    assert seed.read_text().startswith('#cloud-config\nhostname: "web1"\n')


@pytest.mark.parametrize("text", ["1e3", "0o17", "0x1F", "1:30", "12", "1.", "-5", "+.5"])
def test_text_that_some_readers_take_for_a_number_keeps_its_quotes(text: str) -> None:
    assert YamlWriter().write(read_mapping(f'a: "{text}"\n')) == f"a: '{text}'\n"


@pytest.mark.parametrize("text", ["1e3", "0o17", "0x1F", "1:30", "12", "1.", "-5", "yes", "~", "0644"])
def test_what_has_no_quotes_gets_none(text: str) -> None:
    assert YamlWriter().write(read_mapping(f"a: {text}\n")) == f"a: {text}\n"


def test_a_number_without_quotes_may_be_a_key() -> None:
    written = YamlWriter().write(read_mapping("a:\n  1e3: x\n  0o17: y\n"))
    assert yaml.safe_load(written) == {"a": {"1e3": "x", "0o17": "y"}}


# What the administrator is told


@pytest.mark.parametrize(
    ("address", "listens_on"),
    [("0.0.0.0", "0.0.0.0:5900"), ("::", "[::]:5900"), ("192.0.2.1", "192.0.2.1:5900"), ("127.0.0.1", ""), ("::1", "")],
)
def test_vnc_that_is_open_to_others_is_noted(address: str, listens_on: str) -> None:
    notes = plan_of({"vnc": {"address": address}}).notes
    assert [note.partition(" and asks")[0] for note in notes if "VNC" in note] == (
        [f"VNC of web1 listens on {listens_on}"] if listens_on else []
    )


def test_dhcp_of_both_families_is_told_apart() -> None:
    nics = {"lan": {"network": "lan", "ipv4": "dhcp", "ipv6": "dhcp"}, "two": {"network": "lan", "ipv6": "auto"}}
    assert [nic.address for nic in plan_of({"nic": nics}).vms[0].nics] == ["dhcp, IPv6 dhcp", "IPv6 auto"]


def test_a_guest_with_two_nics_in_a_network_has_one_line_to_it() -> None:
    text = inventory(plan_of({"nic": {"a": {"network": "lan"}, "b": {"network": "lan"}}}))
    assert text.count("net_lan --- vm_web1") == 1


def test_a_host_without_guests_says_nothing_of_stopping_them() -> None:
    hosts = {**HOSTS, "beta": {"freebsd": "14.3"}}
    assert "to stop when" not in inventory(plan_of({}, "beta", hosts=hosts))
    assert "to stop when" in inventory(plan_of({}, hosts=hosts))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("# not a heading", "\\# not a heading"),
        ("- no item", "\\- no item"),
        ("1. no item", "1\\. no item"),
        ("12) no item", "12\\) no item"),
        ("===", "\\==="),
        ("    no code", "no code"),
        ("10 apples - and # pears", "10 apples - and # pears"),
    ],
)
def test_a_description_is_a_paragraph(text: str, written: str) -> None:
    assert markdown_paragraph(text).text == written
    assert f"\n\n{written}\n\n" in inventory(plan_of({"description": text}))
