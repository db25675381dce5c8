"""HTML by construction: whatever is no ``Html`` is quoted where it is put into an element."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: str) -> Html:
    """``<name attribute="…">children</name>``; ``class_`` stands for ``class``."""
    given = "".join(f' {key.rstrip("_")}="{quoted(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{given}>{''.join(map(quoted, children))}</{name}>")


def quoted(text: str) -> str:
    """Text as HTML has it; characters that HTML cannot have become visible."""
    if isinstance(text, Html):
        return text
    return "".join(_visible(character) for character in escape(text))


def _visible(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if (code < 32 and character not in "\t\n") or 0x7F <= code < 0xA0 else character


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Html:
    """A table with a heading above it; nothing where it has no rows."""
    lines = [element("tr", *(element("td", cell) for cell in row)) for row in rows]
    if not lines:
        return Html("")
    head = element("thead", element("tr", *(element("th", each, scope="col") for each in heads)))
    return Html("\n".join((element("h3", caption), "<table>", head, "<tbody>", *lines, "</tbody></table>")))


def listed(items: Iterable[str]) -> Html:
    """Several things in one cell, each on a line of its own."""
    return Html("<br>".join(map(quoted, items)))
