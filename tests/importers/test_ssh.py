"""``hivewright import KIND --ssh HOST``: the same guests from a host that runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
import tomli

from hivewright import cli
from libvirt_domains import DISK, EFI, NETWORK, NIC, POOL, VNC, VOLUME, domain
from remote_hosts import reach

pytestmark = pytest.mark.needs("bwrap")

VIRSH = """\
#!/bin/sh
# What virsh(1) answers; like other programs it may read what is on its input.
cat >/dev/null
cd /srv/libvirt || exit 1
shift # -q
case "$*" in
*--autostart) echo web ;;
*list\\ --all\\ --name) ls "./${1%list}" | sed -n -e 's/\\.xml$//p'; echo ;;
*dumpxml*)
	kind=${1%dumpxml}
	for name do :; done
	cat "./$kind/$name.xml"
	;;
esac
"""
ZFS = '#!/bin/sh\n[ "$*" = "get -H -o value mountpoint zroot/vm" ] && echo /vm\n'
GUEST = 'loader="uefi"\ncpu=1\nmemory=1G\ndisk0_type="virtio-blk"\ndisk0_name="disk0.img"\n'


class Remote(NamedTuple):
    """A host, what is asked of it, and a guest that it has."""

    files: Mapping[str, str]
    programs: Mapping[str, str]
    words: tuple[str, ...]
    disk: str
    starts: bool = True


REMOTES = {
    "vm-bhyve": Remote(
        {
            "/etc/rc.conf": 'vm_enable="YES"\nvm_dir="zfs:zroot/vm"\nvm_list="web"\n',
            "/vm/.config/system.conf": 'switch_list="public"\ntype_public="standard"\n',
            "/vm/web/web.conf": GUEST,
            "/vm/web/disk0.img": "x" * (2 << 20),
        },
        {"zfs": ZFS},
        (),
        "/vm/web/disk0.img",
    ),
    "libvirt": Remote(
        {
            "/srv/libvirt/web.xml": domain("web", devices=VOLUME + VNC.replace("port=", "passwd='hush' port=")
                                           + NIC.replace("'bridge'>", "'network'>").replace("bridge=", "network=")),
            "/srv/libvirt/a big one.xml": domain("a big one", os=EFI, devices=DISK),
            "/srv/libvirt/net-/bridge1.xml": NETWORK.replace("default", "bridge1"),
            "/srv/libvirt/pool-/tank.xml": POOL,
        },
        {"virsh": VIRSH},
        (),
        "/dev/zvol/zroot/vm/a",
    ),
    "bmd": Remote(
        {
            "/usr/local/etc/bmd.conf": 'global { $d = bmd.d; }\n.include "${d}/*.conf";\n',
            "/usr/local/etc/bmd.d/web.conf": "vm web { boot = yes; memory = 1G; loader = uefi; disk = /vm/a.img; }\n",
            "/usr/local/etc/bmd.d/web.txt": "no configuration\n",
        },
        {},
        (),
        "/vm/a.img",
    ),
    "args": Remote(
        {"/usr/local/etc/web.sh": "bhyve -c 1 -m 1G -s 0,hostbridge -s 31,lpc -s 4,virtio-blk,/vm/a.img web\n"},
        {},
        ("/usr/local/etc/web.sh",),
        "/vm/a.img",
    ),
}  # fmt: skip


def started(
    folder: Path, monkeypatch: pytest.MonkeyPatch, remote: Remote, system: str = "FreeBSD 14.3-RELEASE"
) -> None:
    monkeypatch.setenv(
        "PATH", f"{reach(folder, remote.files, remote.programs, system)}{os.pathsep}{os.environ['PATH']}"
    )
    (folder / "new").mkdir()
    monkeypatch.chdir(folder / "new")


@pytest.mark.parametrize("kind", REMOTES)
def test_guests_come_from_a_host_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    remote = REMOTES[kind]
    started(tmp_path, monkeypatch, remote)
    assert cli.main(["-q", "import", kind, "--ssh", "root@alpha", "-o", "report.md", *remote.words]) == 1
    assert list(Path().iterdir()) == []
    assert cli.main(["-q", "import", kind, "--ssh", "alpha", "-o", "report.md", *remote.words]) == 0
    vm = tomli.loads(Path("site/vms/web.toml").read_text())["vm"]["web"]
    assert vm["disk"]["root"]["path"] == remote.disk
    assert vm.get("autostart", True) == remote.starts
    assert tomli.loads(Path("site/hosts/alpha.toml").read_text()) == {"host": {"alpha": {"freebsd": "14.3"}}}
    assert "| alpha:" in Path("report.md").read_text()
    assert "hush" not in "".join(path.read_text() for path in Path().rglob("*") if path.is_file())
    if kind == "libvirt":
        assert vm["vnc"]["password"] == {"secret": "web-vnc"}
        assert tomli.loads(Path("site/vms/a-big-one.toml").read_text())["vm"]["a-big-one"]["autostart"] is False


def test_a_host_of_linux_has_guests_of_libvirt_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started(tmp_path, monkeypatch, REMOTES["libvirt"], "Linux 6.12.1")
    assert cli.main(["-q", "import", "args", "--ssh", "alpha", "/usr/local/etc/web.sh"]) == 1
    assert "does not say which release of FreeBSD it has" in capsys.readouterr().err
    assert cli.main(["-q", "import", "libvirt", "--ssh", "alpha", "--freebsd", "15.1"]) == 0
    assert tomli.loads(Path("site/hosts/alpha.toml").read_text()) == {"host": {"alpha": {"freebsd": "15.1"}}}


def test_what_virsh_says_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started(
        tmp_path, monkeypatch, Remote({}, {"virsh": "#!/bin/sh\necho 'error: no connection' >&2\nexit 1\n"}, (), "")
    )
    assert cli.main(["-q", "import", "libvirt", "--ssh", "alpha"]) == 1
    assert capsys.readouterr().err == "hivewright: alpha:virsh: error: no connection\n"
    assert list(Path().iterdir()) == []
