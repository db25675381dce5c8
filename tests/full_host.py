"""What the guest of the full house stands on: its host, networks, storages and images."""

from __future__ import annotations

from parts import Keys

HOST: Keys = {
    "cpus": 32,
    "memory": "64G",
    "iommu": "amd",
    "bhyve": "/usr/local/sbin/bhyve-next",
    "device": {"gpu0": {"pci": "2/0/0"}, "gpu0-audio": {"pci": "2/0/1"}, "nvme0": {"pci": "3/0/0"}},
}

NETWORKS: Keys = {
    "lan": {
        "kind": "bridge",
        "uplink": ["ix0", "ix6"],
        "ipv4": ["192.0.2.1/25", "198.51.100.1/24"],
        "ipv6": "2001:db8::1/64",
        "span": "ix5",
    },
    "tagged": {"kind": "bridge", "uplink": ["ix1", "ix7"], "vlan": 40, "mtu": 9000},
    "inner": {"kind": "bridge", "uplink": "none"},
    "dmz": {"kind": "manual", "bridge": "bridge7"},
    "point": {"kind": "routed"},
    "outside": {
        "kind": "nat",
        "ipv4": "10.0.0.1/24",
        "uplink": "ix0",
        "dhcp": {"first": "10.0.0.100", "last": "10.0.0.199"},
    },
    "walled": {
        "kind": "nat",
        "ipv4": "10.0.1.1/24",
        "uplink": "ix0",
        "address": "192.0.2.2",
        "firewall": "ipfw",
        "ipfw_number": 100,
    },
    "switch": {"kind": "vale", "switch": "vale0", "uplink": "ix2"},
    "node": {"kind": "netgraph", "node": "vmsw", "uplink": "ix3"},
    "far": {"kind": "vxlan", "vni": 42, "local": "192.0.2.1", "remote": "239.0.0.42", "device": "ix0", "private": True},
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
    "enrolled": {"url": "https://images.example.net/enrolled.fd", "sha256": "2" * 64},
}
