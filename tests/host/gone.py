"""What a host has of a guest that left the site: web1 in the scenarios of removed guests."""

from __future__ import annotations

from .sandbox import Host

VM = "web1"
FORGET = (
    "cp -Rn /usr/local/etc/hivewright/vms/web1 /tmp/web1 2>/dev/null; rm -rf /usr/local/etc/hivewright/vms/web1;"
    "cp -R /tmp/web1 /usr/local/etc/hivewright/vms/web1; zfs destroy -r zroot/vms/web1 2>/dev/null;"
    "cd /usr/local/etc/hivewright; grep -v '^vm web1 ' host.conf >/tmp/conf; cp /tmp/conf host.conf; cd /;"
    "rm -rf /srv/vms /var/db/hivewright/web1 /var/log/hivewright/web1.log*; true"
)
MAKE = (
    "zfs create -p -o volmode=dev zroot/vms/web1",
    "zfs create -V 512M zroot/vms/web1/root; zfs snapshot zroot/vms/web1/root@one",
    "zfs create -V 512M zroot/vms/web1/data",
    "zfs create -p -V 512M zroot/vms/db1/root 2>/dev/null || true",
    "mkdir -p /srv/vms/web1 /var/db/hivewright/web1/tpm /var/log/hivewright; truncate -s 1M /srv/vms/web1/papers.img",
    "cd /var/db/hivewright/web1; echo x >vars.fd; echo x >tpm/state; echo data zroot/vms/web1/data >disks",
    "echo papers /srv/vms/web1/papers.img >>disks; echo root zroot/vms/web1/root >>disks; cd /",
    "echo x >/var/log/hivewright/web1.log; echo x >/var/log/hivewright/web1.log.0",
)
"""Lines of sh that make it, where nothing is."""


def left(host: Host) -> list[str]:
    """What is still there of it, and what is not there any more of another guest."""
    found = [line for line in host.state() if line.startswith(("volume", "snapshot")) and "/web1" in line]
    places = ("/srv/vms", "/var/db/hivewright", "/var/log/hivewright", "/usr/local/etc/hivewright/vms")
    found += [str(path) for place in places for path in host.path(place).glob("web1*")]
    others = [line for line in host.state() if line.startswith("volume zroot/vms/db1/root")]
    return found + ([] if others else ["db1/root is gone"])
