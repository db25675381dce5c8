"""What a host gets for its networks, without comments."""

from __future__ import annotations

from hivewright.emit.render import render
from hivewright.emit.verify import verify
from hivewright.plan import HostPlan

MAC = "58:9c:fc:0a:1b:2c"
ETC = "root/usr/local/etc/hivewright"
NAT = {"kind": "nat", "ipv4": "10.0.0.1/24", "uplink": "ix0"}


NOTHING = "# Nothing now; the file stays, to replace one that was shipped before."


def files_of(plan: HostPlan) -> dict[str, str]:
    """The fragments without comments; those that say nothing are left out."""
    artifacts = render(plan)
    assert verify(artifacts) == []
    found = {}
    for name in ("pf.conf", "ipfw.rules", "dnsmasq.conf"):
        text = artifacts[f"{ETC}/{name}"].content.decode()
        if NOTHING not in text:
            found[name] = "\n".join(line for line in text.splitlines() if line and not line.startswith("#"))
    return found


def rc_lines(plan: HostPlan) -> dict[str, list[str]]:
    """The lines that services of the system read, without comments; each has one before it. Idle files are left out."""
    found = {}
    for path, artifact in render(plan).items():
        lines = artifact.content.decode().splitlines()
        if "/rc.conf.d/" in path and NOTHING not in lines:
            assert artifact.mode == 0o644
            service = path.split("/")[-2]
            found[service] = [line for line in lines if line and not line.startswith("#")]
            assert all(lines[lines.index(line) - 1].startswith("# ") for line in found[service])
    return found
