"""What a VM names that is no table of the site: files, and profiles for itself and its images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hivewright.model.image_uses import image_uses
from hivewright.site.programs import programs

if TYPE_CHECKING:
    from hivewright.model.vm import Vm


def named_files(vm: Vm) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Hooks and other programs, user_data, sources of files in the guest, each with the key below the VM."""
    if vm.cloud_init is not None:
        for index, file in enumerate(vm.cloud_init.write_files):
            if file.source is not None:
                yield file.source, ("cloud_init", "write_files", index, "source")
        if vm.cloud_init.user_data is not None:
            yield vm.cloud_init.user_data, ("cloud_init", "user_data")
    for program in programs(vm):
        yield program.hook.file, program.path


def named_profiles(vm: Vm) -> Iterator[str]:
    """That of the VM, and what may be one of its images (see ``Site.image``)."""
    yield vm.profile
    for use in image_uses(vm):
        yield use.image
