"""From disk to TOML with positions.

Further entrances: ``parsing`` (one document), ``syntax`` (faults of syntax).
"""

from hivewright.source.project import (
    LOCKS,
    RUNTIME,
    Project,
    SourceFile,
    Sources,
    find_project,
    read_site,
    with_texts,
)

__all__ = [
    "LOCKS",
    "RUNTIME",
    "Project",
    "SourceFile",
    "Sources",
    "find_project",
    "read_site",
    "with_texts",
]
