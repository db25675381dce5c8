"""What rules say of sites that are built by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builders import build_site
from hivewright.diagnostics import Diagnostic
from hivewright.site import Site
from site_parts import check

Keys = Mapping[str, Any]


def codes(site: Site) -> list[str]:
    return [diagnostic.code for diagnostic in check(site)]


def found(site: Site, code: str) -> Diagnostic:
    """The only diagnostic there is, which has this code."""
    (diagnostic,) = check(site)
    assert diagnostic.code == code
    return diagnostic


def two(first: Keys, second: Keys, **tables: Any) -> Site:
    return build_site({"web1": first, "web2": second}, **tables)
