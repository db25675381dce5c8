"""What reads first-boot data in guests, and what each reader understands: one row for each.

cloud-init: its reference of modules, "Networking config Version 2" and "Events and updates". nuageinit: nuageinit(7)
and libexec/nuageinit of FreeBSD. 14.4 and 15.0 have the page of June 2025; 14.1 to 14.3 know what the program of 14.1
knows. What 15.1 repaired since is not confirmed, so its row differs in its name only. cloudbase-init: its cloud-config
plugins, its service of the config drive and its network plugin. ignition: its "Configuration Specification" and
"Supported Platforms", section QEMU; addresses are files for NetworkManager (Fedora CoreOS) or systemd-networkd
(Flatcar). autoinstall: "Autoinstall configuration reference manual" of Ubuntu. preseed: "Installation Guide",
appendix B, of Debian. unattend: "Unattended Windows Setup Reference" of Microsoft.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from hivewright.model.addresses import is_link_local

if TYPE_CHECKING:
    from hivewright.model.nic import Nic

ReaderName = Literal[
    "autoinstall",
    "cloud-init",
    "cloudbase-init",
    "ignition",
    "ignition-networkd",
    "none",
    "nuageinit-14.1",
    "nuageinit-14.2",
    "nuageinit-14.3",
    "nuageinit-14.4",
    "nuageinit-15.0",
    "nuageinit-15.1",
    "preseed",
    "unattend",
]

Installer = Literal["autoinstall", "preseed", "unattend"]


class Reader(NamedTuple):
    """What one reader understands of a seed; the defaults are those of cloud-init."""

    title: str
    """For people: ``nuageinit of FreeBSD 14.4 and 15.0``."""
    keys: frozenset[str] | None = None
    """Keys of user-data; ``None`` for all that cloud-init has."""
    account: frozenset[str] | None = None
    """Keys of an entry of ``users``; ``None`` for all that cloud-init has."""
    lacks: frozenset[str] = frozenset()
    """Of ``FEATURES``, those without effect."""
    medium: Literal["cidata", "config-2", "ignition"] = "cidata"
    """How it gets the data: from a drive with this label, or as a file of fw_cfg."""
    answers: Installer | None = None
    """The installer that it is, which asks nothing then, and sets the guest up once."""
    network: Literal["network-config", "user-data", "networkd", "NetworkManager"] = "network-config"
    """Where it looks for the network: a file of its own, or ``network`` of user-data; or which files it needs."""
    gateways: Literal["routes", "gateway4"] = "routes"
    """How a default route is written; cloud-init calls gateway4 and gateway6 obsolete."""
    is_cloud_init: bool = False
    """Whether keys that cloud-init alone has are of use: ``updates``, ``bootcmd``, ``dhcp-identifier``."""
    command_lists: bool = True
    """Whether a command of ``runcmd`` may be a list of words; nuageinit ends with an error at the first."""
    plain_accounts: bool = False
    """Words of accounts must survive a shell and groups must exist: nuageinit passes both to pw(8) as they are."""
    name_in_meta_data: bool = False
    """The host name is taken from meta-data alone."""
    indented_lists: bool = False
    """YAML is read by a parser of a subset (libexec/nuageinit/yaml.lua of 14.1), which needs lists to be indented."""
    default_account: str = ""
    """Name and password of an account with a password that everybody knows, made where ``users`` is absent."""
    name_length: int = 64
    """Characters of a host name that are kept."""


FEATURES = {
    "packages": "cloud_init.packages",
    "timezone": "cloud_init.timezone",
    "locale": "cloud_init.locale",
    "keyboard": "cloud_init.keyboard",
    "write_files": "cloud_init.write_files",
    "runcmd": "cloud_init.runcmd",
    "growpart": "cloud_init.growpart = false",
    "phone_home": "cloud_init.phone_home",
    "ssh_keys": "ssh_keys of users",
    "groups": "groups of users",
    "passwd": "passwd of users",
    "sudo": "sudo of users",
    "doas": "doas of users",
    "mtu": "mtu of a NIC with a static address",
    "mtu of dhcp": "mtu of a NIC without a static address, or beside DHCP",
    "dns": "dns and search of a NIC with a static address",
    "dns of dhcp": "dns and search of a NIC without a static address, or beside DHCP",
    "search": "search of a NIC",
    "ipv6 dhcp": 'ipv6 = "dhcp"',
    "ipv6 auto": 'ipv6 = "auto"',
    "ipv6 beside dhcp": "an IPv6 address beside DHCP for IPv4",
    "two gateways": "gateway6 beside gateway4",
    "several addresses": "several addresses of one family of a NIC",
    "on_link": "on_link, where a gateway or router lies outside of the networks of its NIC",
    "link-local gateway": "a gateway6 that is link-local",
    "routes": "routes of a NIC",
    "several disks": "which of several disks it is installed on",
}
"""What a site may say that not every reader follows. NICs and accounts without effect are told by these."""


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NUAGEINIT_LACKS = frozenset(
    {"locale", "keyboard", "growpart", "phone_home"}
    | {"mtu of dhcp", "dns of dhcp", "ipv6 dhcp", "ipv6 auto", "ipv6 beside dhcp"}
    | {"several addresses", "on_link", "link-local gateway", "routes"}
)
"""``dhcp4`` excludes ``addresses`` and what belongs to them; with ``mtu`` it makes a line that sh cannot read.

Of several addresses of a family the last one wins; a gateway is written as it is, without a route to it or a zone.
"""

_NUAGEINIT_ACCOUNT = _names(
    "name gecos homedir primary_group groups no_create_home shell ssh_authorized_keys passwd plain_text_passwd locked"
)

_NUAGEINIT_EARLY = Reader(
    title="nuageinit of FreeBSD 14.1 to 14.3",
    keys=frozenset({"groups", "users", "ssh_authorized_keys", "network"}),
    account=_NUAGEINIT_ACCOUNT,
    lacks=_NUAGEINIT_LACKS | {"packages", "timezone", "write_files", "runcmd", "sudo", "doas", "mtu", "dns"},
    network="user-data",
    gateways="gateway4",
    command_lists=False,
    plain_accounts=True,
    name_in_meta_data=True,
    indented_lists=True,
    default_account="freebsd",
)

_NUAGEINIT = _NUAGEINIT_EARLY._replace(
    title="nuageinit of FreeBSD 14.4 and 15.0",
    keys=_names(
        "fqdn hostname timezone groups ssh_keys ssh_authorized_keys ssh_pwauth network runcmd packages package_update "
        "package_upgrade users chpasswd write_files"
    ),
    account=_NUAGEINIT_ACCOUNT | {"sudo", "doas"},
    lacks=_NUAGEINIT_LACKS,
    network="network-config",
    name_in_meta_data=False,
    indented_lists=False,
)

_IGNITION = Reader(
    title="ignition",
    medium="ignition",
    network="networkd",
    lacks=frozenset({"packages", "locale", "growpart", "phone_home", "doas"}),
)

CLOUD_INIT = Reader(title="cloud-init", is_cloud_init=True)

_INSTALLERS: dict[ReaderName, Reader | None] = {
    "autoinstall": Reader(title="autoinstall", answers="autoinstall"),
    "preseed": Reader(
        title="preseed",
        answers="preseed",
        network="networkd",
        lacks=frozenset({"growpart", "phone_home", "doas"}),
    ),
    # Passwords are clear text for it: those of the site are secrets of the host, whose hash would be of no use.
    "unattend": Reader(
        title="unattend",
        answers="unattend",
        lacks=frozenset({"packages", "timezone", "write_files", "growpart", "phone_home", "ssh_keys", "groups"})
        | {"mtu", "mtu of dhcp", "on_link", "several disks"},
        name_length=15,
    ),
}

READERS: dict[ReaderName, Reader | None] = {
    "cloud-init": CLOUD_INIT,
    "nuageinit-14.1": _NUAGEINIT_EARLY,
    "nuageinit-14.2": _NUAGEINIT_EARLY,
    "nuageinit-14.3": _NUAGEINIT_EARLY,
    "nuageinit-14.4": _NUAGEINIT,
    "nuageinit-15.0": _NUAGEINIT,
    "nuageinit-15.1": _NUAGEINIT._replace(title="nuageinit of FreeBSD 15.1"),
    "cloudbase-init": Reader(
        title="cloudbase-init",
        medium="config-2",
        keys=_names("write_files set_timezone timezone set_hostname hostname ntp groups users runcmd"),
        account=_names("name gecos groups primary_group passwd inactive expiredate no_create_home ssh_authorized_keys"),
        # Search domains are read and not set.
        # An address that is set replaces those before it, and other routes are left out.
        # Passwords are clear text for it, and no site has those.
        lacks=frozenset(
            {"packages", "locale", "keyboard", "growpart", "phone_home", "passwd", "sudo", "doas"}
            | {"dns of dhcp", "search", "several addresses", "on_link", "routes"}
        ),
        name_length=15,
    ),
    "ignition": _IGNITION._replace(network="NetworkManager"),
    "ignition-networkd": _IGNITION,
    **_INSTALLERS,
    "none": None,
}
"""Every reader; ``None`` where nothing in the guest reads first-boot data."""

DEFAULT_READERS: dict[str, ReaderName] = {"freebsd": "nuageinit-14.1", "windows": "cloudbase-init"}
"""The reader of a system whose profile names none: that which reads what all of its kind can read."""


def reader_named(own: str | None, profile: str | None, system: str | None) -> Reader | None:
    """What the guest says, else its profile, else what is usual for its system; ``None`` where nothing reads."""
    return READERS[own or profile or DEFAULT_READERS.get(system or "", "cloud-init")]  # type: ignore[index]


def able(feature: str, reader: Reader) -> tuple[str, ...]:
    """The titles of the readers that a guest with this one could have instead, and that follow a feature."""
    if not reader.plain_accounts:
        return ()
    others = [
        other for other in READERS.values() if other is not None and (other.plain_accounts or other.is_cloud_init)
    ]
    return tuple(dict.fromkeys(other.title for other in others if feature not in other.lacks))


def features_of(nic: Nic, mtu: bool) -> Iterator[tuple[str, str]]:
    """The keys of a NIC that its reader must follow, each with the feature; ``mtu``: an unusual one is to be told."""
    dynamic = nic.ipv4 == ("dhcp",)
    alone = "" if not dynamic and (nic.fixed4 or nic.fixed6) else " of dhcp"
    if mtu:
        yield "mtu", f"mtu{alone}"
    if nic.dns:
        yield "dns", f"dns{alone}"
    if nic.search:
        yield "search", f"dns{alone}"
        yield "search", "search"
    if nic.ipv6 and not nic.fixed6:
        yield "ipv6", f"ipv6 {nic.ipv6[0]}"
    elif nic.ipv6 and dynamic:
        yield "ipv6", "ipv6 beside dhcp"
    if nic.gateway4 and nic.gateway6:
        yield "gateway6", "two gateways"
    yield from _routing_of(nic)


def _routing_of(nic: Nic) -> Iterator[tuple[str, str]]:
    for key, addresses in (("ipv4", nic.fixed4), ("ipv6", nic.fixed6)):
        if len(addresses) > 1:
            yield key, "several addresses"
    if nic.gateway6 is not None and is_link_local(nic.gateway6):
        yield "gateway6", "link-local gateway"
    if nic.routes:
        yield "routes", "routes"
    if nic.on_link and not all(nic.reaches(router) for router in routers_of(nic)):
        yield "on_link", "on_link"


def routers_of(nic: Nic) -> list[str]:
    """The gateways of a NIC, and the routers of its routes."""
    return [router for router in (nic.gateway4, nic.gateway6, *(route.via for route in nic.routes)) if router]
