"""What is asked about a new guest: one row for each question, with its default and the keys that the answer sets.

What makes an answer wrong stands nowhere here: the site is checked with it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hivewright.editing.assignment import KeyPath
from hivewright.editing.draft import NONE, Draft, usual, words_of
from hivewright.model.image import MEDIA
from hivewright.model.network import AnyNetwork
from hivewright.model.network_kinds import addresses_of, is_isolated, kind_of
from hivewright.model.nic import Nic
from hivewright.model.vm import DEFAULT_PROFILE

_USUAL_PROFILE = "debian-13"
_KEY_FILES = ("id_ed25519.pub", "id_ecdsa.pub", "id_rsa.pub")


def _always(_draft: Draft) -> bool:
    return True


def _nothing(_draft: Draft) -> Sequence[str]:
    return ()


def _nothing_besides(_draft: Draft, _answer: str) -> Iterable[tuple[KeyPath, Any]]:
    return ()


@dataclass(frozen=True, slots=True)
class Question:
    """One question; ``key`` names its answer on a command line."""

    key: str
    prompt: str
    default: Callable[[Draft], str]
    """Empty where an answer has to be given."""
    path: Callable[[Draft, str], KeyPath] | None = None
    """Below the VM, the key that the answer sets; ``None`` where it is none of the VM."""
    choices: Callable[[Draft], Sequence[str]] = _nothing
    """What there is, as far as that can be listed."""
    asked: Callable[[Draft], bool] = _always
    form: Callable[[str], Any] = str
    """The value that an answer is in TOML."""
    besides: Callable[[Draft, str], Iterable[tuple[KeyPath, Any]]] = _nothing_besides
    """Further keys, with their values, that an answer sets."""

    def values(self, draft: Draft) -> Iterator[tuple[KeyPath, Any]]:
        """The keys that the answer sets, with their values."""
        answer = draft[self.key]
        if self.path is not None and answer not in ("", NONE):
            yield from self.besides(draft, answer)
            yield self.path(draft, answer), self.form(answer)


def _given(path: KeyPath, otherwise: Callable[[Draft], str]) -> Callable[[Draft], str]:
    """The default that the layers below the guest have, else another one."""

    def default(draft: Draft) -> str:
        return _text(draft.given(path)) or otherwise(draft)

    return default


def _text(value: object) -> str:
    """A value as an answer; empty for none."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value) if value is not None else ""


def _free_name(draft: Draft) -> str:
    taken = {*draft.guests.vms, *draft.guests.locks.locks}
    return next(name for name in (f"guest{number}" for number in range(1, len(taken) + 2)) if name not in taken)


def _profile(draft: Draft) -> str:
    used = [vm.profile for vm in draft.site.vms.values() if vm.profile != DEFAULT_PROFILE]
    known = draft.guests.sources.profile_names()
    return usual(used, _USUAL_PROFILE if _USUAL_PROFILE in known else DEFAULT_PROFILE)


def _templates(draft: Draft) -> Sequence[str]:
    return sorted({name for file in draft.guests.sources.files for name in _names(file.values.get("template"))})


def _names(table: object) -> Sequence[str]:
    return list(table) if isinstance(table, dict) else ()


def _host(draft: Draft) -> str:
    hosts = draft.given(("hosts",))
    if isinstance(hosts, list) and hosts:
        return str(hosts[0])
    return next(iter(draft.site.hosts)) if len(draft.site.hosts) == 1 else ""


def _storages(draft: Draft) -> Sequence[str]:
    there = draft.site.host_storages
    return [name for (host, name), each in there.items() if host == draft["host"] and each.kind != "iscsi"]


def _storage(draft: Draft) -> str:
    """The one that most disks of this host lie on."""
    known = _storages(draft)
    used = [disk.storage for vm in draft.site.guests.get(draft["host"], {}).values() for disk in vm.disk.values()]
    return usual([name for name in used if name is not None and name in known], next(iter(known), NONE))


def _disk_path(key: str) -> Callable[[Draft, str], KeyPath]:
    return lambda draft, _answer: ("disk", draft.named("disk", "root"), key)


def _of_disk(key: str, otherwise: Callable[[Draft], str]) -> Callable[[Draft], str]:
    return lambda draft: _given(_disk_path(key)(draft, ""), otherwise)(draft)


def _has_disk(draft: Draft) -> bool:
    return draft["disk"] != NONE


def _images(draft: Draft) -> Sequence[str]:
    """What fills a disk: the image of the profile, unless that is a medium, and those of the site."""
    brought = [draft["profile"]] if draft.brought and _format(draft, draft["profile"]) not in MEDIA else []
    own = [name for name, image in draft.site.images.items() if image.format not in MEDIA]
    return [*brought, *(name for name in own if name not in brought), NONE]


def _format(draft: Draft, image: str) -> str:
    """The format of an image of the site, or of the one that the profile brings; empty for no image."""
    if image in draft.site.images:
        return draft.site.images[image].format
    return str(draft.brought.get("format", "raw")) if image == draft["profile"] and draft.brought else ""


def _image(draft: Draft) -> str:
    """What guests with this profile on hosts of this architecture have, else what the profile brings."""
    there = _images(draft)
    used = [
        disk.image
        for vm in draft.site.vms.values()
        if vm.profile == draft["profile"] and draft.arch in {draft.site.hosts[h].arch for h in draft.site.hosts_of(vm)}
        for disk in vm.disk.values()
        if disk.image is not None and (disk.image in there or _format(draft, disk.image) not in MEDIA)
    ]
    return usual(used, draft["profile"] if draft["profile"] in there else NONE)


def _media(draft: Draft) -> Sequence[str]:
    brought = [draft["profile"]] if _format(draft, draft["profile"]) in MEDIA else []
    own = [name for name, image in draft.site.images.items() if image.format in MEDIA]
    return [*brought, *(name for name in own if name not in brought), NONE]


def _medium_path(draft: Draft, answer: str) -> KeyPath:
    """An iso is for a drive; what boots as a disk, for one more disk."""
    kind = "disk" if _format(draft, answer) == "img" else "cd"
    return (kind, "install", "path" if answer.startswith("/") else "image")


def _medium_disk(draft: Draft, answer: str) -> Iterator[tuple[KeyPath, Any]]:
    """The disk that an installer lies on, which is as large as that is, as far as anybody says."""
    if _format(draft, answer) == "img":
        image = draft.site.images.get(answer)
        size = image.size if image is not None else draft.brought.get("size")
        yield ("disk", "install", "storage"), draft["storage"]
        yield ("disk", "install", "size"), f"{-(-size // 2**30)}G" if isinstance(size, int) else "8G"


def _networks(draft: Draft) -> Sequence[str]:
    return [*(name for host, name in draft.site.host_networks if host == draft["host"]), NONE]


def _network(draft: Draft) -> str:
    """The one that most NICs of this host are on."""
    known = _networks(draft)
    used = [nic.network for vm in draft.site.guests.get(draft["host"], {}).values() for nic in vm.nic.values()]
    return usual([name for name in used if name in known], known[0])


def _nic_path(key: str) -> Callable[[Draft, str], KeyPath]:
    def path(draft: Draft, answer: str) -> KeyPath:
        six = ":" in answer or answer == "auto"
        usual_name = draft.answers.get("network", "") or next(iter(draft.given(("nic",)) or ()), "") or _network(draft)
        return ("nic", draft.named("nic", usual_name), f"{key[:-1]}6" if six and key[-1] == "4" else key)

    return path


def _of_nic(key: str, otherwise: Callable[[Draft], str]) -> Callable[[Draft], str]:
    def default(draft: Draft) -> str:
        return _text(draft.given(_nic_path(key)(draft, ""))) or otherwise(draft)

    return default


def _is_connected(draft: Draft) -> bool:
    return draft["network"] != NONE


def _is_static(draft: Draft) -> bool:
    return _is_connected(draft) and "/" in draft["address"]


def _neighbours(draft: Draft) -> list[Nic]:
    return [nic for vm in draft.site.vms.values() for nic in vm.nic.values() if nic.network == draft["network"]]


def _address(draft: Draft) -> str:
    """Where nobody else gives addresses away, the first that is free; else DHCP."""
    network = draft.site.host_networks.get((draft["host"], draft["network"]))
    if network is None:
        return NONE
    if kind_of(network).name == "routed":
        return ""
    if draft.reader is None:
        return NONE
    if getattr(network, "dhcp", None) is not None or not is_isolated(network) or kind_of(network).name == "slirp":
        return "dhcp"
    return _free_address(draft, network)


def _free_address(draft: Draft, network: AnyNetwork) -> str:
    own = addresses_of(network)
    written = [address for nic in _neighbours(draft) for address in nic.fixed4]
    subnet = ipaddress.IPv4Interface(own[0] if own else usual([*written], "0.0.0.0/32")).network
    used = {address.partition("/")[0] for address in (*written, *own)}
    free = next((str(each) for each in subnet.hosts() if str(each) not in used), None) if written or own else None
    return f"{free}/{subnet.prefixlen}" if free is not None else NONE


def _gateway(draft: Draft) -> str:
    """That of the other guests of the network; behind a host, the host."""
    network = draft.site.host_networks.get((draft["host"], draft["network"]))
    six = ":" in draft["address"]
    if network is None:
        return NONE
    if kind_of(network).name == "routed":
        return ""
    if kind_of(network).behind_host and not six:
        return next((address.partition("/")[0] for address in addresses_of(network)), NONE)
    return usual([each for nic in _neighbours(draft) if (each := nic.gateway6 if six else nic.gateway4)], NONE)


def _servers(draft: Draft) -> str:
    return usual([",".join(nic.dns) for nic in _neighbours(draft) if nic.dns], NONE)


def _users(draft: Draft) -> Sequence[str]:
    return [*draft.site.users, NONE]


def _user(draft: Draft) -> str:
    """The one that most guests have."""
    used = [user for vm in draft.site.vms.values() if vm.cloud_init is not None for user in vm.cloud_init.users]
    return usual(used, next(iter(draft.site.users), "admin"))


def key_file(_draft: Draft | None = None) -> str:
    """The file of a public key of whoever asks, if there is one."""
    there = [f"~/.ssh/{name}" for name in _KEY_FILES if Path("~/.ssh", name).expanduser().is_file()]
    return there[0] if there else NONE


QUESTIONS = (
    Question("name", "Name of the VM", _free_name),
    Question("template", "Template", _given(("inherit",), lambda _: NONE), lambda _d, _a: ("inherit",),
             lambda draft: [*_templates(draft), NONE], lambda draft: bool(_templates(draft)), words_of),
    Question("profile", "Profile, the guest's system", _given(("profile",), _profile), lambda _d, _a: ("profile",),
             lambda draft: draft.guests.sources.profile_names()),
    Question("host", "Host", _given(("host",), _host), lambda _d, _a: ("host",), lambda draft: list(draft.site.hosts)),
    Question("cpus", "Number of vCPUs", _given(("cpus",), lambda _: "1"), lambda _d, _a: ("cpus",),
             form=lambda answer: int(answer) if answer.isascii() and answer.isdigit() else answer),
    Question("memory", "Memory", _given(("memory",), lambda draft: draft.least("memory", "1G")),
             lambda _d, _a: ("memory",)),
    Question("disk", "Size of its disk, or none", _of_disk("size", lambda draft: draft.least("disk", "20G")
             if _storages(draft) else NONE), _disk_path("size")),
    Question("storage", "Storage of the disk", _of_disk("storage", _storage), _disk_path("storage"), _storages,
             _has_disk),
    Question("image", "Image that fills the disk, or none", _of_disk("image", _image), _disk_path("image"), _images,
             _has_disk),
    Question("cd", "Medium to install from, an image or a path on the host", lambda draft: _media(draft)[0],
             _medium_path, _media, lambda draft: _has_disk(draft) and draft["image"] == NONE, besides=_medium_disk),
    Question("network", "Network", _of_nic("network", _network), _nic_path("network"), _networks),
    Question("address", "Address with prefix length, dhcp, auto or none", _of_nic("ipv4", _address), _nic_path("ipv4"),
             asked=_is_connected,
             form=lambda answer: words_of(answer) if "," in answer else answer),
    Question("gateway", "Gateway, or none", _of_nic("gateway4", _gateway), _nic_path("gateway4"), asked=_is_static),
    Question("dns", "Name servers, or none", _of_nic("dns", _servers), _nic_path("dns"), asked=_is_static,
             form=words_of),
    Question("user", "Account in the guest, or none", _given(("cloud_init", "users"), _user),
             lambda _d, _a: ("cloud_init", "users"), _users, lambda draft: draft.reader is not None, words_of),
    Question("key", "Public ssh key, or the file it is in", key_file, asked=lambda draft: bool(draft.new_user)),
)  # fmt: skip
"""In the order in which they are asked; a default may depend on the answers before."""
