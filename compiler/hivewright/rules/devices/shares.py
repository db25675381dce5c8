"""Shares: directories of the host by virtio-9p."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.diagnostics import Diagnostic
from hivewright.rules.site_index import SiteIndex, diagnose, ordered


def share_tags(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, vm in index.using("share"):
        first: dict[str, str] = {}
        for key, share in ordered(vm.share):
            tag = share.tag or key
            other = first.setdefault(tag, key)
            if other != key:
                yield diagnose(
                    "DEV006",
                    f"the shares {other} and {key} of {name} are both called {tag} in the guest",
                    site.place("vm", name, "share", key, "tag"),
                    "give one of them another tag",
                    [site.place("vm", name, "share", other, part="table")],
                )
