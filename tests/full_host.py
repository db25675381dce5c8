"""What the guest of the full house stands on: its host, storages and images."""

from __future__ import annotations

from parts import Keys

HOST: Keys = {
    "cpus": 32,
    "memory": "64G",
    "iommu": "amd",
    "bhyve": "/usr/local/sbin/bhyve-next",
    "device": {"gpu0": {"pci": "2/0/0"}, "gpu0-audio": {"pci": "2/0/1"}, "nvme0": {"pci": "3/0/0"}},
}

STORAGES: Keys = {
    "fast": {
        "kind": "zfs",
        "dataset": "zroot/vms",
        "sparse": True,
        "properties": {"compression": "lz4"},
        "dataset_properties": {"quota": "500G", "org.example:note": "it's all of it"},
    },
    "plain": {"kind": "directory", "path": "/srv/vms"},
}

IMAGES: Keys = {
    "golden": {"url": "https://images.example.net/golden.raw.xz", "sha256": "0" * 64},
    "packed": {
        "url": "https://images.example.net/packed.qcow2.zip",
        "mirrors": ["http://mirror.example.net/packed.qcow2.zip"],
        "file": "packed-1.qcow2.zip",
        "size": 1048576,
        "checksums": {"url": "https://images.example.net/SHA512SUMS", "digest": "sha512"},
        "format": "qcow2",
        "member": "disks/packed.qcow2",
        "min_size": "1G",
    },
    "install": {"path": "/srv/iso/install.iso"},
}
