"""The targets of iSCSI that the site of tests/host/scenarios/iscsi names, as settings of the stand-in host."""

from __future__ import annotations

from .play import Play

TARGET, OPEN = "iqn.2026-01.net.example:vms", "iqn.2026-01.net.example:open"
SECRET = "s3cret-of:the$san"
TARGETS = {
    TARGET: {"portal": "192.0.2.5", "luns": [0, 1, 7], "user": "vms", "secret": SECRET},
    OPEN: {"portal": "[2001:db8::5]:3261", "luns": [0]},
}
PATH = "/usr/local/etc/hivewright/secrets/san"


def secret(play: Play, text: str = SECRET, mode: int = 0o600) -> None:
    """The secret of the first, as the administrator wrote it on the host."""
    path = play.host.path(PATH)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(text + "\n")
    path.chmod(mode)
