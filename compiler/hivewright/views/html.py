"""HTML by construction: whatever is no ``Html`` is quoted where it is put into an element."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: str) -> Html:
    """``<name attribute="…">children</name>``; ``class_`` stands for ``class``, and ``data_head`` for ``data-head``."""
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{quoted(value)}"' for key, value in attributes.items())
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
    """A table with a heading above it; nothing where it has no rows. Each cell knows the head of its column, which a
    narrow page shows beside it."""
    lines = [
        element("tr", *(element("td", unbroken(cell), data_head=head) for head, cell in zip(heads, row, strict=True)))
        for row in rows
    ]
    if not lines:
        return Html("")
    head = element("thead", element("tr", *(element("th", each, scope="col") for each in heads)))
    return Html("\n".join((element("h3", caption), "<table>", head, "<tbody>", *lines, "</tbody></table>")))


def listed(items: Iterable[str]) -> Html:
    """Several things in one cell, each on a line of its own."""
    return Html("".join(element("div", unbroken(item)) for item in items))


def unbroken(text: str) -> Html:
    """Text whose words are not broken at a hyphen: names and devices are full of them."""
    if isinstance(text, Html):
        return text
    parts = re.split(r"(\S*-\S*)", text)
    return Html("".join(element("span", part) if number % 2 else quoted(part) for number, part in enumerate(parts)))
