"""A trusted platform module of a guest."""

from typing import Annotated, Literal

from pydantic import Field

from hivewright.bhyve.facts import Since
from hivewright.model.base import HostPath, Table

_PASSED = Since("14.0", "bhyve(8), -l tpm,passthru", value="passthru", instead="delete tpm")
_EMULATED = Since("15.0", "bhyve(8), -l tpm,swtpm", value="swtpm", instead="delete tpm")


class Tpm(Table):
    """A TPM 2.0: ``tpm = true`` or ``[vm.NAME.tpm]``."""

    kind: Annotated[Literal["swtpm", "passthru"], _PASSED, _EMULATED] = Field(
        "swtpm",
        description="swtpm, a program of the package swtpm, run beside the guest, or passthru, the TPM of the host.",
    )
    device: HostPath = Field("/dev/tpm0", description="The host's TPM, for passthru.")
