"""From disk to TOML with positions.

Further entrances: ``parsing`` (one document), ``syntax`` (faults of syntax).
"""

from hivewright.source.finding import find_project, no_project
from hivewright.source.project import (
    LOCKS,
    RUNTIME,
    Project,
    SourceFile,
    Sources,
    read_site,
    read_source,
    site_files,
    with_texts,
)

__all__ = [
    "LOCKS",
    "RUNTIME",
    "Project",
    "SourceFile",
    "Sources",
    "find_project",
    "no_project",
    "read_site",
    "read_source",
    "site_files",
    "with_texts",
]
