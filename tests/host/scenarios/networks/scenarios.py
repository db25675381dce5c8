"""Scenarios of networks of each kind: made, used by two guests, undone, made again."""

from __future__ import annotations

from host.networks import KINDS, NETWORKS, SETTINGS
from host.play import Play
from host.scenario import scenario

BUSY = {"refuse": "bind: Address already in use"}


def tap(guest: str, name: str, words: str = "mtu 1500 up") -> str:
    """The command that makes a tap."""
    return f"ifconfig tap create name {name} group hivewright description 'hivewright {guest} lan' {words}"


def used(play: Play, kind: str, *makes: tuple[str, ...], taps: tuple[str, ...] = ()) -> None:
    """Two guests start with these commands and stop; the networks are undone, and used again as before."""
    guests = (f"{kind}-1", f"{kind}-2")
    assert play.state(*NETWORKS) == []
    play.sh("hivectl network up")
    unused = play.state(*NETWORKS)
    for name, commands in zip(guests, makes, strict=True):
        play.hivectl("start", name)
        play.order(*commands, f"bhyve ... {name}")
        assert len([text for text in play.step if text.startswith(("ifconfig", "route"))]) == len(commands)
        play.host.advance(10)
    first = play.state(*NETWORKS)
    for number, name in enumerate(guests):
        play.hivectl("stop", name, says=f"{name}: stopped: a stop was asked for")
        play.order(
            f"bhyvectl --destroy --vm={name}", *(f"ifconfig {each} destroy" for each in taps[number : number + 1])
        )
        assert len([text for text in play.step if text.startswith(("ifconfig", "route"))]) == len(taps[:1])
    play.nothing_left()
    assert play.state(*NETWORKS) == unused
    play.sh("hivectl network down")
    assert play.state(*NETWORKS) == []
    play.up(*guests)
    assert play.state(*NETWORKS) == first


@scenario(**SETTINGS)
def routed(play: Play) -> None:
    """Each tap has the address of the gateway, and the route to its guest goes through it."""
    one, two = "tap-rout-0e14cc", "tap-rout-3362db"
    link = "mtu 1500 link0 up"
    address, route = "ifconfig {} inet {}/32", "route -n add -host {} -interface {}"
    used(
        play,
        "routed",
        (tap("routed-1", one, link), address.format(one, "192.0.2.10"), route.format("192.0.2.11", one)),
        (
            tap("routed-2", two, link),
            address.format(two, "192.0.2.12"),
            *(route.format(f"192.0.2.{end}", two) for end in (13, 50, 51)),
        ),
        taps=(one, two),
    )
    assert play.names("route") == ["192.0.2.11", "192.0.2.13", "192.0.2.50", "192.0.2.51"]
    play.has(f"interface {one}, up, mtu 1500, inet 192.0.2.10 netmask 0xffffffff, held by routed-1")


def bridged(play: Play, kind: str, bridge: str, words: str = "mtu 1500 up") -> None:
    """Guests whose taps are added to a bridge and nothing else."""
    taps = (f"tap-{kind}-1-lan", f"tap-{kind}-2-lan")
    makes = [(tap(name[4:-4], name, words), f"ifconfig {bridge} addm {name}") for name in taps]
    before = ["ix0.100"] if kind == "vlan" else ["vx42"] if kind == "vxlan" else []
    used(play, kind, *makes, taps=taps)
    assert play.members(bridge) == [*before, *taps]


@scenario(**SETTINGS)
def nat(play: Play) -> None:
    """A bridge with the address of the gateway."""
    bridged(play, "nat", "br-nat")
    play.has("interface br-nat, up, mtu 1500, * inet 10.0.0.1 netmask 0xffffff00")


@scenario(**SETTINGS)
def vxlan(play: Play) -> None:
    """The interface of the tunnel is a member of the bridge; the taps have its MTU."""
    bridged(play, "vxlan", "br-vxlan", "mtu 1450 up")
    play.has("interface vx42, up, mtu 1450, vxlanid 42, vxlanlocal 192.0.2.1, vxlangroup 239.0.0.42, vxlandev ix0")


@scenario(**SETTINGS)
def vlan(play: Play) -> None:
    """The interface of the VLAN is a member of the bridge, which has addresses and a span port."""
    bridged(play, "vlan", "br-vlan")
    play.has("interface ix0.100, up, mtu 1500, vlan 100, vlandev ix0")
    addresses = "inet 192.0.2.129 netmask 0xffffff80, inet6 2001:db8::1 prefixlen 64, span ix4"
    play.has(f"interface br-vlan, up, mtu 1500, * {addresses}")
    seen = play.hivectl("networks").out
    assert "    ix0.100          uplink, up, MTU 1500\n" in seen
    assert "    ix4              span port, up, MTU 1500\n" in seen
    assert "not of the site" not in seen
    assert "    ix0              uplink, up, MTU 1500\n" in seen, "of NAT, whose uplink is no member"


@scenario(**SETTINGS)
def vlan_filter(play: Play) -> None:
    """The bridge tells the VLANs apart: each tap has one untagged, and one has others tagged."""
    one, two = "tap-filt-bd98e3", "tap-filt-df5392"
    second = f"ifconfig br-filter addm {two} ifuntagged {two} 20 iftagged {two} 30-32,40"
    used(
        play,
        "filter",
        (tap("filter-1", one), f"ifconfig br-filter addm {one} private {one} ifuntagged {one} 10"),
        (tap("filter-2", two), second),
        taps=(one, two),
    )
    members = f"member ix3, member {one} private, member {two}, filters VLANs, ix3 tagged all"
    tags = f"{one} untagged 10, {two} untagged 20, {two} tagged 30-32,40"
    play.has(f"interface br-filter, up, mtu 1500, {members}, {tags}")


@scenario(**SETTINGS)
def vale(play: Play) -> None:
    """bhyve attaches its ports itself; the uplink stays attached."""
    used(play, "vale", (), ())
    assert play.state("switch") == ["switch vale0: ix1 p6abb9d pa5cfdc"]


@scenario(**SETTINGS)
def netgraph(play: Play) -> None:
    """bhyve attaches its hooks itself; both sides of the uplink stay attached."""
    used(play, "netgraph", (), ())
    hooks = "link0 ix2:lower, link1 ix2:upper, link12300066 netgraph-2, link890446 netgraph-1"
    assert play.state("node") == [f"node vmsw: {hooks}"]


@scenario(**SETTINGS)
def slirp(play: Play) -> None:
    """Nothing is made on the host."""
    used(play, "slirp", (), ())
    assert play.names("guest") == ["slirp-1", "slirp-2"]


@scenario(transcript=True, **SETTINGS)
def all_made_and_undone(play: Play) -> None:
    """All networks are made at once, and are gone at once; each can be done twice."""
    play.hivectl("network", "up")
    before = play.show(*NETWORKS)
    play.hivectl("network", "up")
    assert play.state(*NETWORKS) == before
    play.hivectl("network", "down")
    assert play.state(*NETWORKS) == []
    play.hivectl("network", "down")


@scenario(**SETTINGS)
def in_use(play: Play) -> None:
    """Networks that a guest uses are not undone, whatever their kind."""
    for kind in KINDS:
        play.up(f"{kind}-1")
        before = play.state()
        use = f"guests use the networks; stop them first: {kind}-1"
        play.hivectl("network", "down", status=1, says=use)
        play.never("ifconfig * destroy", "ngctl", "valectl")
        assert play.state() == before
        play.down(f"{kind}-1")


@scenario(**SETTINGS)
def in_use_by_one_that_left(play: Play) -> None:
    """A guest that left the site uses them all the same."""
    play.up("vale-1")
    conf = play.host.path("/usr/local/etc/hivewright/host.conf")
    conf.write_text("".join(line for line in conf.read_text().splitlines(True) if not line.startswith("vm vale-1 ")))
    before = play.state()
    assert "vale-1" in play.hivectl("network", "down", status=1).err
    assert play.state() == before


@scenario(**SETTINGS)
def routed_tap_outlives_a_reboot(play: Play) -> None:
    """A reboot makes neither tap nor route anew."""
    play.guest("routed-1", {"end": "reboot", "after": 100}, {})
    play.up("routed-1")
    before = play.state("interface tap", "route")
    play.wait(105)
    play.order("bhyvectl --destroy --vm=routed-1", "bhyve ... routed-1")
    play.never("ifconfig", "route")
    assert play.state("interface tap", "route") == before
    assert len(before) == 2


@scenario(**SETTINGS)
def start_fails(play: Play) -> None:
    """A guest that never runs leaves neither tap nor route, whatever the kind of its network."""
    for kind in KINDS:
        play.guest(f"{kind}-1", *[BUSY] * 6)
        play.hivectl("start", f"{kind}-1", status=None)
        play.host.advance(600)
        play.quietly()
        assert play.status(f"{kind}-1") == "failed"
        play.nothing_left()
        assert play.names("route") == []


@scenario(**SETTINGS)
def host_does_not_forward(play: Play) -> None:
    """A host that does not forward packets is told so; its guests start all the same."""
    play.sh("sysctl net.inet.ip.forwarding=0")
    outcome = play.hivectl("network", "up", status=1)
    for kind in ("nat", "routed"):
        assert f"network {kind}: this host does not forward packets" in outcome.err
        play.up(f"{kind}-1")


@scenario(**SETTINGS)
def node_that_is_there(play: Play) -> None:
    """A node of the administrator's is used and kept."""
    play.host.path("/tmp/node").write_text("mkpeer . bridge made link2\nname .:made vmsw\nmsg vmsw: setpersistent\n")
    play.sh("kldload ng_socket ng_bridge ng_ether && ngctl -f /tmp/node")
    play.up("netgraph-1", "netgraph-2")
    play.hivectl("stop", "netgraph-1", "netgraph-2")
    play.hivectl("network", "down")
    assert play.state(*NETWORKS) == ["node vmsw: "]


@scenario(**SETTINGS)
def uplink_of_the_switch_is_there(play: Play) -> None:
    """An uplink that is attached already is used and kept."""
    play.sh("valectl -h vale0:ix1")
    play.hivectl("network", "up")
    play.up("vale-1")
    play.hivectl("stop", "vale-1")
    play.hivectl("network", "down")
    assert play.state(*NETWORKS) == ["switch vale0: ix1"]


@scenario(**SETTINGS)
def uplink_of_another_switch(play: Play) -> None:
    """An uplink that another switch has is told, and stays there."""
    play.sh("valectl -a vale9:ix1")
    outcome = play.hivectl("network", "up", status=1)
    said = "cannot attach ix1 to vale0: failed to attach vale0:ix1: Device busy (by another switch or program)"
    assert said in outcome.err
    assert play.state("switch") == ["switch vale9: ix1"]
