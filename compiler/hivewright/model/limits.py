"""What a VM may take from its host: ``[vm.NAME.limits]``."""

import re
from typing import Annotated, Literal

from pydantic import Field

from hivewright.model.base import CpuList, Table, described, reader

_RULE = r"(deny|log|devctl|throttle|sig[a-z0-9]{2,6})=([1-9][0-9]{0,14})([KMGT]?)"
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def _rule(text: str) -> str:
    match = re.fullmatch(_RULE, text, re.ASCII)
    if match is None:
        raise ValueError('a limit is an action and an amount, such as "throttle=50M" or "deny=200" (rctl(8))')
    return f"{match[1]}={int(match[2]) * _UNITS[match[3]]}"


Resource = Literal[
    "coredumpsize", "cputime", "datasize", "memorylocked", "memoryuse", "nthr", "openfiles", "pcpu", "readbps",
    "readiops", "stacksize", "swapuse", "vmemoryuse", "wallclock", "writebps", "writeiops",
]  # fmt: skip
"""Resources of rctl(8) that a single process has."""

Rule = Annotated[str, reader(_rule, '"deny=200"'), described("^[a-z0-9]+=[0-9]+[KMGT]?$", "deny=200")]


class Limits(Table):
    """What a VM may take from its host: ``[vm.NAME.limits]``. All of it is set anew at each run of bhyve(8)."""

    nice: Annotated[int, Field(ge=-20, le=20)] | None = Field(
        None, description="Scheduling priority; a higher one gives way to others (renice(8))."
    )
    protect: bool = Field(False, description="Spare it when the host runs out of swap space (protect(1)).")
    cpuset: CpuList = Field((), description="Host CPUs that its threads may use; pinned vCPUs must lie within.")
    rctl: dict[Resource, Rule] = Field(
        default_factory=dict,
        description='Resource limits: { pcpu = "deny=200", readbps = "throttle=50M" } (rctl(8)). '
        "The host must be booted with kern.racct.enable=1, which loader.conf then has.",
    )
