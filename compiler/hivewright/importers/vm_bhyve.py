"""``import vm-bhyve DIR``: guests of vm-bhyve, from the files of its folder and rc.conf(5)."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import NamedTuple

from hivewright.importers.forms import Found, KeyPath, Old, Remark, UnreadableError
from hivewright.importers.names import site_name
from hivewright.importers.request import Request, RequestError
from hivewright.importers.settings import Settings, guest_settings, rc_settings
from hivewright.importers.sources import read_text
from hivewright.importers.vm_bhyve_command import Builder
from hivewright.importers.vm_bhyve_properties import Properties
from hivewright.importers.vm_bhyve_switches import Switches

_LOADERS = ("bhyveload", "grub", "uefi", "uefi-csm", "uefi-devel", "uefi-custom")
_LIMITS = {
    "limit_pcpu": ("pcpu", "deny"),
    "limit_rbps": ("readbps", "throttle"),
    "limit_wbps": ("writebps", "throttle"),
    "limit_riops": ("readiops", "throttle"),
    "limit_wiops": ("writeiops", "throttle"),
}
_ONLY_INSTALL = re.compile("grub_install[0-9]+|install_slot|disk[0-9]+_size|grub_run.*")
_NO_MATTER = {
    "debug": "the output of bhyve is in the log of the guest in any case",
    "ignore_msr": "vm-bhyve gives -w in any case, and so does the site",
    "ignore_bad_msr": "vm-bhyve never read it, and gives -w in any case, as the site does",
    "nulliso_fix": "an empty drive for old Windows; write a cd with a medium of your own where it is missed",
    "template": "a note of vm-bhyve about where the guest is from",
}


class Store(NamedTuple):
    """A datastore: where it lies on the host and on this machine, and its dataset."""

    path: str
    here: Path
    dataset: str


def read_vm_bhyve(request: Request) -> Found:
    """All guests below the folder of vm-bhyve, and its switches."""
    stores, start, core = _stores(request)
    switches, properties = Switches(core), Properties()
    files: dict[str, tuple[Store, Path]] = {}
    for store in stores:
        for folder in sorted(store.here.iterdir()) if store.here.is_dir() else ():
            file = folder / f"{folder.name}.conf"
            if file.is_file():
                files.setdefault(folder.name, (store, file))
    if not files:
        raise UnreadableError(stores[0].path, "no guest of vm-bhyve is in it: NAME/NAME.conf")
    read = {
        name: request.guest(
            name, partial(_guest, request, store, name, file, switches, properties), alone=len(files) == 1
        )
        for name, (store, file) in files.items()
    }
    guests = [old for old in read.values() if old is not None]
    for old in guests:
        old.keys[("autostart",)] = old.called in start
        if old.called in start:
            old.keys[("order",)] = 50 + start.index(old.called)
        if old.keys[("autostart",)]:
            del old.keys[("autostart",)]
    if start:
        switches.notes.append(
            Remark("vm_delay", "guests of one order start side by side, later orders once earlier ones are up")
        )
    after = (
        "`sysrc vm_enable=NO` keeps vm-bhyve from starting, and with that from making its switches. So first let "
        "hivewright make the bridges: the comment at each network says what to write in the place of `manual`.",
    )
    return Found("vm-bhyve", guests, switches.notes, [], after, storages=properties.storages(), names=tuple(files))


def _stores(request: Request) -> tuple[list[Store], list[str], dict[str, str]]:
    """The datastores, the guests that start with the host in their order, and system.conf."""
    if len(request.paths) > 1 or (not request.paths and request.address is None):
        raise RequestError("name the folder of vm-bhyve (vm_dir), or one with a copy of its host's root")
    names = ("*.conf", "rc.conf", "rc.conf.local", "vm")
    given = request.paths[0] if request.paths else "/"
    request.fetch(["/etc/rc.conf", "/etc/rc.conf.local", "/etc/rc.conf.d/vm", *request.paths], names)
    here = request.local(given)
    root = request.root if request.root is not None else here
    settings: dict[str, str] = {}
    for name in ("rc.conf", "rc.conf.local", "rc.conf.d/vm"):
        if (root / "etc" / name).is_file():
            settings |= rc_settings(read_text(root / "etc" / name, request.shown(f"/etc/{name}")))
    where, dataset = _place_of(request, settings.get("vm_dir", ""))
    if request.paths and (request.root is not None or not (here / "etc").is_dir()):
        where = where if where and not request.dataset else (request.at or given)
        where = request.at or (where if request.root is None and where else given)
        dataset = request.dataset or dataset
        folder = here
    elif where:
        request.fetch([where], names)
        folder = root / where.lstrip("/")
    else:
        raise RequestError("rc.conf has no vm_dir; name the folder of vm-bhyve")
    where = where if where.startswith("/") else str(Path(where).resolve())
    if not folder.is_dir():
        what = "this is no folder; name that of vm-bhyve (vm_dir)" if folder.exists() else "there is no such folder"
        raise UnreadableError(request.shown(given), what)
    config = folder / ".config" / "system.conf"
    core = guest_settings(read_text(config, request.shown(f"{where}/.config/system.conf"))) if config.is_file() else {}
    stores = [Store(where, folder, dataset)]
    for name in core.get("datastore_list", "").split():
        place, own = _place_of(request, core.get(f"path_{name}", ""))
        if place and not place.startswith(("iso:", "img:")):
            request.fetch([place], names)
            stores.append(Store(place, root / place.lstrip("/"), own))
    return stores, settings.get("vm_list", "").split(), core


def _place_of(request: Request, text: str) -> tuple[str, str]:
    """Folder and dataset of ``zfs:DATASET`` or of a path. A dataset is mounted at its own name, unless the host says
    something else."""
    if not text.startswith("zfs:"):
        return text, ""
    dataset = text.removeprefix("zfs:")
    said = request.ask(f"zfs get -H -o value mountpoint '{dataset}'").strip() if "'" not in dataset else ""
    return (said if said.startswith("/") else f"/{dataset}"), dataset


def _guest(request: Request, store: Store, name: str, file: Path, switches: Switches, properties: Properties) -> Old:
    place = request.shown(f"{store.path}/{name}/{name}.conf")
    text = read_text(file, place)
    settings = Settings(guest_settings(text))
    for key in ("loader", "cpu", "memory"):
        if not settings.get(key):
            raise UnreadableError(place, f"{key} is missing, without which vm-bhyve does not start the guest either")
    if settings.get("loader") not in _LOADERS:
        raise UnreadableError(place, f'loader is "{settings.get("loader")}", which vm-bhyve does not know')
    if re.fullmatch("[0-9]+[kKmMgGtT][bB]?", settings.get("memory")) is None:
        raise UnreadableError(place, f'memory is "{settings.get("memory")}"; it needs a unit, as in 512M or 2G')

    def path_of(number: int, disk: str, kind: str) -> str:
        if kind in ("zvol", "sparse-zvol"):
            if not store.dataset:
                raise UnreadableError(place, f"disk{number} is a volume below the dataset of {store.path}, "
                                      "which is not known here: say it by --dataset")  # fmt: skip
            return f"/dev/zvol/{store.dataset}/{name}/{disk}"
        if kind == "iscsi":
            raise UnreadableError(place, f"disk{number} is {disk} on iSCSI; only the host knows its device. "
                                  "Make a storage of the kind iscsi, and write the disk by hand")  # fmt: skip
        return disk if kind in ("custom", "9p") else f"{store.path}/{name}/{disk}"

    builder = Builder(name, settings, f"{store.path}/{name}", store.path, path_of, switches.in_tmux)
    try:
        words = builder.build(lambda number: switches.backend(name, settings, number))
    except ValueError as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(place, str(error)) from None
    old = Old(name, place, tuple(words), builder.loader_words(), builder.menu(), text=text)
    for where, number in builder.nics:
        switches.connect(old, settings, number, where)
    _keys(old, builder, settings)
    properties.take(old, settings, store.dataset)
    _remarks(old, settings)
    _switching(old, store)
    return old


def _keys(old: Old, builder: Builder, settings: Settings) -> None:
    """What the command does not say."""
    keys: dict[KeyPath, object] = {}
    if builder.loader == "grub":
        if (root := builder.grub_root()) not in ("hd0,1", "hd0,msdos1"):
            keys[("firmware", "grub", "root")] = root
        if settings.get("loader_timeout", "3") != "3" and builder.menu():
            keys[("firmware", "grub", "timeout")] = f"{int(settings.get('loader_timeout'))}s"
        if commands := builder.install_menu():
            keys[("firmware", "grub", "install_commands")] = list(commands)
    if settings.get("on_restart", "restart") != "restart":
        keys[("on_reboot",)] = "destroy"
    if settings.get("on_fault", "shutdown") != "restart":
        keys[("on_crash",)] = "destroy"
    if priority := settings.get("priority"):
        keys[("limits", "nice")] = int(priority)
    for key, (resource, action) in _LIMITS.items():
        if amount := settings.get(key):
            keys[("limits", "rctl", resource)] = f"{action}={amount.upper().removesuffix('B')}"
    old.keys.update(keys)
    if settings.yes("graphics") and not builder.is_uefi:
        old.notes.append(Remark("graphics", f"vm-bhyve shows none with the loader {builder.loader}"))
    if builder.is_uefi and settings.yes("graphics") and not settings.get("graphics_port"):
        old.notes.append(
            Remark("port 5900 of VNC", "vm-bhyve looked for a free port at each start; the site has one that stays")
        )


def _remarks(old: Old, settings: Settings) -> None:
    if script := settings.get("prestart"):
        old.notes.append(
            Remark(
                f"prestart {script}",
                "it is a program of the host; copy it into the site and name it in hooks.prestart. It is given other "
                "words: see hivewright.toml(5)",
            )
        )
    if tags := settings.get("tags"):
        old.keys[("tags",)] = [site_name(tag) for tag in tags.replace(",", " ").split()]
    settings.get("ahci_device_limit")
    for key, value in settings.unused().items():
        if _ONLY_INSTALL.fullmatch(key):
            continue
        why = _NO_MATTER.get(key, "vm-bhyve does not read it, or not where it stands")
        old.notes.append(Remark(f"{key}={value}", why))


def _switching(old: Old, store: Store) -> None:
    """vm-bhyve does not start a guest whose run.lock names another host."""
    lock = f"{store.path}/{old.called}/run.lock"
    old.leave = (
        f"sysrc vm_list-='{old.called}'",
        f"vm stop {old.called}   # and wait until `vm list` shows it stopped",
        f"test ! -e {lock} && echo hivewright >{lock}   # vm-bhyve leaves it alone now",
    )
    old.back = (f"    rm {lock} &&", f"    sysrc vm_list+='{old.called}' &&", f"    vm start {old.called}")
