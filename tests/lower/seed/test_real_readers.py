"""Seeds read by the real cloud-init, and made into an image by the real makefs."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from hivewright.allocation.allocate import allocate
from hivewright.lower import lower
from hivewright.site.load import load
from hivewright.source import find_project, read_site
from hivewright.values.ignition import faults_of
from iso9660 import files_of, label_of, names_of
from projects import CHECKOUT
from seeds import STATIC, seed
from site_keys import PROJECTS

pytestmark = pytest.mark.slow

SEED_SUBR = CHECKOUT / "templates/runtime/usr/local/libexec/hivewright/storage/seed.subr"


def cloud_init_schema(path: Path) -> tuple[int, str]:
    result = subprocess.run(
        ["cloud-init", "schema", "--config-file", str(path)], capture_output=True, text=True, check=False
    )
    return result.returncode, result.stdout + result.stderr


def test_cloud_init_finds_user_data_valid(tmp_path: Path) -> None:
    cloud_init = {"users": ["alice", "bob"], "packages": ["nginx"], "user_data": "files/web1.yaml"}
    own = b"#cloud-config\nruncmd:\n- [ls, -l]\nwrite_files:\n- path: /x\n  permissions: '0644'\n  content: |\n    a\n"
    text = seed(cloud_init, files={"files/web1.yaml": own}, table={"domain": "example.net"})["user-data"]
    path = tmp_path / "user-data"
    path.write_text(text)
    status, output = cloud_init_schema(path)
    assert status == 0, output
    assert "eprecat" not in output
    path.write_text(text.replace("lock_passwd: true", "lock_passwd: 3"))
    assert cloud_init_schema(path)[0] != 0


READ_NETWORK = """
import json, sys, yaml
from unittest import mock
from cloudinit.net import network_state
names = {"58:9c:fc:00:00:01": "enp0s4"}
with mock.patch.multiple(
    network_state, get_interfaces_by_mac=lambda: names, find_interface_name_from_mac=names.__getitem__
):
    state = network_state.parse_net_config_data(yaml.safe_load(sys.stdin.read()), skip_broken=False)
(interface,) = [each for each in state.iter_interfaces() if each["name"] != "lo"]
subnets = [[each["type"], each.get("address"), each.get("prefix")] for each in interface["subnets"]]
routes = [[each["network"], each["gateway"]] for each in [*state.iter_routes(), *sum(
    (each.get("routes", []) for each in interface["subnets"]), [])]]
json.dump([interface["name"], subnets, sorted(map(list, {tuple(route) for route in routes}))], sys.stdout)
"""


def python_of_cloud_init() -> str:
    """The interpreter that has its modules."""
    program = shutil.which("cloud-init")
    assert program is not None
    return Path(program).read_text().splitlines()[0].removeprefix("#!").strip()


@pytest.mark.parametrize("reader", ["cloud-init", "nuageinit-15.0"])
def test_cloud_init_understands_network_config(reader: str) -> None:
    text = seed({"reader": reader}, nic={"lan": STATIC})["network-config"]
    command = [python_of_cloud_init(), "-c", READ_NETWORK]
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    name, subnets, routes = json.loads(result.stdout)
    assert name == "enp0s4"
    assert subnets == [["static", "192.0.2.10", 24], ["static", "2001:db8::10", 64]]
    if reader == "cloud-init":
        assert routes == [["0.0.0.0", "192.0.2.1"], ["::", "2001:db8::1"]]


def test_cloud_init_understands_several_addresses_and_routes() -> None:
    nic = {
        **STATIC,
        "ipv4": ["192.0.2.10/24", "203.0.113.9/32"],
        "gateway4": "198.51.100.1",
        "gateway6": "fe80::1",
        "on_link": True,
        "routes": [{"to": "10.0.0.0/8", "via": "192.0.2.254"}, {"to": "2001:db8:1::/48", "via": "2001:db8::2"}],
    }
    text = seed(nic={"lan": nic})["network-config"]
    command = [python_of_cloud_init(), "-c", READ_NETWORK]
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    _, subnets, routes = json.loads(result.stdout)
    assert subnets == [["static", "192.0.2.10", 24], ["static", "203.0.113.9", 32], ["static", "2001:db8::10", 64]]
    assert routes == [
        ["0.0.0.0", "198.51.100.1"],
        ["10.0.0.0", "192.0.2.254"],
        ["2001:db8:1::", "2001:db8::2"],
        ["::", "fe80::1"],
    ]


def image_of(files: Mapping[str, bytes], folder: Path) -> bytes:
    """The image that the runtime makes of a seed (provision.subr)."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    image = folder.with_suffix(".iso")
    command = ["makefs", "-t", "cd9660", "-o", "rockridge,label=cidata", str(image), str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return image.read_bytes()


def test_windows_finds_the_files_of_a_config_drive(tmp_path: Path) -> None:
    """By the names of ISO 9660, without those of Rock Ridge, as the runtime makes it."""
    lines = SEED_SUBR.read_text().split("pack_config_drive() {", 1)[1].split("\n}", 1)[0]
    folder = tmp_path / "seed.new"
    folder.mkdir()
    files = seed({"reader": "cloudbase-init", "users": ["alice"]}, nic={"lan": STATIC})
    for name, content in files.items():
        (folder / name).write_text(content)
    script = f"db={tmp_path}\nmake() {{{lines}\n}}\nmake"
    subprocess.run(["/bin/sh", "-eu", "-c", script], check=True)
    image = (tmp_path / "seed.iso.new").read_bytes()
    assert label_of(image) == "CONFIG-2"
    assert names_of(image) == ["OPENSTACK", "LATEST", "META_DATA.JSON;1", "NETWORK_DATA.JSON;1", "USER_DATA;1"]


def test_windows_finds_the_answers_of_its_setup(tmp_path: Path) -> None:
    files = {"autounattend.xml": b"<x/>", "setupcomplete.cmd": b"@echo off"}
    assert names_of(image_of(files, tmp_path / "seed")) == ["AUTOUNATTEND.XML;1", "SETUPCOMPLETE.CMD;1"]


def test_makefs_makes_the_image(tmp_path: Path) -> None:
    files = {name: text.encode() for name, text in seed({"users": ["alice"]}, nic={"lan": STATIC}).items()}
    image = image_of(files, tmp_path / "seed")
    assert label_of(image).lower() == "cidata"
    assert files_of(image) == files


READ_SEEDS = """
import json, sys
from pathlib import Path
from unittest import mock
from cloudinit import helpers, stages, util
from cloudinit.config.schema import get_schema, validate_cloudconfig_schema
from cloudinit.distros.debian import Distro
from cloudinit.event import EventScope, EventType
from cloudinit.sources import DataSourceNoCloud
found = {}
for folder in sorted(Path(sys.argv[1]).iterdir()):
    paths = helpers.Paths({"cloud_dir": str(folder), "run_dir": str(folder)})
    settings = {"datasource": {"NoCloud": {"fs_label": None}}}
    source = DataSourceNoCloud.DataSourceNoCloud(settings, Distro("x", {}, paths), paths)
    with mock.patch.object(DataSourceNoCloud.dmi, "read_dmi_data", return_value=None):
        assert source.get_data(), folder
    config = util.load_yaml(source.get_userdata_raw())
    if config.get("users") == []:  # for nuageinit; the schema of cloud-init wants one entry at least
        del config["users"]
    validate_cloudconfig_schema(config, schema=get_schema(), strict=True)
    each_boot = stages.update_event_enabled(source, config, EventType.BOOT, EventScope.NETWORK)
    network = source.network_config and source.network_config.get("ethernets")
    found[folder.name] = [source.get_instance_id(), source.get_hostname()[0], network, each_boot]
json.dump(found, sys.stdout)
"""


def seeds_of_all_sites() -> dict[str, tuple[tuple[str, bytes], ...]]:
    """Each seed of the example and of the sites of the tests, by site, host and guest."""
    found = {}
    for project in PROJECTS:
        site = load(read_site(find_project(project))).site
        assert site is not None
        for plan in lower(site, allocate(site, {})).plans:
            found.update({f"{project.name}.{plan.name}.{vm.name}": vm.seed for vm in plan.vms if vm.seed})
    return found


def test_every_config_for_ignition_of_every_site_is_valid() -> None:
    seeds = [dict(seed) for seed in seeds_of_all_sites().values()]
    configs = [json.loads(seed["config.ign"]) for seed in seeds if "config.ign" in seed]
    assert len(configs) >= 4
    assert [fault for config in configs for fault in faults_of(config)] == []


@pytest.mark.slow
def test_cloud_init_reads_every_seed_of_every_site_from_its_image(tmp_path: Path) -> None:
    seeds = {name: seed for name, seed in seeds_of_all_sites().items() if "user-data" in dict(seed)}
    assert len(seeds) > 30
    for name, files in seeds.items():
        image = image_of(dict(files), tmp_path / name)
        nocloud = tmp_path / "read" / name / "seed" / "nocloud"
        nocloud.mkdir(parents=True)
        for file, content in files_of(image).items():
            (nocloud / file).write_bytes(content)
    command = [python_of_cloud_init(), "-c", READ_SEEDS, str(tmp_path / "read")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found.keys() == seeds.keys()
    for name, (identity, hostname, network, each_boot) in found.items():
        written = dict(seeds[name])
        meta = yaml.safe_load(written["meta-data"])
        assert (identity, hostname) == (meta["instance-id"], meta["local-hostname"].partition(".")[0])
        told = yaml.safe_load(written["network-config"])["ethernets"] if "network-config" in written else None
        assert network == told
        assert each_boot == (b"\nupdates:" in written["user-data"])
