"""From a valid site and its numbers to the files of its hosts: one compilation per host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hivewright.allocation.allocate import Allocation
from hivewright.diagnostics import Diagnostic
from hivewright.emit.render import load_templates, render
from hivewright.emit.runtime import runtime_artifacts
from hivewright.emit.verify import verify, verify_runtime
from hivewright.lower import lower_host
from hivewright.lower.seed.nocloud import SeedWriter
from hivewright.plan import ROOT, Artifact, HostPlan
from hivewright.site import Site
from hivewright.system.data import data_directory


class Compiled(NamedTuple):
    """A host as it was compiled: its plan, and its files by path as below its folder in build/."""

    plan: HostPlan
    artifacts: dict[str, Artifact]

    @property
    def files(self) -> dict[str, bytes]:
        """The contents of what lies below root/."""
        return contents(self.artifacts)


def contents(artifacts: Mapping[str, Artifact]) -> dict[str, bytes]:
    """The contents of those that lie below root/, by path."""
    return {path: artifact.content for path, artifact in artifacts.items() if path.startswith(ROOT)}


def get_ready() -> None:
    """Load modules and templates before processes are forked, each of which would load them."""
    load_templates(data_directory("templates"))
    runtime_artifacts()


def compile_runtime() -> Mapping[str, Artifact]:
    """The artifacts of the runtime. Raises ``AssertionError`` when something is missing: a defect of hivewright."""
    artifacts = runtime_artifacts()
    _refuse_defects(verify_runtime(artifacts))
    return artifacts


def _refuse_defects(defects: Sequence[Diagnostic]) -> None:
    if defects:
        raise AssertionError("; ".join(each.message for each in defects))


def compile_host(
    site: Site, allocation: Allocation, host: str, seeds: SeedWriter
) -> tuple[dict[str, Artifact] | None, list[Diagnostic]]:
    """The artifacts of one host; ``None`` when it cannot be lowered.

    ``seeds`` caches what the seeds of all hosts have in common. Raises ``AssertionError`` when the result
    contradicts the plan: a defect of hivewright.
    """
    compiled, diagnostics = compile_plan(site, allocation, host, seeds)
    return (None if compiled is None else compiled.artifacts), diagnostics


def compile_plan(
    site: Site, allocation: Allocation, host: str, seeds: SeedWriter
) -> tuple[Compiled | None, list[Diagnostic]]:
    """The same with the plan from which the artifacts come."""
    lowered = lower_host(site, allocation, host, seeds)
    diagnostics = list(lowered.diagnostics)
    if not lowered.plans or any(each.severity == "error" for each in diagnostics):
        return None, diagnostics
    artifacts = render(lowered.plans[0])
    _refuse_defects(verify(artifacts))
    return Compiled(lowered.plans[0], artifacts), diagnostics
