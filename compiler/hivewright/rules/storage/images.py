"""Images, and the disks and drives that are filled from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from hivewright.diagnostics import Diagnostic, Part, Place
from hivewright.model.image import ARCHIVES, CONVERTED, MEDIA, PACKERS, chain_of
from hivewright.model.image_uses import image_uses
from hivewright.rules.site_index import SiteIndex, diagnose
from hivewright.values import format_size

if TYPE_CHECKING:
    from hivewright.model.disk import Disk
    from hivewright.model.image import Format, Image

_NOT_UNPACKED = (".7z", ".lz4", ".lzma", ".rar")
_RAW = (".iso", ".raw")
_ONE_FILE = (*_RAW, ".img", *_NOT_UNPACKED, *(f".{each}" for each in CONVERTED))


def _images(index: SiteIndex) -> Iterator[tuple[str, Callable[..., Place], Image]]:
    """The description, the place of the keys and the definition of each image of the site and of used profiles."""
    for name, image in index.site.images.items():
        yield f"image {name}", partial(index.site.place, "image", name), image
    for name, profile in index.site.profiles.items():
        for arch, image in profile.image.items():
            yield f"image of the profile {name} for {arch}", partial(_profile_named, index, name), image


def _profile_named(index: SiteIndex, profile: str, *_key: str, **_part: Part) -> Place:
    """The key that names a profile, since keys within a profile's file have no place in the site."""
    for name, vm in index.site.vms.items():
        for use in image_uses(vm):
            if use.image == profile:
                return index.site.place("vm", name, *use.path)
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
        elif image.url is not None and image.sha256 is None and image.sha512 is None and image.checksums is None:
            yield diagnose(
                "STO008",
                f"the {what} is fetched without a checksum",
                place("url"),
                'add sha256 = "…" as its publisher states it, or checksums with the address where that stands; '
                'sha256 = "none" is the way to go without',
            )


def image_keys(index: SiteIndex) -> Iterator[Diagnostic]:
    """Checksums that contradict each other, and what is of no use to a file of the host."""
    for what, place, image in _images(index):
        said = [key for key in ("sha256", "sha512") if getattr(image, key) is not None]
        if image.sha256 == "none" and image.checksums is not None:
            said.append("checksums")
        if len(said) > 1:
            yield diagnose(
                "STO027",
                f"the {what} has both {said[0]} and {said[1]}",
                place(said[1]),
                "keep one of the two",
                [place(said[0])],
            )
        for key in ("mirrors", "size", "checksums", "file") if image.url is None and image.path is not None else ():
            if getattr(image, key):
                yield diagnose(
                    "STO027",
                    f"the {what} is a file on the host, and {key} is for what is fetched",
                    place(key),
                    "delete this line, or write url in the place of path",
                )


def image_format(index: SiteIndex) -> Iterator[Diagnostic]:
    """What a name says against its format, before anything is fetched; the runtime goes by the contents."""
    for what, place, image in _images(index):
        name = (image.file_name if image.url is not None else image.path or "").lower()
        fault = _in_no_archive(name) if image.member is not None else _against_name(name)
        at = "path" if image.url is None else "url"
        if fault is None:
            at = at if image.member is None else "member"
            fault = _against_format(image.format, _unpacked(image.member or name).lower())
        if fault is not None:
            message, remedy, key = fault
            also = [place(at)] if key else ()
            yield diagnose("STO017", f"the {what} is {message}", place(key or at), remedy, also)


def image_fits(index: SiteIndex) -> Iterator[Diagnostic]:
    """A disk has room for its image, as far as the site says how much that needs."""
    site = index.site
    for name, key, disk in index.disks:
        if disk.image is None or disk.size is None:
            continue
        image = next((found for host in index.hosts_of[name] if (found := _too_large(index, host, disk))), None)
        if image is not None and image.min_size is not None:
            least = format_size(image.min_size)
            yield diagnose(
                "STO029",
                f"disk {key} of {name} has {format_size(disk.size)}, and its image {disk.image} needs {least}",
                site.place("vm", name, "disk", key, "size"),
                f'write size = "{least}" or more',
                [site.place("image", disk.image, "min_size")] if disk.image in site.images else (),
            )


def _too_large(index: SiteIndex, host: str, disk: Disk) -> Image | None:
    """The image of a disk on a host, if it needs a larger one."""
    image = index.site.image(disk.image or "", index.site.hosts[host].arch)
    return image if image is not None and not image.fits(disk.size) else None


def variables_are_raw(index: SiteIndex) -> Iterator[Diagnostic]:
    """What becomes the UEFI variables of a guest is copied byte by byte, and is no medium."""
    for name, vm in index.using("firmware"):
        used = vm.firmware.variables_image
        for host in index.hosts_of[name] if used is not None else ():
            image = index.site.image(used or "", index.site.hosts[host].arch)
            if image is None or image.format == "raw":
                continue
            yield diagnose(
                "STO017",
                f"the UEFI variables of {name} come from the image {used}, which is no file of them: its format is "
                f"{image.format}",
                index.site.place("vm", name, "firmware", "variables_template"),
                'name an image with format = "raw", or the path of a file on the host',
                [index.site.place("image", used or "", "format")] if used in index.site.images else (),
            )
            break


Fault = tuple[str, str, str]
"""What an image is, the remedy, and the key that this is to be told at, where that is not its address."""


def _unpacked(name: str) -> str:
    """A name without the ends of its packers."""
    for suffix in (*PACKERS, *PACKERS):
        name = name.removesuffix(suffix)
    return name


def _in_no_archive(name: str) -> Fault | None:
    """What a name says against having several files."""
    inner = _unpacked(name)
    if inner.endswith(ARCHIVES) or name.endswith(".zip") or (inner == name and not name.endswith(_ONE_FILE)):
        return None
    end = name[name.rindex(".") :]
    return f"called {end}, which is no archive with a member", "delete this line", "member"


def _against_name(name: str) -> Fault | None:
    """What a name says against being unpacked to one image."""
    packers = chain_of(name)
    if len(packers) > 1:
        return f"packed twice, by {' and '.join(packers)}", "name one that is packed once", ""
    inner = _unpacked(name)
    if inner.endswith(ARCHIVES):
        end = inner[inner.rindex(".") :]
        return f"called {end}, which may hold several files", 'write member = "…": the path of the image in it', ""
    packed = next((suffix for suffix in _NOT_UNPACKED if inner.endswith(suffix)), None)
    if packed is not None:
        remedy = f"name one that is not packed, or packed as {', '.join(PACKERS)}"
        return f"packed as {packed}, which hivewright does not unpack", remedy, ""
    return None


def _against_format(wanted: Format, name: str) -> Fault | None:
    """What the name of what has been unpacked says against a format."""
    foreign = next((each for each in CONVERTED if name.endswith(f".{each}")), None)
    if foreign is not None and wanted != foreign:
        remedy = f'write format = "{foreign}", or name a {"raw" if wanted in MEDIA else wanted} image'
        return f"called .{foreign}, but its format is {wanted}", remedy, ""
    raw = next((suffix for suffix in _RAW if name.endswith(suffix)), None)
    if raw is not None and wanted in CONVERTED:
        return f"called {raw}, but its format is {wanted}", f"delete this line, or name a {wanted} image", "format"
    return None


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
