"""Lowering of guests: what is provisioned, hooks, digests, and guests of several hosts."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from builders import build_site
from hivewright.allocation.allocate import allocate
from hivewright.lower import lower, lower_host
from hivewright.lower.seed.nocloud import SeedWriter
from lowering import DISK, FIRMWARE, NIC, device, plan_of, steps, words_of


def test_images_are_fetched_for_those_that_use_them() -> None:
    vm = {
        "disk": {"root": {**DISK, "image": "golden"}, "spare": {**DISK, "storage": "plain", "image": "golden"}},
        "cd": {"tools": {"image": "tools"}},
        "profile": "debian-13",
    }
    images = {
        "golden": {"url": "https://example.net/golden.raw.xz", "sha256": "a" * 64},
        "tools": {"path": "/srv/tools.iso"},
        "unused": {"path": "/srv/unused.iso"},
    }
    plan = plan_of(vm, images=images)
    assert [(step.verb, *step.words) for step in plan.provision] == [
        ("image", "golden", "https://example.net/golden.raw.xz", f"sha256:{'a' * 64}", "raw"),
        ("image", "tools", "/srv/tools.iso", "none", "raw"),
        ("volume", "root", "zroot/vms/web1/root", "21474836480", "image=golden", "volblocksize=16K", "volmode=dev"),
        ("sparse_file", "spare", "/srv/vms/web1/spare.img", "21474836480", "image=golden"),
        ("variables", f"{FIRMWARE}/BHYVE_UEFI_VARS.fd"),
    ]
    assert device(plan, "cd.tools") == "ahci-cd,/var/cache/hivewright/tools,ro"


def test_a_host_says_where_its_media_folder_is() -> None:
    images = {"golden": {"url": "https://example.net/golden.raw", "sha256": "a" * 64}, "tools": {"path": "/t.iso"}}
    vm = {"disk": {"root": {**DISK, "image": "golden"}}, "cd": {"tools": {"image": "tools"}}}
    plan = plan_of(vm, {"media": "/srv/media"}, images=images)
    assert [step.words[4:] for step in plan.provision if step.verb == "image"] == [("media=/srv/media",), ()]


def test_profiles_bring_the_image_of_the_architecture() -> None:
    plan = plan_of({"disk": {"root": {**DISK, "image": "debian-13"}}, "profile": "debian-13"})
    assert steps(plan, "image")[0][2] == "https://images.example.net/debian.raw.xz"


def test_zfs_properties_of_the_disk_win() -> None:
    storages = {
        "fast": {
            "kind": "zfs",
            "dataset": "zroot/vms",
            "sparse": True,
            "properties": {"volblocksize": "64K", "compression": "zstd"},
        }
    }
    plan = plan_of({"disk": {"root": {**DISK, "properties": {"compression": "off"}}}}, storages=storages)
    where = ("volume", "root", "zroot/vms/web1/root", "21474836480", "sparse")
    assert steps(plan, "volume") == [(*where, "compression=off", "volblocksize=64K", "volmode=dev")]


def test_hooks_are_numbered_as_listed() -> None:
    files = {f"hooks/{letter}.sh": letter.encode() for letter in "abcdefghijk"}
    plan = plan_of({"hooks": {"prestart": ["hooks/b.sh", "hooks/a.sh"], "crash": sorted(files)}}, files=files)
    names = [name for name, _ in plan.hooks]
    assert names == sorted(names)
    assert plan.hooks[-2:] == (("prestart/10-b.sh", b"b"), ("prestart/20-a.sh", b"a"))
    assert names[0] == "crash/010-a.sh"
    assert [content for _, content in plan.hooks[:11]] == [letter.encode() for letter in "abcdefghijk"]
    named = [step.words for step in plan.named_hooks]
    assert [f"{moment}/{name}" for moment, name, _ in named] == names
    assert [digest for *_, digest in named] == [sha256(content).hexdigest() for _, content in plan.hooks]


def test_files_of_the_seed_are_named_with_their_digests_before_it_is_made() -> None:
    plan = plan_of({"cloud_init": {"users": ["alice"]}})
    assert steps(plan, "seed_file") == [("seed_file", name, sha256(each).hexdigest()) for name, each in plan.seed]
    assert [step.verb for step in plan.provision][-len(plan.seed) - 1 :] == [*["seed_file"] * len(plan.seed), "seed"]
    assert not [step for step in plan_of({}).provision if step.verb.startswith("seed")]


BASE: dict[str, Any] = {
    "disk": {"root": DISK},
    "nic": {"lan": NIC},
    "cloud_init": {"users": ["alice"]},
    "hooks": {"prestart": ["hooks/a.sh"]},
}


@pytest.mark.parametrize(
    ("change", "files", "start", "provision"),
    [
        ({}, {}, False, False),
        ({"description": "a web server", "order": 10, "autostart": False}, {}, False, False),
        ({"memory": "2G"}, {}, True, False),
        ({"stop_timeout": "90s", "stop": {"press_every": "30s"}}, {}, False, False),
        ({"after": ["web2"], "ready": {"tcp": "192.0.2.10:80"}, "on_not_ready": "skip"}, {}, False, False),
        ({"hooks": {"prestart": ["hooks/a.sh"], "prestop": ["hooks/a.sh"], "crash": ["hooks/a.sh"]}}, {}, False, False),
        ({"hooks": {"prestart": ["hooks/a.sh"], "poststart": ["hooks/a.sh"]}}, {}, True, False),
        ({"on_crash": "destroy"}, {}, True, False),
        ({"restart_limit": {"count": 4}}, {}, True, False),
        ({"nic": {"lan": {**NIC, "private": True}}}, {}, True, False),
        ({}, {"hooks/a.sh": b"changed"}, True, False),
        ({"disk": {"root": {**DISK, "size": "30G"}}}, {}, True, True),
        ({"uuid": "01234567-89ab-cdef-0123-456789abcdef"}, {}, True, True),
        ({"cloud_init": {"users": ["alice"], "packages": ["nginx"]}}, {}, True, True),
    ],
)
def test_digests_follow_what_they_stand_for(
    change: dict[str, Any], files: dict[str, bytes], start: bool, provision: bool
) -> None:
    users = {"alice": {"ssh_keys": ["ssh-ed25519 AAAA alice"]}}
    before = plan_of(BASE, users=users, files={"hooks/a.sh": b""})
    after = plan_of({**BASE, **change}, users=users, files={"hooks/a.sh": b"", **files})
    assert len(after.digest) == len(after.provision_digest) == 32
    assert (after.digest != before.digest, after.provision_digest != before.provision_digest) == (start, provision)


@pytest.mark.parametrize(
    ("vm", "words", "label"),
    [
        ({"stop_timeout": "90s"}, ("90",), "stop_timeout"),
        ({"stop": {"press_every": "5s"}}, ("60",), "stop_timeout"),
        ({"stop": {"press_every": "0s"}}, ("60", "press_every=0"), "stop_timeout, stop.press_every"),
        ({"stop": {"method": "force", "press_every": "7s"}}, ("0",), "stop.method"),
        ({"stop": {"method": "agent"}}, ("60", "method=agent"), "stop_timeout, stop.method"),
    ],
)
def test_a_stop_says_how_long_it_takes_and_how_often_the_button_is_pressed(
    vm: dict[str, Any], words: tuple[str, ...], label: str
) -> None:
    stop = plan_of(vm).stop
    assert (stop.verb, stop.words, stop.label) == ("stop_within", words, label)


def test_a_guest_of_several_hosts_is_on_each_with_its_home() -> None:
    hosts = {"alpha": {"freebsd": "13.5"}, "beta": {"freebsd": "14.3"}}
    site = build_site({"web1": {"hosts": ["beta", "alpha"]}, "db1": {"host": "beta"}}, hosts=hosts)
    lowered = lower(site, allocate(site, {}))
    assert [(plan.name, [vm.name for vm in plan.vms]) for plan in lowered.plans] == [
        ("alpha", ["web1"]),
        ("beta", ["db1", "web1"]),
    ]
    alpha, beta = lowered.plans[0].vms[0], lowered.plans[1].vms[1]
    assert (alpha.home, alpha.hosts, alpha.host, beta.host) == ("beta", ("beta", "alpha"), "alpha", "beta")
    assert words_of(alpha)[:-1] == words_of(beta)[:-1]
    assert lower_host(site, allocate(site, {}), "beta", SeedWriter()).plans == lowered.plans[1:]


def test_a_start_asks_other_hosts_where_nothing_says_whose_the_guest_is() -> None:
    """Where a disk lies in no pool or directory of ours, or there is none, nothing says who owns the guest."""

    def asked(disks: dict[str, Any], **keys: object) -> list[tuple[str, ...]]:
        hosts = {name: {"freebsd": "14.3"} for name in ("alpha", "beta", "gamma")}
        site = build_site({"web1": {"hosts": ["beta", "alpha", "gamma"], "disk": disks, **keys}}, hosts=hosts)
        (plan,) = lower(site, allocate(site, {})).plans[0].vms
        return [(step.verb, *step.words) for step in plan.prepare if step.verb in ("owner", "rival", "replica")]

    given = {"path": "/dev/ada7"}
    assert asked({"root": DISK}) == [("owner", "beta", "zroot/vms/web1")]
    assert asked({"root": given}) == [("owner", "beta"), ("rival", "beta"), ("rival", "gamma")]
    assert asked({"root": DISK, "data": given})[1:] == [("rival", "beta"), ("rival", "gamma")]
    assert asked({"root": {**given, "readonly": True}}) == asked({}) == asked({"root": given})
    assert asked({"root": given}, owner_check=False) == asked({}, owner_check=False) == []


def test_the_order_of_tables_does_not_matter_once_numbers_are_in_the_lock() -> None:
    vm = {**BASE, "disk": {"b": DISK, "a": DISK}, "nic": {"wan": NIC, "lan": NIC}, "pin": {"0": "1"}, "rng": True}
    turned = {key: dict(reversed(value.items())) if isinstance(value, dict) else value for key, value in vm.items()}
    tables: dict[str, Any] = {"users": {"alice": {}}, "files": {"hooks/a.sh": b""}}
    first = build_site({"web1": vm}, **tables)
    locks = allocate(first, {}).locks
    later = build_site({"web1": dict(reversed(turned.items()))}, **tables)
    assert lower(later, allocate(later, locks)).plans == lower(first, allocate(first, locks)).plans
