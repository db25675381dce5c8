"""Answers for the setup of Windows: ``autounattend.xml`` in the root of a drive ("Unattended Windows Setup Reference").

Elements stand in the order that its reference asks for.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from xml.sax.saxutils import escape

from hivewright.lower.context import Guest
from hivewright.lower.devices.nics import mac_address
from hivewright.lower.seed.accounts import secret_mark
from hivewright.lower.seed.target import target_of
from hivewright.model.devices import Secret
from hivewright.model.first_boot import CloudInit, WindowsSetup
from hivewright.model.nic import Nic
from hivewright.values.windows import keyboard_of, language_of

UNATTEND_FILE = "autounattend.xml"
COMMANDS_FILE = "setupcomplete.cmd"
ADMINISTRATOR = "administrator"
"""The account that every Windows has."""

_DRIVES = "DEFGH"
"""Where media may be, while setup runs and afterwards."""

_DRIVERS = {
    "windows-10": "w10",
    "windows-11": "w11",
    "windows-server-2019": "2k19",
    "windows-server-2022": "2k22",
    "windows-server-2025": "2k25",
}
"""Folders of the medium with virtio drivers, by profile."""

_OPEN = (
    '<?xml version="1.0" encoding="utf-8"?>',
    '<unattend xmlns="urn:schemas-microsoft-com:unattend"',
    '    xmlns:wcm="http://schemas.microsoft.com/WMIConfig/2002/State">',
)
_COPY = (
    r"cmd /c mkdir %WINDIR%\Setup\Scripts & for %i in ("
    + " ".join(_DRIVES)
    + rf") do @if exist %i:\{COMMANDS_FILE} copy %i:\{COMMANDS_FILE} %WINDIR%\Setup\Scripts\SetupComplete.cmd"
)
"""Setup runs this file at its end, as the system, and before anybody logs in. A path has 259 characters at most."""

Lines = Iterator[str]


def unattend_files(guest: Guest, cloud_init: CloudInit) -> list[tuple[str, str]]:
    """The answers, and what is run at the end."""
    if cloud_init.user_data is not None:
        files = [(UNATTEND_FILE, guest.site.files[cloud_init.user_data].decode())]
    else:
        files = [(UNATTEND_FILE, "".join(f"{line}\n" for line in _answers(guest, cloud_init)))]
    if cloud_init.runcmd:
        files.append((COMMANDS_FILE, "".join(f"{line}\r\n" for line in ("@echo off", *cloud_init.runcmd))))
    return files


def _answers(guest: Guest, cloud_init: CloudInit) -> Lines:
    yield from _OPEN
    passes = {
        "windowsPE": _before(guest, cloud_init),
        "specialize": _specialize(guest, cloud_init),
        "oobeSystem": _welcome(guest, cloud_init),
    }
    for name, lines in passes.items():
        yield from _in("settings", lines, f' pass="{name}"')
    yield "</unattend>"


def _component(name: str, lines: Lines) -> Lines:
    attributes = f' name="Microsoft-Windows-{name}" processorArchitecture="amd64" '
    return _in(
        "component", lines, f'{attributes}publicKeyToken="31bf3856ad364e35" language="neutral" versionScope="nonSxS"'
    )


def _in(tag: str, lines: Lines, attributes: str = "") -> Lines:
    yield f"<{tag}{attributes}>"
    yield from (f"  {line}" for line in lines)
    yield f"</{tag}>"


def _each(tag: str, lines: Lines) -> Lines:
    """An entry of a list."""
    return _in(tag, lines, ' wcm:action="add"')


def _leaves(**values: object) -> Lines:
    for tag, value in values.items():
        text = ("false", "true")[value] if isinstance(value, bool) else escape(str(value))
        yield f"<{tag}>{text}</{tag}>"


def _numbered(tag: str, texts: list[str]) -> Lines:
    for number, text in enumerate(texts, 1):
        yield f'<{tag} wcm:action="add" wcm:keyValue="{number}">{escape(text)}</{tag}>'


def _languages(cloud_init: CloudInit) -> Lines:
    language = language_of(cloud_init.locale)
    keyboard = keyboard_of(cloud_init.keyboard) if cloud_init.keyboard is not None else None
    yield from _leaves(
        InputLocale=keyboard or language, SystemLocale=language, UILanguage=language, UserLocale=language
    )


def _before(guest: Guest, cloud_init: CloudInit) -> Lines:
    """While setup runs from its medium."""

    def languages() -> Lines:
        yield from _in("SetupUILanguage", _leaves(UILanguage=language_of(cloud_init.locale)))
        yield from _languages(cloud_init)

    yield from _component("International-Core-WinPE", languages())
    paths = _driver_paths(guest)
    if paths:
        yield from _component("PnpCustomizationsWinPE", _in("DriverPaths", _drivers(paths)))
    yield from _component("Setup", _setup(guest, cloud_init.windows or WindowsSetup()))


def _driver_paths(guest: Guest) -> list[str]:
    """Where drivers for virtio are, if it needs them; a path that is not there is passed over."""
    folder = _DRIVERS.get(guest.vm.profile, "w11")
    wanted = [("viostor", "virtio-blk"), ("vioscsi", "virtio-scsi")]
    buses = {disk.bus for disk in guest.vm.disk.values()}
    names = [name for name, bus in wanted if bus in buses]
    if any(nic.model == "virtio-net" for nic in guest.vm.nic.values()):
        names.append("NetKVM")
    return [rf"{drive}:\{name}\{folder}\amd64" for name in names for drive in _DRIVES]


def _drivers(paths: list[str]) -> Lines:
    for number, path in enumerate(paths, 1):
        yield from _in("PathAndCredentials", _leaves(Path=path), f' wcm:action="add" wcm:keyValue="{number}"')


def _setup(guest: Guest, windows: WindowsSetup) -> Lines:
    target, others = target_of(guest)
    if target is not None and not others:
        yield from _in("DiskConfiguration", _each("Disk", _disk()))
    image = windows.image
    if image is not None or (target is not None and not others):
        yield from _in("ImageInstall", _in("OSImage", _image(image, alone=not others)))
    # Windows 11 wants Secure Boot, which bhyve has not got.
    key = r"reg add HKLM\SYSTEM\Setup\LabConfig /v BypassSecureBootCheck /t REG_DWORD /d 1 /f"
    yield from _in("RunSynchronous", _each("RunSynchronousCommand", _leaves(Order=1, Path=key)))
    yield from _in("UserData", _user_data(windows))


def _disk() -> Lines:
    """The only disk, for UEFI: all that is on it is lost."""

    def made() -> Lines:
        yield from _each("CreatePartition", _leaves(Order=1, Type="EFI", Size=300))
        yield from _each("CreatePartition", _leaves(Order=2, Type="MSR", Size=16))
        yield from _each("CreatePartition", _leaves(Order=3, Type="Primary", Extend=True))

    def formatted() -> Lines:
        yield from _each("ModifyPartition", _leaves(Order=1, PartitionID=1, Format="FAT32", Label="System"))
        yield from _each("ModifyPartition", _leaves(Order=2, PartitionID=3, Format="NTFS", Label="Windows", Letter="C"))

    yield from _leaves(DiskID=0, WillWipeDisk=True)
    yield from _in("CreatePartitions", made())
    yield from _in("ModifyPartitions", formatted())


def _image(image: int | None, *, alone: bool) -> Lines:
    if image is not None:
        yield from _in("InstallFrom", _each("MetaData", _leaves(Key="/IMAGE/INDEX", Value=image)))
    if alone:
        yield from _in("InstallTo", _leaves(DiskID=0, PartitionID=3))


def _user_data(windows: WindowsSetup) -> Lines:
    yield from _leaves(AcceptEula=True)
    key = windows.product_key
    if key is not None:
        text = secret_mark("text", key.secret) if isinstance(key, Secret) else key
        yield from _in("ProductKey", _leaves(Key=text, WillShowUI="OnError"))


def _specialize(guest: Guest, cloud_init: CloudInit) -> Lines:
    """When the copied system starts first."""
    if cloud_init.runcmd:
        command = _each("RunSynchronousCommand", _leaves(Order=1, Path=_COPY))
        yield from _component("Deployment", _in("RunSynchronous", command))
    nics = [(mac_address(guest, name, nic), nic) for name, nic in sorted(guest.vm.nic.items()) if nic.ipv4 or nic.ipv6]
    if cloud_init.network and any(nic.dns or nic.search for _, nic in nics):
        yield from _component("DNS-Client", _name_servers(nics))
    name = (cloud_init.hostname or guest.name)[:15]
    yield from _component("Shell-Setup", _leaves(ComputerName=name))
    if cloud_init.network and nics:
        yield from _component("TCPIP", _in("Interfaces", _interfaces(nics)))


def _identifier(mac: str) -> str:
    return mac.replace(":", "-").upper()


def _name_servers(nics: list[tuple[str, Nic]]) -> Lines:
    def interfaces() -> Lines:
        for mac, nic in nics:
            if nic.dns:
                yield from _each("Interface", servers(mac, nic))

    def servers(mac: str, nic: Nic) -> Lines:
        yield from _leaves(Identifier=_identifier(mac))
        yield from _in("DNSServerSearchOrder", _numbered("IpAddress", list(nic.dns)))

    domains = dict.fromkeys(domain for _, nic in nics for domain in nic.search)
    if domains:
        yield from _in("DNSSuffixSearchOrder", _numbered("DomainName", list(domains)))
    if any(nic.dns for _, nic in nics):
        yield from _in("Interfaces", interfaces())


def _interfaces(nics: list[tuple[str, Nic]]) -> Lines:
    for mac, nic in nics:
        yield from _each("Interface", _interface(mac, nic))


def _interface(mac: str, nic: Nic) -> Lines:
    discovers = nic.ipv6 in (("auto",), ("dhcp",))
    yield from _in("Ipv4Settings", _leaves(DhcpEnabled=nic.ipv4 == ("dhcp",)))
    yield from _in("Ipv6Settings", _leaves(DhcpEnabled=nic.ipv6 == ("dhcp",), RouterDiscoveryEnabled=discovers))
    yield from _leaves(Identifier=_identifier(mac))
    if nic.fixed4 or nic.fixed6:
        yield from _in("UnicastIpAddresses", _numbered("IpAddress", [*nic.fixed4, *nic.fixed6]))
    routes = [("0.0.0.0/0", nic.gateway4), ("::/0", nic.gateway6), *((route.to, route.via) for route in nic.routes)]
    known = [(str(ipaddress.ip_network(to)), via) for to, via in routes if via and nic.reaches(via)]
    if known:
        yield from _in("Routes", _routes(known))


def _routes(routes: list[tuple[str, str]]) -> Lines:
    for number, (to, via) in enumerate(routes, 1):
        yield from _each("Route", _leaves(Identifier=number, Metric=10, NextHopAddress=via, Prefix=to))


def _welcome(guest: Guest, cloud_init: CloudInit) -> Lines:
    """Before somebody logs in first."""
    yield from _component("International-Core", _languages(cloud_init))
    yield from _component("Shell-Setup", _shell(guest, cloud_init))


def _shell(guest: Guest, cloud_init: CloudInit) -> Lines:
    yield from _in(
        "OOBE",
        _leaves(HideEULAPage=True, HideOnlineAccountScreens=True, HideWirelessSetupInOOBE=True, ProtectYourPC=3),
    )
    if cloud_init.users:
        yield from _in("UserAccounts", _accounts(guest, cloud_init))


def _accounts(guest: Guest, cloud_init: CloudInit) -> Lines:
    users = guest.site.users
    if ADMINISTRATOR in cloud_init.users and isinstance(passwd := users[ADMINISTRATOR].passwd, Secret):
        yield from _password("AdministratorPassword", passwd)
    others = [name for name in cloud_init.users if name != ADMINISTRATOR]
    if others:
        yield from _in("LocalAccounts", (line for name in others for line in _account(guest, name)))


def _account(guest: Guest, name: str) -> Lines:
    user = guest.site.users[name]

    def account() -> Lines:
        if isinstance(user.passwd, Secret):
            yield from _password("Password", user.passwd)
        if user.gecos:
            yield from _leaves(DisplayName=user.gecos)
        yield from _leaves(Group="Administrators" if user.sudo or user.doas else "Users", Name=name)

    return _each("LocalAccount", account())


def _password(tag: str, passwd: Secret) -> Lines:
    return _in(tag, _leaves(Value=secret_mark("text", passwd.secret), PlainText=True))
