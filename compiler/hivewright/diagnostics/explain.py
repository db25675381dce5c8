"""The texts behind ``hivewright explain``: one Markdown file for each code of a diagnostic."""

from __future__ import annotations

from pathlib import Path


def codes() -> dict[str, str]:
    """Every code with its title, sorted."""
    titles = {}
    for path in sorted(_folder().glob("*.md")):
        with path.open(encoding="utf-8") as stream:
            titles[path.stem] = stream.readline().removeprefix(f"{path.stem}:").strip()
    return titles


def explanation(code: str) -> str | None:
    """The text of a code; ``None`` when there is no such code."""
    if not code.isalnum():
        return None
    path = _folder() / f"{code.upper()}.md"
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _folder() -> Path:
    return Path(__file__).parent / "explanations"
