"""A trusted platform module of a guest."""

from typing import Literal

from pydantic import Field

from hivewright.model.base import HostPath, Table


class Tpm(Table):
    """A TPM 2.0 (amd64): ``tpm = true`` or ``[vm.NAME.tpm]``."""

    kind: Literal["swtpm", "passthru"] = Field(
        "swtpm",
        description="swtpm, a program of the package swtpm, run beside the guest (FreeBSD 15.0), or passthru, the TPM"
        " of the host (14.0).",
    )
    device: HostPath = Field("/dev/tpm0", description="The host's TPM, for passthru.")
