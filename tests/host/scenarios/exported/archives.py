"""Archives of guests, as the scenarios and campaigns of exports have them."""

from __future__ import annotations

import shutil
from pathlib import Path

from host.play import Play
from host.sandbox import Host

FILE, SECOND = "/root/web1.tar", "/root/mixed1.tar"


def exported(play: Play, name: str = "web1", file: str = FILE) -> Path:
    """A guest that wrote to its disks is exported while it is off."""
    play.guest(name, {"writes": 1})
    play.up(name)
    play.wait(5)
    play.down(name)
    play.hivectl("export", "-o", file, name)
    return play.host.path(file)


def brought(near: Host, far: Host, file: str) -> None:
    """An archive is copied to another host."""
    shutil.copy(near.path(file), far.path(file))


def contents(host: Host, name: str) -> dict[str, str]:
    """What the volumes of a guest hold."""
    lines = [line.split() for line in host.state() if line.startswith(f"volume zroot/vms/{name}/")]
    return {line[1].rpartition("/")[2]: line[3] for line in lines}
