"""Images, and the disks and drives that are filled from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic, Part, Place
from hivewright.rules.site_index import SiteIndex, diagnose

if TYPE_CHECKING:
    from hivewright.model.storage import Image

_COMPRESSED = (".xz", ".gz", ".zst", ".bz2")
_NOT_UNPACKED = (".7z", ".lz4", ".lzma", ".rar", ".tar", ".tbz", ".tgz", ".txz", ".zip")
_RAW = (".iso", ".raw")
_NOT_RAW = (".ova", ".qcow2", ".vdi", ".vhd", ".vhdx", ".vmdk")


def _images(index: SiteIndex) -> Iterator[tuple[str, Callable[..., Place], Image]]:
    """The description, the place of the keys and the definition of each image of the site and of used profiles."""
    for name, image in index.site.images.items():
        yield f"image {name}", partial(index.site.place, "image", name), image
    for name, profile in index.site.profiles.items():
        for arch, image in profile.image.items():
            yield f"image of the profile {name} for {arch}", partial(_profile_named, index, name), image


def _profile_named(index: SiteIndex, profile: str, *_key: str, **_part: Part) -> Place:
    """The key that names a profile, since keys within a profile's file have no place in the site."""
    for kind, devices in (("disk", index.disks), ("cd", index.cds)):
        for name, key, device in devices:
            if device.image == profile:
                return index.site.place("vm", name, kind, key, "image")
    users = (index.site.place("vm", name, "profile") for name, vm in index.site.vms.items() if vm.profile == profile)
    return next(users, Place("", ("profile", profile)))


def image_source(index: SiteIndex) -> Iterator[Diagnostic]:
    for what, place, image in _images(index):
        if image.url is None and image.path is None:
            yield diagnose(
                "STO007",
                f"the {what} has neither url nor path",
                place(part="table"),
                'write url = "https://…" for one that is fetched, or path = "/…" for a file on the host',
            )
        elif image.url is not None and image.path is not None:
            yield diagnose(
                "STO007",
                f"the {what} has both url and path",
                place("path"),
                "keep url for an image that is fetched, or path for a file on the host",
                [place("url")],
            )
        elif image.url is not None and image.sha256 is None:
            yield diagnose(
                "STO008",
                f"the {what} is fetched without a checksum",
                place("url"),
                'add sha256 = "…" as its publisher states it; sha256 = "none" is the way to go without',
            )


def image_format(index: SiteIndex) -> Iterator[Diagnostic]:
    """What a name says against its format, before anything is fetched; the runtime goes by the contents."""
    for what, place, image in _images(index):
        inner = (image.path or "").lower()
        if image.url is not None:
            inner = image.url.partition("#")[0].partition("?")[0].lower()
        here = place("path" if image.url is None else "url")
        for suffix in _COMPRESSED:
            inner = inner.removesuffix(suffix)
        packed = next((suffix for suffix in _NOT_UNPACKED if inner.endswith(suffix)), None)
        foreign = next((suffix for suffix in _NOT_RAW if inner.endswith(suffix)), None)
        raw = next((suffix for suffix in _RAW if inner.endswith(suffix)), None)
        if packed is not None:
            yield diagnose(
                "STO017",
                f"the {what} is packed as {packed}, which hivewright does not unpack",
                here,
                f"name one that is not packed, or packed as {', '.join(_COMPRESSED)}",
            )
        elif foreign == ".qcow2" and image.format == "raw":
            yield diagnose(
                "STO017",
                f"the {what} is called {foreign}, but its format is raw",
                here,
                'write format = "qcow2", or name a raw image',
            )
        elif raw is not None and image.format != "raw":
            yield diagnose(
                "STO017",
                f"the {what} is called {raw}, but its format is {image.format}",
                place("format"),
                f"delete this line, or name a {image.format} image",
                [here],
            )
        elif foreign is not None and foreign != ".qcow2":
            yield diagnose(
                "STO017",
                f"the {what} is called {foreign}, which bhyve cannot read",
                here,
                "name a raw image, or convert it with qemu-img(1) first",
            )


def drive_source(index: SiteIndex) -> Iterator[Diagnostic]:
    place = index.site.place
    for name, key, cd in index.cds:
        if cd.path is None and cd.image is None:
            yield diagnose(
                "STO013",
                f"cd {key} of {name} has neither path nor image",
                place("vm", name, "cd", key, part="table"),
                'write path = "/…" for an ISO file on the host, or image = "NAME" for one that is fetched',
            )
        elif cd.path is not None and cd.image is not None:
            yield diagnose(
                "STO013",
                f"cd {key} of {name} has both path and image",
                place("vm", name, "cd", key, "image"),
                "keep one of the two",
                [place("vm", name, "cd", key, "path")],
            )
