"""What a host says that it has is what was built for it."""

from __future__ import annotations

from hivewright.impact.remote import Installed, read_installed
from host.play import Play
from host.scenario import scenario

ETC = "/usr/local/etc/hivewright"


def installed(play: Play) -> Installed:
    found = read_installed(play.hivectl("_installed").out.encode())
    assert found is not None
    return found


@scenario(everyday=True)
def host_tells_its_files(play: Play) -> None:
    """All of them but what no script names, each whole; nothing of the host changes."""
    play.host.make(f"{ETC}/vms/web1/hooks/prestart/90-left-behind.sh", f"{ETC}/vms/web1/seed/left-behind")
    play.host.make(f"{ETC}/vms/gone1/start", "/usr/local/etc/devd/other.conf")
    before = play.host.state()
    found = installed(play)
    assert play.host.state() == before
    root = play.host.path("/")
    for path, content in found.files.items():
        assert (root / path.removeprefix("root/")).read_bytes() == content, path
    scripts = {path for path in found.files if path.endswith(("/start", "/stop", "/provision"))}
    guests = {path.split("/")[-2] for path in scripts}
    assert len(scripts) == 3 * len(guests)
    assert {"web1", "db1"} <= guests
    assert "gone1" not in guests
    assert {f"root{ETC}/host.conf", "root/usr/local/etc/devd/hivewright.conf"} <= found.files.keys()
    assert not any("left-behind" in path or path.endswith("other.conf") for path in found.files)
    assert found.running == {}


@scenario()
def host_tells_what_runs(play: Play) -> None:
    """With the digest that the guest was started with, whatever is installed by now."""
    play.up("web1")
    start = play.host.path(f"{ETC}/vms/web1/start")
    digest = next(line.split()[2] for line in start.read_text().splitlines() if line.startswith("vm web1 "))
    assert installed(play).running == {"web1": digest}
    start.write_text(start.read_text().replace(digest, "0" * 32))
    assert installed(play).running == {"web1": digest}
    play.down("web1")
    assert installed(play).running == {}
