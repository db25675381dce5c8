"""Memory domains of a guest: which vCPUs are near to which part of its memory."""

import re
from typing import Annotated

from pydantic import Field

from hivewright.model.base import CpuList, Size, Table, described, reader

_NUMBER = r"[0-7]"
_POLICY = r"(?:first-touch|interleave|prefer|round-robin)(?::[0-9]{1,2}(?:-[0-9]{1,2})?)?"


def _number(text: str) -> str:
    if re.fullmatch(_NUMBER, text) is None:
        raise ValueError("a guest has up to 8 memory domains, named by their numbers 0 to 7")
    return text


def _policy(text: str) -> str:
    if re.fullmatch(_POLICY, text) is None:
        raise ValueError(
            'a policy is first-touch, interleave, prefer or round-robin, perhaps with domains of the host: "prefer:1"'
        )
    return text


NumaNumber = Annotated[str, reader(_number, "0"), described("^[0-7]$", "0")]
NumaPolicy = Annotated[
    str,
    reader(_policy, '"prefer:1"'),
    described("^(first-touch|interleave|prefer|round-robin)(:[0-9]+(-[0-9]+)?)?$", "prefer:1"),
]


class NumaDomain(Table):
    """A memory domain of the guest, by its number from 0: ``[vm.NAME.numa.0]``."""

    cpus: CpuList = Field(description='Its vCPUs, a number or a range: "0-3".')
    size: Size | None = Field(None, description="Its part of the memory; all equal if no domain says.")
    policy: NumaPolicy | None = Field(
        None, description='Where the host takes its memory, as cpuset(1) words it: "prefer:1" for its domain 1.'
    )
