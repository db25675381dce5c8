"""From a valid site and its numbers to the files of its hosts: one compilation per host."""

from __future__ import annotations

from hashlib import blake2b

from hivewright.allocate import Allocation
from hivewright.lower.host import lower_host
from hivewright.manifest import Artifact
from hivewright.render import render
from hivewright.report import Diagnostic
from hivewright.site import Layer, Site
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


def host_digests(site: Site, allocation: Allocation) -> dict[str, str]:
    """For every host a digest of all that its files follow from: the same digest, the same files."""
    common = blake2b(digest_size=16)
    for part in (
        site.table,
        site.networks,
        site.storages,
        site.images,
        site.users,
        site.topologies,
        site.profiles,
        sorted(site.files.items()),
        sorted((key, value) for key, value in site.homes.items() if key[0] != "vm"),
    ):
        common.update(repr(part).encode())
    digests = {}
    for host, table in site.hosts.items():
        digests[host] = common.copy()
        digests[host].update(repr(table).encode())
    for (host, name), realised in (*site.host_networks.items(), *site.host_storages.items()):
        digests[host].update(repr((name, realised)).encode())
    texts: dict[int, str] = {}
    for name, vm in site.vms.items():
        layers = site.layers[name]
        shared = "".join([_text(layer, texts) for layer in layers[1:]])
        lock = allocation.locks[name]
        numbers = f"{lock.uuid}{lock.vnc}{lock.slots}{lock.macs}{lock.taps}{lock.consoles}{lock.ports}{lock.pipes}"
        own = f"{layers[0].file}{layers[0].values}{numbers}"
        for host in site.hosts_of(vm):
            digests[host].update(f"{name}{own}{shared}".encode())
    return {host: digest.hexdigest() for host, digest in digests.items()}


def _text(layer: Layer, texts: dict[int, str]) -> str:
    """A lower layer as text, made once for all VMs that share it."""
    key = id(layer.values)
    if key not in texts:
        texts[key] = repr(layer)
    return texts[key]
