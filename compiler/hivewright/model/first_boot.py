"""First-boot data of a VM, and the values that it alone has."""

from typing import Annotated, Literal

from pydantic import Field

from hivewright.model.base import Line, ListOf, Name, SitePath, Slot, Table, described, matching, reader
from hivewright.model.devices import Secret
from hivewright.model.readers import ReaderName

_ZONE = "[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*"
_LOCALE = r"[A-Za-z]{1,8}(?:_[A-Z]{2})?(?:\.[A-Za-z0-9-]+)?(?:@[a-z]+)?"
_KEYBOARD = "[a-z][a-z0-9_-]{0,30}"
_MODE = "0?[0-7]{3,4}"
_OWNER = "[a-z_][a-z0-9_-]{0,31}(?::[a-z_][a-z0-9_-]{0,31})?"
_URL = r"https?://[!-~]+"
_PATH = r"(?:/|[A-Za-z]:[\\/])[^\x00-\x1f\x7f]+"
_CONTENT = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"

TimeZone = Annotated[
    str,
    reader(matching(_ZONE, 'a time zone is named as in /usr/share/zoneinfo: "Europe/Berlin"', 64), '"Europe/Berlin"'),
    described(f"^{_ZONE}$", "Europe/Berlin"),
]
Locale = Annotated[
    str,
    reader(matching(_LOCALE, 'a locale is written "de_DE.UTF-8"'), '"de_DE.UTF-8"'),
    described(f"^{_LOCALE}$", "de_DE.UTF-8"),
]
Keyboard = Annotated[
    str,
    reader(matching(_KEYBOARD, 'a keyboard is named by its layout, for example "de"'), '"de"'),
    described(f"^{_KEYBOARD}$", "de"),
]
Permissions = Annotated[
    str,
    reader(matching(_MODE, 'permissions are three or four octal digits in quotes: "0644"'), '"0644"'),
    described(f"^{_MODE}$", "0644"),
]
Owner = Annotated[
    str,
    reader(matching(_OWNER, 'an owner is a user, or a user and a group: "root:wheel"'), '"root:wheel"'),
    described(f"^{_OWNER}$", "root:wheel"),
]
WebAddress = Annotated[
    str,
    reader(matching(_URL, 'this is the address of a web server: "http://192.0.2.1/seen"'), '"http://192.0.2.1/seen"'),
    described(f"^{_URL}$", "http://192.0.2.1/seen"),
]
GuestPath = Annotated[
    str,
    reader(matching(_PATH, 'a path in the guest is absolute, for example "/etc/motd"', 500), '"/etc/motd"'),
    described(f"^{_PATH}$", "/etc/motd"),
]


class WriteFile(Table):
    """A file that the guest writes at its first boot: ``write_files = [{ path = "/etc/motd", content = "…" }]``.

    One of content, source and secret says what is in it.
    """

    path: GuestPath = Field(description="Where it lies in the guest.")
    content: Annotated[str, Field(pattern=_CONTENT)] | None = Field(None, description="What is in it.")
    source: SitePath | None = Field(None, description="Instead of content: a file of the site that has it.")
    secret: Name | None = Field(
        None,
        description="Instead of content: a file of the host below /usr/local/etc/hivewright/secrets, owned by root and "
        "of mode 0600, that has it. It is put into the first-boot data on the host.",
    )
    permissions: Permissions | None = Field(None, description="Its mode; 0644 if absent.")
    owner: Owner | None = Field(None, description="Its owner, and its group after a colon; root if absent.")


PhoneWord = Literal["fqdn", "hostname", "instance_id", "pub_key_ecdsa", "pub_key_ed25519", "pub_key_rsa"]
"""What can be told (cloud-init, module Phone Home)."""


class PhoneHome(Table):
    """Whom the guest tells that its first boot is over: ``phone_home = { url = "http://192.0.2.1/seen" }``."""

    url: WebAddress = Field(description="Where it posts to.")
    post: ListOf[PhoneWord] = Field((), description="What it tells; everything that cloud-init knows if absent.")
    tries: int = Field(10, ge=1, le=100, description="How often it tries.")


_PRODUCT_KEY = "[A-Z0-9]{5}(?:-[A-Z0-9]{5}){4}"

ProductKey = Annotated[
    str,
    reader(
        matching(_PRODUCT_KEY, 'a product key has five groups of five: "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"', 29),
        '"AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"',
    ),
    described(f"^{_PRODUCT_KEY}$", "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"),
]


class WindowsSetup(Table):
    """What the setup of Windows is told besides, for the reader unattend: ``windows = { image = 2 }``."""

    image: int | None = Field(
        None,
        ge=1,
        le=99,
        description="Which of the editions of its medium, by number: dism /Get-WimInfo lists them. If absent, setup "
        "asks where there are several.",
    )
    product_key: ProductKey | Secret | None = Field(
        None,
        description="Its product key, or { secret = NAME }, a file of the host whose line it is. If absent, setup asks "
        "where its medium wants one.",
    )


class CloudInit(Table):
    """First-boot data: ``[vm.NAME.cloud_init]``; read by cloud-init, nuageinit(7), cloudbase-init, ignition, or by the
    installers of Ubuntu, Debian and Windows."""

    hostname: Name | None = Field(None, description="Host name of the guest; the VM's name if absent.")
    users: ListOf[Name] = Field((), description="Each a [user.NAME].")
    packages: ListOf[Line] = Field((), description="Packages to install.")
    timezone: TimeZone | None = Field(None, description="Its time zone.")
    locale: Locale | None = Field(None, description="Its locale.")
    keyboard: Keyboard | None = Field(None, description="The layout of its keyboard.")
    write_files: ListOf[WriteFile] = Field((), description="Files that it writes at its first boot.")
    runcmd: ListOf[Line] = Field((), description="Commands for its shell at the end of its first boot.")
    growpart: bool = Field(True, description="Let it grow its root file system when its disk has grown.")
    phone_home: PhoneHome | None = Field(None, description="Whom it tells that its first boot is over.")
    user_data: SitePath | None = Field(
        None,
        description="A #cloud-config file, merged over the generated data; for ignition a config of it in JSON, for "
        "preseed further answers, and for unattend the whole file, in place of the generated one.",
    )
    windows: WindowsSetup | None = Field(None, description="With the reader unattend: editions and keys.")
    network: bool = Field(True, description="Tell the guest the addresses of its nics.")
    reader: ReaderName | None = Field(
        None,
        description="What reads the data in the guest; that of the profile if absent. The release of nuageinit(7) is "
        "that of the guest.",
    )
    slot: Slot | None = Field(
        None, description="A fixed PCI address of the drive with its medium; taken from the lock if absent."
    )
