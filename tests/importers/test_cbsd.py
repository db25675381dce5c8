"""``hivewright import cbsd``: guests of a host of every shape, as the page says, and what cannot be read."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import tomli

from cbsd_host import WORKDIR, database, guest, host
from guides import follow
from hivewright import cli
from hivewright.importers.assignments import read_assignments
from hivewright.importers.cbsd_command import Builder, Definition
from hivewright.importers.cbsd_files import read_definitions
from hivewright.importers.forms import UnreadableError
from hivewright.importers.request import Request

VMS = "build/alpha/root/usr/local/etc/hivewright/vms"
JCONF = (
    "jname='new1'\nvm_cpus='2'\nvm_ram='4g'\nvm_os_type='linux'\nhost_hostname=\"${jname}.example.net\"\nastart=\"0\"\n"
)
LOCAL = "usr/jails/jails-system/web/local.sqlite"


def imported(folder: Path, *words: str) -> int:
    (folder / "new").mkdir(exist_ok=True)
    return cli.main(["-q", "-C", str(folder / "new"), "import", "cbsd", *words])


def vm(name: str, folder: str = "") -> dict[str, object]:
    found: dict[str, object] = tomli.loads(Path(folder, f"site/vms/{name}.toml").read_text())["vm"][name]
    return found


def test_the_page_imports_six_guests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host(tmp_path / "old")
    before = {path: path.read_bytes() for path in (tmp_path / "old").rglob("*") if path.is_file()}
    (tmp_path / "new").mkdir()
    monkeypatch.chdir(tmp_path / "new")
    follow("from-cbsd.md")
    report = Path("report.md").read_text()
    assert "not explained" not in report
    assert "hush" not in report + "".join(path.read_text() for path in Path().rglob("*.toml"))
    assert sorted(path.name for path in Path(VMS).iterdir()) == ["db", "raid", "router", "setup", "web", "win10"]
    slots = tomli.loads(Path("site/locks/web.toml").read_text())["slots"]
    assert slots == {"cd.seed": "0:5:0", "disk.root": "0:4:0", "fbuf": "0:9:0", "nic.lan": "0:6:0", "rng": "0:7:0"}
    networks = tomli.loads(Path("site/networks.toml").read_text())["network"]
    assert networks["lan"] == {"kind": "manual", "bridge": "bridge1"}
    assert networks["bridge7"] == {"kind": "manual", "bridge": "bridge7", "mtu": 9000}
    assert networks["router-host"] == {"kind": "bridge", "uplink": "none", "ipv4": "10.0.0.1/24"}
    db = vm("db")
    assert (db["pin"], db["limits"], db["protected"]) == ({"0": "2", "1": "3"}, {"nice": 5}, True)
    assert vm("router")["autostart"] is False
    assert vm("win10")["alias"] == "Win10"
    assert vm("raid")["tags"] == ["prod", "db"]
    firmware = vm("web")["firmware"]
    assert firmware == {"variables_template": f"{WORKDIR}/jails-system/web/BHYVE_UEFI_VARS.fd"}
    assert vm("web")["hooks"] == {
        "prestart": [{"file": "hooks/web/prestart/ready.sh", "on_failure": "warn", "names": "cbsd"}]
    }
    assert Path("site/hooks/web/prestart/ready.sh").read_text() == "#!/bin/sh\necho $jname\n"
    for part in ("master_poststop.d/shell", "port 5901 of VNC", "the bridge of igb0", "ram=0 of disk fast"):
        assert f"- {part}" in report, part
    assert {path: path.read_bytes() for path in (tmp_path / "old").rglob("*") if path.is_file()} == before


def words_of(root: Path, name: str, release: tuple[int, int] = (14, 3)) -> str:
    _, found = read_definitions(Request((str(root),), None, None, None))
    (definition,) = [each for each in found if each.name == name]
    return " ".join(Builder(definition, release).build())


def test_the_old_command_is_what_cbsd_gives_bhyve(tmp_path: Path) -> None:
    """bhyverun.sh puts its parts in this order; slots come from pcibus, or are the next that is free (bhyve.subr)."""
    host(tmp_path)
    folder = f"{WORKDIR}/jails-data/web-data"
    assert words_of(tmp_path, "web") == (
        "-c cpus=2,sockets=2,cores=1,threads=1 -m 2147483648 -H -A -U 01234567-89ab-cdef-0123-456789abcdef "
        f"-s 0,hostbridge -s 4,virtio-blk,{folder}/dsk1.vhd,sectorsize=512/4096 "
        f"-s 5,ahci-cd,{WORKDIR}/jails-system/web/seed.iso,ro "
        "-s 6,virtio-net,tap0,mtu=1500,mac=00:a0:98:00:00:01 -s 7,virtio-rnd "
        "-s 9,fbuf,tcp=127.0.0.1:5901,w=1024,h=768,password=cbsd -s 30,xhci,tablet -s 31,lpc -l com1,stdio "
        "-l bootrom,/usr/local/cbsd/upgrade/patch/efi.fd,/usr/jails/jails-system/web/BHYVE_UEFI_VARS.fd,fwcfg=qemu"
    )
    disk = f"-s 2,virtio-blk,{WORKDIR}/jails-data/db-data/dsk1.vhd,sectorsize=512,ser=DISK-1"
    assert disk in words_of(tmp_path, "db")
    assert "ser=" not in words_of(tmp_path, "db", (13, 4))
    setup = words_of(tmp_path, "setup")
    assert "-s 2,ahci-cd,/srv/iso/install.iso,ro" in setup


def test_a_persistent_tap_is_the_administrators(tmp_path: Path) -> None:
    host(tmp_path / "old")
    with closing(sqlite3.connect(tmp_path / "old" / LOCAL)) as connection, connection:
        connection.execute("UPDATE bhyvenic SET nic_persistent=1, nic_parent='tap7'")
    assert imported(tmp_path, str(tmp_path / "old"), "--only", "web", "-o", str(tmp_path / "report.md")) == 0
    assert vm("web", str(tmp_path / "new"))["nic"] == {
        "tap7": {"existing": "tap7", "mac": "00:a0:98:00:00:01", "mtu": 1500}
    }


def test_all_guests_of_another_bhyve_make_it_that_of_their_host(tmp_path: Path) -> None:
    host(tmp_path / "old")
    with closing(sqlite3.connect(tmp_path / "old" / LOCAL)) as connection, connection:
        connection.execute("UPDATE settings SET bhyve_cmd='/usr/local/sbin/bhyve-next'")
    report = tmp_path / "report.md"
    assert imported(tmp_path, str(tmp_path / "old"), "--only", "web", "--host", "alpha", "-o", str(report)) == 0
    assert "bhyve_cmd=/usr/local/sbin/bhyve-next" in report.read_text()
    hosts = tomli.loads((tmp_path / "new/site/hosts/alpha.toml").read_text())["host"]
    assert hosts["alpha"]["bhyve"] == "/usr/local/sbin/bhyve-next"


def test_what_other_guests_have_is_theirs(tmp_path: Path) -> None:
    """A controller, media and devices of other guests are theirs."""
    host(tmp_path)
    assert "passthru,4/0/0" not in words_of(tmp_path, "db")
    assert "passthru,3/0/0" in words_of(tmp_path, "db")
    assert "install.iso" not in words_of(tmp_path, "raid")


def test_slots_go_on_behind_those_that_are_kept() -> None:
    rows = [{"pcislot_name": "virtio-blk", "pcislot_bus": "4", "pcislot_desc": "/a"},
            {"pcislot_name": "lpc", "pcislot_bus": "31", "pcislot_desc": "none"}]  # fmt: skip
    builder = Builder(Definition("a", "b", {}, "", "", {"pcibus": rows}), (14, 3))
    assert [builder.slot("e1000", "1"), builder.slot("virtio-blk", "/a"), builder.slot("fbuf")] == [5, 4, 6]


def locked(root: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(root / LOCAL, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no database": (lambda root: (root / LOCAL).write_text("x" * 100), "web/local.sqlite: this is no database"),
    "broken": (lambda root: (root / LOCAL).write_bytes((root / LOCAL).read_bytes()[:4096]), "it cannot be read"),
    "another": (lambda root: database_with(root / LOCAL, "notes", ["text"]), "it has no table settings"),
    "older": (lambda root: database_with(root / LOCAL, "settings", ["vm_ram"]), "has no column vm_cpus"),
    "locked": (locked, "somebody writes it just now; try again"),
    "code": (
        lambda root: (root / "usr/jails/jails-system/db/etc/rc.conf").write_text("nice=1\nrm -rf /\n"),
        "db/etc/rc.conf:2: this is code for sh(1)",
    ),
    "loader": (lambda root: settings(root, "vm_efi", "none"), "its vm_efi is none"),
    "folder": (lambda root: shutil.rmtree(root / "usr"), "no working directory of CBSD"),
}


def database_with(path: Path, table: str, columns: list[str]) -> None:
    path.unlink()
    database(path, {table: (columns, [["1"] * len(columns)])})


def settings(root: Path, column: str, value: str) -> None:
    with closing(sqlite3.connect(root / LOCAL)) as connection, connection:
        connection.execute(f"UPDATE settings SET {column} = ?", (value,))


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_read_is_one_error(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hivewright.importers.cbsd_database._PATIENCE", 0.01)
    host(tmp_path / "old")
    harm, says = FAULTS[fault]
    kept = harm(tmp_path / "old")
    assert imported(tmp_path, str(tmp_path / "old")) == 1
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert list((tmp_path / "new").iterdir()) == []
    if isinstance(kept, sqlite3.Connection):
        kept.close()


def test_nothing_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    host(tmp_path / "old")
    assert imported(tmp_path, str(tmp_path / "old"), "--only", "web") == 0
    before = {path: path.read_bytes() for path in (tmp_path / "new").rglob("*") if path.is_file()}
    assert imported(tmp_path, str(tmp_path / "old"), "--only", "web") == 1
    assert "the site has a guest web already" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in (tmp_path / "new").rglob("*") if path.is_file()} == before


def test_a_jconf_is_read_and_never_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "new1.jconf").write_text(JCONF)
    assert imported(tmp_path, str(tmp_path / "new1.jconf")) == 0
    found = vm("new1", str(tmp_path / "new"))
    assert (found["cpus"], found["memory"], found["autostart"]) == (2, "4G", False)
    assert found["disk"]["root"]["path"] == f"{WORKDIR}/jails-data/new1-data/dsk1.vhd"  # type: ignore[index]
    (tmp_path / "bad.jconf").write_text(JCONF + f"uuid=$(touch {tmp_path}/ran)\n")
    assert imported(tmp_path, str(tmp_path / "bad.jconf")) == 1
    assert "bad.jconf:7: its value " in capsys.readouterr().err
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "line", ["a=`b`", 'a="$b"', "a=b c", "if true; then", "a='b", 'a="\\$b"', ". /etc/x", "a=${b:-c}"]
)
def test_code_is_refused(line: str) -> None:
    with pytest.raises(UnreadableError, match=r"^x:1: "):
        read_assignments("x", line)


def test_assignments_are_what_sh_takes_them_for() -> None:
    text = "# c\na='b c' # d\nexport e=\"f;\";\r\ng=$a/${e}\nh=i'j'\"k\"\nl=\n"
    assert read_assignments("x", text) == {"a": "b c", "e": "f;", "g": "b c/f;", "h": "ijk", "l": ""}


def test_one_guest_without_the_database_of_its_host(tmp_path: Path) -> None:
    """What was unregistered has its folder and rc.conf_NAME alone."""
    guest(tmp_path, "web", {"uuid": "01234567-89ab-cdef-0123-456789abcdef"},
          [("virtio-blk", "dsk1.vhd", "512", "false", "0")], [])  # fmt: skip
    (tmp_path / "usr/jails/jails-rcconf").mkdir()
    (tmp_path / "usr/jails/jails-rcconf/rc.conf_web").write_text('jname="web"\ndata="/tank/web"\n')
    assert imported(tmp_path, str(tmp_path / "usr/jails")) == 0
    assert vm("web", str(tmp_path / "new"))["disk"]["root"]["path"] == "/tank/web/dsk1.vhd"  # type: ignore[index]


SSH = """\
#!/bin/sh
exec bwrap --bind {root} / --ro-bind /usr/bin /usr/bin --ro-bind /bin /bin --ro-bind /lib /lib \\
    --ro-bind /usr/lib /usr/lib --ro-bind /lib64 /lib64 --dev /dev --setenv PATH /stand:/usr/bin:/bin /bin/sh -s
"""


@pytest.mark.needs("bwrap")
def test_a_host_is_asked_over_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there is the same as from a copy, and files that are too large to be fetched count as well."""
    root = host(tmp_path / "old")
    (root / "usr/jails/jails-system/web/seed.iso").write_bytes(bytes(2 << 20))
    disk = root / "usr/jails/jails-data/web-data/dsk1.vhd"
    disk.parent.mkdir(parents=True)
    disk.symlink_to("/dev/zvol/zroot/web/dsk1")
    (tmp_path / "bin").mkdir()
    for path, text in (
        (tmp_path / "bin/ssh", SSH.format(root=root)),
        (root / "stand/uname", "echo FreeBSD 14.2-RELEASE\n"),
    ):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    report = tmp_path / "report.md"
    assert imported(tmp_path, "--ssh", "root@192.0.2.1", "--host", "node1", "-o", str(report)) == 0
    hosts = tomli.loads((tmp_path / "new/site/hosts/node1.toml").read_text())["host"]
    assert {**hosts["node1"], "device": None} == {"freebsd": "14.2", "address": "192.0.2.1", "device": None}
    web = vm("web", str(tmp_path / "new"))
    assert web["cd"] == {"seed": {"path": f"{WORKDIR}/jails-system/web/seed.iso"}}
    assert "variables_template" in web["firmware"]  # type: ignore[operator]
    assert "CBSD's name for /dev/zvol/zroot/web/dsk1" in report.read_text()
    assert "not explained" not in report.read_text()
