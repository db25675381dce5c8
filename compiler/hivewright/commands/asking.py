"""Lines that somebody types at a terminal."""

from __future__ import annotations


def read_line(prompt: str) -> str:
    """A line that was typed; what is not text is no answer. Raises ``EOFError``."""
    try:
        return input(prompt).strip()
    except UnicodeDecodeError:
        return "\ufffd"
