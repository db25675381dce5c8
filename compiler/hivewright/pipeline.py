"""From a valid site and its numbers to the files of its hosts: one compilation per host."""

from __future__ import annotations

from hivewright.allocate import Allocation
from hivewright.lower.host import lower_host
from hivewright.manifest import Artifact
from hivewright.render import render
from hivewright.report import Diagnostic
from hivewright.site import Site
from hivewright.verify import verify


def compile_host(site: Site, allocation: Allocation, host: str) -> tuple[dict[str, Artifact] | None, list[Diagnostic]]:
    """The artifacts of one host; none when something cannot be lowered.

    Raises ``AssertionError`` when the result contradicts the plan: a defect of hivewright.
    """
    lowered = lower_host(site, allocation, host)
    diagnostics = list(lowered.diagnostics)
    if not lowered.plans or any(each.severity == "error" for each in diagnostics):
        return None, diagnostics
    artifacts = render(lowered.plans[0])
    defects = verify(artifacts)
    if defects:
        raise AssertionError("; ".join(each.message for each in defects))
    return artifacts, diagnostics
