"""Parsing one TOML document."""

from __future__ import annotations

from hivewright.diagnostics import Diagnostic

Outcome = tuple[dict[str, object] | None, Diagnostic | None]
"""The values of a document, or what is wrong with it."""


def parse_toml(name: str, text: str) -> Outcome:
    """The values of a document, or what is wrong with it."""
    import tomli

    try:
        return tomli.loads(text), None
    except (ValueError, RecursionError) as error:
        from hivewright.source.syntax import fault_of

        return None, fault_of(name, text, error)
