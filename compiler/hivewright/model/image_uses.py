"""Which images a VM is made from, and what for."""

from collections.abc import Iterator
from typing import NamedTuple

from hivewright.model.vm import Vm


class ImageUse(NamedTuple):
    """A key of a VM that names an image."""

    path: tuple[str, ...]
    """The key, below the VM."""
    image: str


def image_uses(vm: Vm) -> Iterator[ImageUse]:
    """All of them; not of disks and drives that have a path, whatever else rules say of these."""
    for name, disk in sorted(vm.disk.items()):
        if disk.image is not None and disk.path is None:
            yield ImageUse(("disk", name, "image"), disk.image)
    for name, cd in sorted(vm.cd.items()):
        if cd.image is not None and cd.path is None:
            yield ImageUse(("cd", name, "image"), cd.image)
    if vm.firmware.variables_image is not None:
        yield ImageUse(("firmware", "variables_template"), vm.firmware.variables_image)
