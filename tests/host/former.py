"""What a host has of a guest that the site calls otherwise by now: store1 is shop1 in the scenarios of renaming."""

from __future__ import annotations

from .sandbox import Host

OLD, NEW = "store1", "shop1"
UUID = "01234567-1111-4def-8123-456789abcdef"
FORGET = (
    f"zfs destroy -r zroot/vms/{OLD} 2>/dev/null; zfs destroy -r zroot/vms/{NEW} 2>/dev/null;"
    f"rm -rf /srv/vms /var/db/hivewright/* /var/log/hivewright/* /var/run/hivewright/{OLD}; true"
)
MAKE = (
    f"zfs create -p -o volmode=dev zroot/vms/{OLD}",
    f"zfs create -V 512M -o hivewright:guest={UUID} -o example:mark=old zroot/vms/{OLD}/root",
    f"mkdir -p /srv/vms/{OLD} /var/db/hivewright/{OLD}/tpm /var/log/hivewright",
    f"echo old >/srv/vms/{OLD}/papers.img; truncate -s 1M /srv/vms/{OLD}/papers.img",
    f"cd /var/db/hivewright/{OLD}; echo {UUID} >guest; echo old >vars.fd; echo old >tpm/state; echo 0 >provisioned",
    f"echo root zroot/vms/{OLD}/root >disks; echo papers /srv/vms/{OLD}/papers.img >>disks",
    f"echo old >/var/log/hivewright/{OLD}.log; cd /",
)
"""Lines of sh that make it, where nothing is."""


def lost(host: Host) -> list[str]:
    """What of it the guest has not got under its present name, or got anew."""
    files = (
        f"/srv/vms/{NEW}/papers.img",
        f"/var/db/hivewright/{NEW}/vars.fd",
        f"/var/db/hivewright/{NEW}/tpm/state",
    )
    paths = [host.path(file) for file in files]
    wrong = [str(path) for path in paths if not path.exists() or not path.read_text().startswith("old")]
    mark = host.run("/sbin/zfs", "get", "-H", "-o", "value", "example:mark", f"zroot/vms/{NEW}/root").out.strip()
    if mark != "old":
        wrong.append(f"zroot/vms/{NEW}/root: {mark}")
    logs = (f"/var/log/hivewright/{NEW}.log.0", f"/var/log/hivewright/{OLD}.log")
    if not any(host.path(log).exists() for log in logs):
        wrong.append(f"neither of {logs}")
    there = (f"/var/db/hivewright/{OLD}", f"/srv/vms/{OLD}")
    wrong += [f"{path} is still there" for path in there if host.path(path).exists()]
    rows = host.run("/usr/local/sbin/hivectl", "disk", "list", NEW).out.splitlines()[1:]
    return wrong + [row for row in rows if "defined" not in row]
