"""Rules about disks: who may have which, and their sizes."""

from __future__ import annotations

import pytest

from builders import build_site
from rule_checks import Keys, codes, found, two

ROOT = {"storage": "fast", "size": "20G"}


def test_readers_may_share_a_path() -> None:
    disk = {"disk": {"data": {"path": "/dev/da1", "readonly": True}}}
    assert codes(two(disk, disk)) == []


def test_the_writer_is_named() -> None:
    reader = {"disk": {"data": {"path": "/dev/da1", "readonly": True}}}
    writer = {"disk": {"data": {"path": "/dev/da1"}}}
    assert "and web1 writes" in found(two(writer, reader), "STO009").message
    assert "and web2 writes" in found(two(reader, writer), "STO009").message


@pytest.mark.parametrize(
    ("words", "conflicts"),
    [
        ("-s 20,virtio-blk,/dev/da1", True),
        ("-s 20,virtio-blk,/dev/da1,ro", True),
        ("-s 20,ahci,cd:/x.iso,hd:/dev/da1", True),
        ("-s 20,nvme,/dev/da1p2", True),
        ("-s 20,ahci-cd,/dev/da10", False),
        ("-s 20,virtio-9p,share=/dev/da1", False),
        ("-o pci.0.20.0.device=virtio-blk -o pci.0.20.0.path=/dev/da1", True),
    ],
)
def test_extra_args_name_disks(words: str, conflicts: bool) -> None:
    site = two({"disk": {"data": {"path": "/dev/da1"}}}, {"extra_args": words.split()})
    assert [code for code in codes(site) if code == "STO009"] == ["STO009"] * conflicts


def test_extra_args_may_read_what_others_read() -> None:
    reader = {"disk": {"data": {"path": "/dev/da1", "readonly": True}}}
    for words, conflicts in (("-s 20,ahci-cd,/dev/da1", False), ("-s 20,nvme,/dev/da1,ro", False)):
        assert ("STO009" in codes(two(reader, {"extra_args": words.split()}))) == conflicts
    both = {"extra_args": ["-o", "pci.0.20.0.path=/dev/da1", "-o", "pci.0.20.0.ro=true"]}
    assert "STO009" not in codes(two(both, both))


def test_paths_of_different_hosts_are_different_files() -> None:
    hosts = {name: {"freebsd": "14.3"} for name in ("alpha", "beta")}
    disk = {"disk": {"data": {"path": "/dev/da1"}}}
    assert codes(two({"host": "alpha", **disk}, {"host": "beta", **disk}, hosts=hosts)) == []


@pytest.mark.parametrize(
    ("size", "release", "properties", "expected"),
    [
        ("8201K", "13.5", {}, ["STO005"]),
        ("8201K", "14.0", {"volblocksize": "8k"}, ["STO005"]),
        ("8201K", "14.0", {"volblocksize": "512"}, []),
        ("10008K", "13.5", {}, ["STO005"]),
        ("10008K", "14.0", {}, ["STO005"]),
        ("10008K", "14.0", {"volblocksize": "8192"}, []),
    ],
)
def test_size_is_a_multiple_of_the_block(size: str, release: str, properties: Keys, expected: list[str]) -> None:
    disk = {"storage": "fast", "size": size, "properties": properties}
    assert codes(build_site({"web1": {"disk": {"root": disk}}}, hosts={"alpha": {"freebsd": release}})) == expected


@pytest.mark.parametrize("value", ["", "0", "K", "16KB", "12K", "256K", "-16K", "१६K"])
def test_a_bad_block_size_is_reported_and_does_not_spread(value: str) -> None:
    storages = {"fast": {"kind": "zfs", "dataset": "zroot/vms", "properties": {"volblocksize": value}}}
    assert set(codes(build_site({"web1": {"disk": {"root": ROOT}}}, storages=storages))) <= {"STO010", "STO012"}
    assert len(codes(build_site({"web1": {"disk": {"root": ROOT}}}, storages=storages))) == 1
