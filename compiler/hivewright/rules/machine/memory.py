"""Memory of one VM."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.diagnostics import Diagnostic
from hivewright.model.vm import SMALLEST_MEMORY
from hivewright.rules.site_index import SiteIndex, diagnose
from hivewright.values import MEBIBYTE, format_size, is_whole_mebibytes


def memory_form(index: SiteIndex) -> Iterator[Diagnostic]:
    """bhyve counts guest memory in whole mebibytes (bhyve(8), -m)."""
    for name, vm in index.site.vms.items():
        if vm.memory < SMALLEST_MEMORY:
            fault = f"a guest needs at least {format_size(SMALLEST_MEMORY)}"
        elif not is_whole_mebibytes(vm.memory):
            fault = "bhyve takes whole mebibytes only"
        else:
            continue
        enough = max(-(-vm.memory // MEBIBYTE) * MEBIBYTE, SMALLEST_MEMORY)
        yield diagnose(
            "VM048",
            f"{name} has {format_size(vm.memory)} of memory, but {fault}",
            index.site.place("vm", name, "memory"),
            f'write memory = "{format_size(enough)}" or more',
        )
