"""``hivewright schema``: prints the JSON Schema of a site file, for editors that know TOML."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb takes none of its own."""
    parser.description = "Print the JSON Schema of a site file."


def run(arguments: argparse.Namespace) -> int:  # noqa: ARG001
    """Always 0."""
    print(schema_text(), end="")
    return 0


def schema_text() -> str:
    """The JSON Schema of a file of a site."""
    import json

    from hivewright.schema.json_schema import site_schema

    return json.dumps(site_schema(), indent=2, ensure_ascii=False) + "\n"
