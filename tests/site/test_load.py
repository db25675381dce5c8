"""From TOML to a site: what adds up, what is refused, and that order never matters."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from conftest import BASE, Files, LoadSite
from hivewright.diagnostics import Place
from hivewright.model.roots import ROOTS
from hivewright.model.vm import Vm
from hivewright.site.keys import homes_of, keys_of
from hivewright.site.load import Loaded, load
from hivewright.site.model_errors import PATTERNS
from hivewright.source import Project, SourceFile, Sources, find_project, read_site
from projects import CHECKOUT

EXAMPLE = CHECKOUT / "site"
VM = '[vm.web1]\nhost = "alpha"\nmemory = "1G"\n'


def codes(loaded: Loaded) -> list[str]:
    return sorted(each.code for each in loaded.diagnostics)


def test_tables_of_all_files_add_up(load_site: LoadSite) -> None:
    loaded = load_site({"site.toml": BASE, "vms/a.toml": VM, "vms/b.toml": VM.replace("web1", "db1")})
    assert loaded.site is not None
    assert list(loaded.site.vms) == ["db1", "web1"]
    assert loaded.site.homes["vm", "web1"] == "vms/a.toml"
    assert loaded.site.homes["site",] == "site.toml"


def test_all_faults_of_a_site_are_reported_at_once(load_site: LoadSite) -> None:
    loaded = load_site(
        BASE
        + '[network.lan]\nkind = "brigde"\n[vm.web1]\nhost = "beta"\nmemory = 4\nmemry = 1\n'
        + 'inherit = ["nothing"]\nprofile = "nothing"\ncpus = 0\nautostart = "yes"\n'
        + 'nic.lan.network = "lam"\n[vms.x]\n'
    )
    assert loaded.site is None
    assert codes(loaded) == [
        *("KEY001", "KEY001", "KEY003", "KEY003", "KEY005", "KEY006"),
        *("REF001", "REF002", "REF003", "REF005"),
    ]


def test_fault_of_a_lower_layer_is_reported_once(load_site: LoadSite) -> None:
    vms = "".join(f'[vm.v{number}]\nhost = "alpha"\ninherit = ["small"]\n' for number in range(20))
    loaded = load_site(BASE + '[defaults]\nmemory = 1\n[template.small]\ncpus = "x"\n' + vms)
    assert [each.place for each in loaded.diagnostics] == [
        Place("site.toml", ("defaults", "memory")),
        Place("site.toml", ("template", "small", "cpus")),
    ]


def test_fault_of_a_template_that_nobody_uses_is_reported(load_site: LoadSite) -> None:
    assert codes(load_site(BASE + "[template.small]\ncpus = 0\n")) == ["KEY005"]


def test_template_may_lack_what_a_vm_needs(load_site: LoadSite) -> None:
    assert codes(load_site(BASE + "[template.small]\ncpus = 1\nnic.lan.model = 'e1000'\n")) == []


def test_fault_in_defaults_that_every_vm_overrides_is_reported(load_site: LoadSite) -> None:
    assert codes(load_site(BASE + "[defaults]\nmemory = 1\n" + VM)) == ["KEY003"]


def test_missing_key_is_placed_at_the_strongest_layer(load_site: LoadSite) -> None:
    loaded = load_site(
        BASE + "[template.t]\nshare.data.readonly = true\n" + VM + 'inherit = ["t"]\n[vm.web1.share.data]\ntag = "x"\n'
    )
    (fault,) = loaded.diagnostics
    assert (fault.code, fault.place) == ("KEY002", Place("site.toml", ("vm", "web1", "share", "data"), "table"))


def test_host_override_replaces_keys_of_the_network(load_site: LoadSite) -> None:
    loaded = load_site(
        BASE + '[network.lan]\nkind = "bridge"\nmtu = 9000\n[host.beta]\nfreebsd = "14.3"\n'
        '[host.beta.network.lan]\nuplink = "ix0"\n'
    )
    assert loaded.site is not None
    beta = loaded.site.host_networks["beta", "lan"]
    assert beta.kind == "bridge"
    assert (beta.uplink, beta.mtu) == (("ix0",), 9000)
    assert loaded.site.host_networks["alpha", "lan"] is loaded.site.networks["lan"]


def test_host_override_may_change_the_kind(load_site: LoadSite) -> None:
    loaded = load_site(
        BASE + '[network.lan]\nkind = "bridge"\nuplink = "ix0"\nmtu = 9000\n'
        '[host.alpha.network.lan]\nkind = "manual"\nbridge = "bridge7"\n'
    )
    assert loaded.site is not None
    assert loaded.site.host_networks["alpha", "lan"].model_dump() == {
        "kind": "manual", "hosts": (), "bridge": "bridge7", "mtu": 9000, "private": False
    }  # fmt: skip


def test_fault_of_an_override_is_placed_at_the_override(load_site: LoadSite) -> None:
    loaded = load_site(BASE + '[network.lan]\nkind = "bridge"\n[host.alpha.network.lan]\nmtu = 1\n')
    (fault,) = loaded.diagnostics
    assert (fault.code, fault.place) == ("KEY005", Place("site.toml", ("host", "alpha", "network", "lan", "mtu")))


def test_fault_of_a_network_is_not_repeated_by_its_overrides(load_site: LoadSite) -> None:
    loaded = load_site(
        BASE + '[network.lan]\nkind = "manual"\nmtu = 1\n[host.alpha.network.lan]\nmtu = 1500\n'
        '[host.beta]\nfreebsd = "14.3"\nnetwork.lan.mtu = "x"\n'
    )
    assert codes(loaded) == ["KEY002", "KEY003", "KEY005"]


def test_network_is_absent_on_hosts_it_does_not_list(load_site: LoadSite) -> None:
    loaded = load_site(BASE + '[host.beta]\nfreebsd = "14.3"\n[network.lan]\nkind = "bridge"\nhosts = ["beta"]\n')
    assert loaded.site is not None
    assert list(loaded.site.host_networks) == [("beta", "lan")]


def test_files_that_vms_name_are_read(load_site: LoadSite) -> None:
    files: Files = {
        "site.toml": BASE + VM + 'hooks.prestart = ["hooks/a.sh"]\ncloud_init.user_data = "u.yaml"\n',
        "hooks/a.sh": "#!/bin/sh\n",
        "u.yaml": b"#cloud-config\n",
        "not-named.sh": "",
    }
    loaded = load_site(files)
    assert loaded.site is not None
    assert loaded.site.files == {"hooks/a.sh": b"#!/bin/sh\n", "u.yaml": b"#cloud-config\n"}


def test_image_of_a_profile_is_known_though_no_vm_has_that_profile(load_site: LoadSite, tmp_path: Path) -> None:
    profile = tmp_path / "profiles" / "linux" / "tiny-1.0.toml"
    profile.parent.mkdir(parents=True)
    profile.write_text('os = "linux"\ndescription = "Tiny"\n[image.amd64]\npath = "/srv/tiny.raw"\n')
    disk = '[storage.plain]\nkind = "directory"\npath = "/srv/vms"\n[vm.web1.disk.root]\nstorage = "plain"\n'
    loaded = load_site(BASE + VM + disk + 'size = "1G"\nimage = "tiny-1.0"\n')
    assert loaded.diagnostics == ()
    assert loaded.site is not None
    assert loaded.site.image("tiny-1.0", "amd64") is not None


def shuffled(values: Any, generator: random.Random) -> Any:
    if not isinstance(values, dict):
        return values
    keys = list(values)
    generator.shuffle(keys)
    return {key: shuffled(values[key], generator) for key in keys}


def in_order(values: Any) -> Any:
    """Mappings as lists of pairs, so that a different order is a difference."""
    if isinstance(values, BaseModel):
        return in_order(dict(values))
    if isinstance(values, dict):
        return [(key, in_order(value)) for key, value in values.items()]
    return values


def test_order_of_tables_keys_and_files_never_matters() -> None:
    sources = read_site(find_project(EXAMPLE.parent))
    expected = load(sources).site
    assert expected is not None
    generator = random.Random(1)
    for _ in range(5):
        files = [SourceFile(file.name, file.text, shuffled(file.values, generator)) for file in sources.files]
        generator.shuffle(files)
        found = load(Sources(sources.project, tuple(files))).site
        assert found is not None
        for name in ("hosts", "networks", "storages", "images", "users", "profiles", "vms", "host_networks"):
            assert in_order(getattr(found, name)) == in_order(getattr(expected, name))
        assert found.files == expected.files


def test_order_of_files_does_not_change_diagnostics(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path, tmp_path / "build", ())
    files = [
        SourceFile("a.toml", "", {"vm": {"x": {"memry": 1}, "y": {}}, "site": {"name": "A"}}),
        SourceFile("b.toml", "", {"vm": {"z": 3}, "hots": {}}),
    ]
    forward, backward = (set(load(Sources(project, tuple(order))).diagnostics) for order in (files, files[::-1]))
    assert forward == backward
    assert len(forward) == 5


def fields(model: type[BaseModel]) -> Iterator[Any]:
    for field in model.model_fields.values():
        yield field
        yield from (inner for found in annotated(field.annotation) for inner in fields(found))


def annotated(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from annotated(inner)


def patterns(part: Any) -> Iterator[str]:
    for constraint in getattr(part, "metadata", ()):
        pattern = getattr(constraint, "pattern", None)
        if isinstance(pattern, str):
            yield pattern
        yield from patterns(constraint)
    for inner in get_args(getattr(part, "annotation", part)):
        yield from patterns(inner)


def test_every_pattern_of_the_models_has_a_sentence() -> None:
    models = {model for root in ROOTS.values() for model in root.models}
    used = {pattern for model in models for field in fields(model) for pattern in patterns(field)}
    assert used <= PATTERNS.keys()
    assert len(used) >= 3


def test_keys_of_inner_tables_are_known() -> None:
    assert "bus" in keys_of(Vm, ("disk", "anything"))
    assert "cores" in keys_of(Vm, ("topology",))
    assert keys_of(Vm, ("nothing",)) == []
    assert homes_of("mtu") == ["[network.NAME]", "[vm.NAME.nic.NAME]"]


@pytest.mark.parametrize(
    ("line", "code", "message", "remedy"),
    [
        ('cpus = "2"', "KEY003", '"cpus" must be a whole number, not text', "write cpus = 2, without quotes"),
        ("cpus = 2.5", "KEY003", '"cpus" must be a whole number, not a decimal number', "cpus: Number of vCPUs."),
        ("cpus = true", "KEY003", '"cpus" must be a whole number, not true', "cpus: Number of vCPUs."),
        (
            "description = 5",
            "KEY003",
            '"description" must be text in quotes, not a whole number',
            'write description = "5"',
        ),
        (
            "autostart = 1",
            "KEY003",
            '"autostart" must be true or false, not a whole number',
            "write autostart = true, without quotes",
        ),
        ("after = 'db1'", "KEY003", '"after" must be an array, not text', 'write after = ["db1"]'),
        (
            "disk = 3",
            "KEY003",
            '"disk" must be a table, not a whole number',
            "write it as a table: [vm.web1.disk.NAME]",
        ),
        ("hooks = 3", "KEY003", '"hooks" must be a table, not a whole number', "write it as a table: [vm.web1.hooks]"),
        (
            "uuid = 1979-05-27",
            "KEY003",
            '"uuid" must be text in quotes, not a date or time',
            "uuid: SMBIOS UUID; derived from the names and kept in the lock if absent.",
        ),
        ("vnc = { port = 0 }", "KEY005", '"port" must be at least 1, not 0', ""),
        (
            "vnc = { port = 'x' }",
            "KEY006",
            '"port" must be "auto" or a whole number, not "x"',
            'port: A port, or "auto": taken from the lock.',
        ),
        ("vnc = { slot = 77 }", "KEY004", '"slot": the bus is 0 to 255, the slot 0 to 31, the function 0 to 7', ""),
        ("topology = { cores = 0 }", "KEY005", '"cores" must be at least 1, not 0', ""),
        ("topology = { core = 1 }", "KEY001", 'unknown key "core" in [vm.web1.topology]', 'did you mean "cores"?'),
        (
            "on_crash = 'Restart'",
            "KEY006",
            '"on_crash" must be one of "destroy", "restart", "preserve" or "rename-restart", not "Restart"',
            'did you mean "restart"?',
        ),
    ],
)
def test_wording(load_site: LoadSite, line: str, code: str, message: str, remedy: str) -> None:
    (fault,) = load_site(BASE + VM + line + "\n").diagnostics
    assert (fault.code, fault.message, fault.help) == (code, message, remedy)
