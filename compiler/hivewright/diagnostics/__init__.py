"""What is reported to people, in which words and where in a file.

Further entrances, not loaded before something is reported: ``wording``, ``locate``, ``printer``, ``explain``.
"""

from hivewright.diagnostics.report import (
    Diagnostic,
    KeyPath,
    Part,
    Place,
    Spot,
    merged,
)

__all__ = [
    "Diagnostic",
    "KeyPath",
    "Part",
    "Place",
    "Spot",
    "merged",
]
