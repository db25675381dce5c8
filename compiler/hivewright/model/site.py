"""The tables of a whole site that are not a class of objects of their own."""

from typing import Annotated

from pydantic import Field

from hivewright.model.base import (
    DomainOrNone,
    HostPath,
    Line,
    ListOf,
    Name,
    SitePath,
    Table,
    described,
    matching,
    reader,
)
from hivewright.model.devices import Secret


def _mac_prefix(text: str) -> str:
    from hivewright.values import parse_mac

    try:
        return parse_mac(f"{text}:00:00:01")[:8]
    except ValueError:
        raise ValueError('a MAC prefix is three pairs of hexadecimal digits with an even first, "58:9c:fc"') from None


MacPrefix = Annotated[str, reader(_mac_prefix, '"58:9c:fc"'), described("^[0-9A-Fa-f:]{8}$", "58:9c:fc")]


_GECOS = r"^[^\x00-\x1f\x7f:]*$"

Gecos = Annotated[
    str,
    reader(
        matching(_GECOS, "a full name is one line without a colon, which would end the field (passwd(5))"),
        '"Alice Example"',
    ),
    described(_GECOS, "Alice Example"),
]


_SUDOERS = r"^([^\x00-\x1f\x7f=]+=[^\x00-\x1f\x7f]+)?$"

Sudoers = Annotated[
    str,
    reader(
        matching(_SUDOERS, 'a rule of sudoers(5) says where, as whom and what, for example "ALL=(ALL) NOPASSWD:ALL"'),
        '"ALL=(ALL) NOPASSWD:ALL"',
    ),
    described(_SUDOERS, "ALL=(ALL) NOPASSWD:ALL"),
]
"""What sudo(8) would refuse as a whole file of sudoers never reaches a guest."""


_HASH = r"\$[0-9a-z]{1,20}\$[A-Za-z0-9./$=,+_-]{8,400}"

PasswordHash = Annotated[
    str,
    reader(
        matching(_HASH, 'a password is never written here, but its hash (crypt(3)): run "openssl passwd -6"'),
        '"$6$…", as "openssl passwd -6" prints it',
    ),
    described(f"^{_HASH}$", "$6$salt$hash"),
]

_DOAS = r"(?:permit|deny) [ -~]+"

DoasRule = Annotated[
    str,
    reader(
        matching(_DOAS, 'a rule of doas.conf(5) begins with permit or deny, for example "permit nopass alice"'),
        '"permit nopass alice"',
    ),
    described(f"^{_DOAS}$", "permit nopass alice"),
]


_GIT = r"(?:(?:https|ssh|git|file)://|/)[!-~]+|[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9.-]+:[!-~]+"

GitAddress = Annotated[
    str,
    reader(
        matching(_GIT, 'a git repository is written "https://…", "ssh://…", "git@HOST:PATH" or "/…"'),
        '"https://git.example.net/profiles.git"',
    ),
    described(f"^({_GIT})$", "https://git.example.net/profiles.git"),
]

_REF = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,100}"

GitRef = Annotated[str, reader(matching(_REF, "a branch or a tag"), '"main"'), described(f"^{_REF}$", "main")]


class ProfileSource(Table):
    """Where further profiles come from: ``profiles = { git = "https://…" }``."""

    git: GitAddress = Field(description="A git repository.")
    ref: GitRef | None = Field(None, description="A branch or a tag of it; the default branch if absent.")
    folder: SitePath = Field("profiles", description="Its folder of profiles, which holds OS/NAME.toml.")


class SiteTable(Table):
    """The site as a whole: ``[site]``."""

    name: Name = Field(description="Its name; MACs and UUIDs are derived from it.")
    domain: DomainOrNone = Field("", description="DNS domain of the guests.")
    profiles: ProfileSource | None = Field(
        None,
        description="Where hivewright profile update takes those of the folder profiles/ beside the site from.",
    )
    mac_prefix: MacPrefix = Field("58:9c:fc", description="First three octets of derived MAC addresses.")


class User(Table):
    """A person or role with an account in guests: ``[user.NAME]``."""

    ssh_keys: ListOf[Line] = Field((), description="Public keys.")
    shell: HostPath | None = Field(None, description="Login shell.", examples=["/bin/sh"])
    groups: ListOf[Name] = Field((), description="Further groups.")
    sudo: Sudoers = Field("", description='A sudoers rule such as "ALL=(ALL) NOPASSWD:ALL".')
    doas: ListOf[DoasRule] = Field((), description='Rules of doas.conf(5) such as "permit nopass alice".')
    passwd: PasswordHash | Secret | None = Field(
        None,
        description="The hash of its password, or { secret = NAME }, a file of the host whose line is the hash. "
        "Without one the password is locked.",
    )
    gecos: Gecos = Field("", description="Full name.")
