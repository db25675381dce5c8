"""Scenarios of verbs that look: vnc, console -w, top, order, networks, devices, topology."""

from __future__ import annotations

import json
from typing import Any

from host.play import HIVECTL, Play
from host.scenario import scenario
from host.standin.machine import Machine

DEVICES: dict[str, Any] = {
    "pci": {"2/0/1": "hdac0", "3/0/0": "mpr1", "4/0/0": "xhci0"},
    "ppt": ["2/0/0", "9/0/0"],
    "modules": ["vmm"],
}


def told(play: Play, *words: str) -> Any:
    """What a verb says as JSON."""
    return json.loads(play.hivectl(*words, "--json", status=None).out)


@scenario()
def screen(play: Play) -> None:
    """Its address; within ssh, how it is reached from the other side as well."""
    play.hivectl("vnc", "web1", status=1, says=["127.0.0.1:5901", "web1: it is stopped; nobody listens there"])
    play.up("web1")
    play.hivectl("vnc", "web1", says="127.0.0.1:5901")
    ssh = "SSH_CONNECTION=198.51.100.7 50022 192.0.2.1 22"
    command = "from your machine: ssh -N -L 5901:127.0.0.1:5901 alice@192.0.2.1"
    play.do("env", ssh, "USER=alice", HIVECTL, "vnc", "web1", says=["127.0.0.1:5901", command])
    other = "from your machine: ssh -p 2222 -N -L 5901:127.0.0.1:5901 alice@192.0.2.1"
    play.do("env", ssh.replace(" 22", " 2222"), "USER=alice", HIVECTL, "vnc", "web1", says=["127.0.0.1:5901", other])
    assert json.loads(play.hivectl("vnc", "--json", "web1").out)["address"] == "127.0.0.1:5901"
    play.hivectl("vnc", "db1", status=1, says="db1: it has no screen; vnc gives it one, in the site")
    play.hivectl("vnc", "--open", "web1", status=1, says="web1: there is no vncviewer on this host")


@scenario()
def console_is_waited_for(play: Play) -> None:
    """-w waits for the guest; start --console starts it before."""
    play.hivectl("console", "db1", status=1, says="Wait for it: hivectl console -w db1")
    play.spawn("looker", HIVECTL, "console", "-w", "db1")
    play.wait(5)
    play.up("db1")
    play.wait(2)
    play.join("looker", says=["db1: waiting for /dev/nmdm-db1.1B", "db1: connecting to /dev/nmdm-db1.1B"])
    play.hivectl("start", "--console", "web1", says=None)
    play.ran("cu -l /dev/nmdm-web1.1B")
    play.hivectl("console", "-w", "web2", status=1, says=["web2: waiting for", "web2: /dev/nmdm-web2.1B is not there"])


@scenario()
def what_guests_take(play: Play) -> None:
    """One ps for all of them, the busiest first."""
    play.hivectl("top", says="NAME")
    play.up("db1", "web1")
    play.wait(120)
    outcome = play.hivectl("top")
    play.order("ps -o pid= -o pcpu= -o rss= -o nlwp= -o time= -p *")
    rows = [line.split() for line in outcome.out.splitlines()]
    assert rows[0] == ["NAME", "CPU", "MEMORY", "TIME", "THREADS"]
    assert [row[:3] for row in rows[1:]] == [["db1", "100.0%", "512M"], ["web1", "50.0%", "512M"]]
    assert {each["name"]: each["cpu_seconds"] for each in json.loads(play.hivectl("top", "--json").out)} == {
        "db1": 120,
        "web1": 60,
    }
    play.hivectl("top", "-s", "often", status=2)


@scenario()
def order(play: Play) -> None:
    """The waves, and who may keep a start of all waiting for longest."""
    play.hivectl(
        "order",
        says=[
            *("wave 10", "    db1, ready at 192.0.2.20:5432 within 30 s"),
            *("wave 50", "    gpu1, by hand", "    web1, after db1, ready at 192.0.2.10:443 within 20 s"),
            *("wave 50.1", "    web2, by hand, after web1", "longest: db1 web1, at most 50 s"),
        ],
    )
    play.nothing_ran()
    ends = {each["name"]: each["ready_at_most_after"] for each in told(play, "order")}
    assert ends == {"db1": 30, "gpu1": 0, "web1": 50, "web2": 50}


@scenario()
def order_after_a_change(play: Play) -> None:
    """Another host.conf is read and not run: what goes of the order, and what comes."""
    conf = play.host.path("/usr/local/etc/hivewright/host.conf")
    new = play.host.path("/tmp/new.conf")
    new.write_text(conf.read_text())
    play.hivectl("order", "/tmp/new.conf", says="it changes nothing")
    new.write_text(conf.read_text().replace("ready_timeout=30", "ready_timeout=60") + "touch /tmp/touched\nvm late5\n")
    play.hivectl(
        "order",
        "/tmp/new.conf",
        says=[
            "- db1, ready at 192.0.2.20:5432 within 30 s, in wave 10",
            "- longest: db1 web1, at most 50 s",
            "+ db1, ready at 192.0.2.20:5432 within 60 s, in wave 10",
            "+ late5, in wave 50.1",
            "+ longest: db1 web1, at most 80 s",
        ],
    )
    play.nothing_ran()
    for text in ("", "(", "host beta\n"):
        new.write_text(text)
        play.hivectl("order", "/tmp/new.conf", status=1, says="/tmp/new.conf is no host.conf of alpha")
    play.hivectl("order", "gone.conf", status=1, says="there is no file gone.conf")
    play.hivectl("order", "--all", status=2)


@scenario()
def networks(play: Play) -> None:
    """Each network with those that are in it, whose they are, and what is somebody else's."""
    dmz = ["dmz: manual bridge7, up, MTU 1500", "tap-web1-dmz     web1, NIC dmz, not there", "ix2"]
    lan = ["lan: bridge br-lan, missing", "ix0", "db1, NIC lan, not there", "web1, NIC lan, not there"]
    play.hivectl("networks", says=[*dmz, *lan])
    play.up("web1")
    outcome = play.hivectl("networks")
    play.order("ifconfig")
    assert "    tap-web1-lan     web1, NIC lan, up, MTU 1500\n" in outcome.out
    assert "    ix2              not of the site, up, MTU 1500\n" in outcome.out
    first, second = told(play, "networks")
    assert (second["members"], second["state"], second["mtu_now"]) == (["ix0", "tap-web1-lan"], "up", 1500)
    assert {port["interface"] for port in first["ports"]} == {"tap-web1-dmz"}


@scenario(**DEVICES)
def devices(play: Play) -> None:
    """Those of ppt(4) and those that guests name: who has them, and what else is in their slot."""
    rows = ["AT", "2:0:0          ppt0       gpu1             gpu        free; shares its slot with hdac0"]
    spare = "9:0:0          ppt1       -                -          free"
    play.hivectl("devices", says=[*rows, "mpr1       gpu1             disks      with its driver", spare])
    play.up("gpu1")
    found = {each["selector"]: each for each in told(play, "devices")}
    assert [found[f"pci0:{at}:0:0"]["in_use"] for at in (2, 3, 9)] == [True, True, False]
    assert found["pci0:2:0:0"]["shares_slot_with"] == ["hdac0"]


@scenario(**{**DEVICES, "ppt": []})
def device_is_not_there(play: Play) -> None:
    """It is told by the guest that wants it."""
    outcome = play.hivectl("devices")
    assert "2:0:0          missing    gpu1             gpu        not on this host" in outcome.out


@scenario()
def topology(play: Play) -> None:
    """Nodes, caches, cores, and the guests at them; what the kernel said at the boot before may still be there."""
    said = Machine(1, 4).announcement() + "CPU: Example\n" + Machine().announcement()
    play.host.path("/var/run/dmesg.boot").write_text(said)
    lines = play.hivectl("topology").out.splitlines()
    assert lines[:2] == [
        "alpha: Example CPU 1234, 32 CPUs, 65536 MiB, 2 NUMA domains",
        "2 package(s) x 8 core(s) x 2 hardware threads",
    ]
    assert lines[2].startswith("group: CPUs 0, 1, 2")
    assert lines[3].startswith("    NUMA node, shared L3: CPUs 0, 1, 2, 3")
    assert lines[4:8] == [
        "        core, shared L2: CPUs 0, 1",
        "            0: db1 vCPU 0",
        "            1: db1 vCPU 0",
        "        core, shared L2: CPUs 2, 3",
    ]
    assert lines[8] == "            2: db1 vCPU 1"
    groups = told(play, "topology")
    assert [len(each["cpus"]) for each in groups[:3]] == [32, 16, 2]
    assert groups[1]["kind"] == "NUMA node"


@scenario(machine=[1, 4, 1])
def topology_of_a_small_host(play: Play) -> None:
    """One package without threads is one group; nobody kept what the kernel said."""
    lines = play.hivectl("topology").out.splitlines()
    assert lines[0] == "alpha: Example CPU 1234, 4 CPUs, 65536 MiB, 1 NUMA domain"
    assert lines[1:3] == ["group, shared L3: CPUs 0, 1, 2, 3", "    0: db1 vCPU 0"]


@scenario(host="beta")
def login(play: Play) -> None:
    """As the first user of its first-boot data, at its address; another user and a command as with ssh(1)."""
    play.hivectl("login", "-n", "after1", says="ssh -- alice@192.0.2.30")
    play.hivectl("login", "-n", "root@after1", "uptime", says="ssh -- root@192.0.2.30 uptime")
    play.hivectl("login", "-n", "flag1", status=1, says="flag1: its address is not known")
    play.hivectl("login", status=2)
    play.hivectl("login", "-n", "@nowhere", status=1, says='no VM of this host has the tag "nowhere"')
    chosen = play.hivectl("login", "-n", typed="after1\n")
    assert chosen.out.replace("\r", "").endswith("ssh -- alice@192.0.2.30\n")


@scenario(host="beta")
def login_as_the_site_says(play: Play) -> None:
    """login.user and login.command, of which each word stays one; what the operator writes behind comes last."""
    play.hivectl("login", "-n", "named1", says="ssh -- carol@192.0.2.31")
    play.hivectl("login", "-n", "root@named1", "uptime", says="ssh -- root@192.0.2.31 uptime")
    command = "env X=100% told1 /bin/echo -- alice@192.0.2.32 one * word"
    play.hivectl("login", "-n", "told1", "reboot", "-q", says=f"{command} reboot -q")
    play.hivectl("login", "told1", "reboot  *", says="-- alice@192.0.2.32 one * word reboot  *")
    play.hivectl("login", "root@told1", status=1, says="told1: login.command of the site says who logs in")
    play.hivectl("login", "lost1", status=1, says="lost1: there is no mosh on this host")
    play.nothing_ran()


@scenario()
def what_a_restart_would_change(play: Play) -> None:
    """The words of bhyve that go and come, where the definition changed since the start."""
    play.up("db1")
    assert "a restart" not in play.hivectl("status", "db1").out
    start = play.host.path("/usr/local/etc/hivewright/vms/db1/start")
    text = start.read_text().replace("-m 1G", "-m 2G").replace("\nvm db1 ", "\nvm db1 0")
    start.write_text(text)
    said = play.hivectl("status", "db1").out
    assert "    the definition changed since the start\n" in said
    assert [line for line in said.splitlines() if "a restart" in line] == [
        "    a restart would take away: -m 1G",
        "    a restart would bring: -m 2G",
    ]


@scenario()
def what_a_restart_would_change_besides(play: Play) -> None:
    """The policies, networks, hooks and provisioning that go and come, where the words of bhyve are the same."""
    play.up("web1")
    start = play.host.path("/usr/local/etc/hivewright/vms/web1/start")
    text = start.read_text()
    for before, after in (
        ("\nvm web1 ", "\nvm web1 0"),
        ("on crash preserve", "on crash restart"),
        (" br-lan 1500", " br-dmz 1500"),
        ("prepare provisioned ", "prepare provisioned 0"),
        ("\nbegin", "\nhook poststop 10-late.sh 00\nhook prestart 10-x.sh 00\nbegin"),
        ("run /usr/sbin/bhyve ", "run /usr/local/sbin/bhyve-next "),
    ):
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    start.write_text(text)
    said = play.hivectl("status", "web1").out
    assert [line.replace("    a restart would ", "") for line in said.splitlines() if "a restart" in line] == [
        "take away: on crash preserve 5 600",
        "take away: prepare tap lan tap-web1-lan br-lan 1500",
        "bring: hook prestart 10-x.sh 00",
        "bring: on crash restart 5 600",
        "bring: what provisioning makes by now: disks, seed",
        "bring: prepare tap lan tap-web1-lan br-dmz 1500",
        "bring: /usr/local/sbin/bhyve-next",
    ]
