"""A manual page for each verb of hivectl(8) that has more than a line: ``man hivectl-migrate``.

All of it is taken from hivectl.8, where it is written once: the forms from its synopsis, the text from its item of the
list of verbs. What the verb is for comes from the verb itself (``about``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_WIDEST = 78


def verb_pages(page: str, about: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The name and the text of each page; ``about`` has what each verb says of itself."""
    date = page.partition("\n")[0]
    synopsis, _, rest = page.partition(".Sh SYNOPSIS\n")[2].partition(".Sh DESCRIPTION\n")
    forms = [form for form in synopsis.split(".Nm\n") if form]
    items = list(_items(rest))
    for verb, text in about.items():
        own = [(head, body) for head, body in items if verb in _verbs_of(head)]
        if sum(body.count("\n") for _, body in own) < 2:
            continue
        usage = "".join(f".Nm hivectl\n{form}" for form in forms if re.match(rf"\.Cm {verb}\s", form))
        described = _described(own)
        yield (
            f"hivectl-{verb}",
            f"{date}\n.Dt HIVECTL-{verb.upper()} 8\n.Os\n.Sh NAME\n.Nm hivectl-{verb}\n.Nd {_purpose(text)}\n"
            f".Sh SYNOPSIS\n{usage}.Sh DESCRIPTION\n{described}.Sh SEE ALSO\n.Xr hivectl 8\n",
        )


def _items(text: str) -> Iterator[tuple[str, str]]:
    """The verbs of the first list: the words of an item, and its text with the lists within it."""
    depth, head, body = 0, "", ""
    for line in text.splitlines(keepends=True):
        if line.startswith(".El") and depth == 1:
            break
        if line.startswith(".It Cm ") and depth == 1:
            if head:
                yield head, body
            head, body = line.removeprefix(".It Cm ").rstrip(), ""
        elif depth:
            body += line
        depth += line.startswith(".Bl") - line.startswith(".El")
    if head:
        yield head, body


def _verbs_of(head: str) -> set[str]:
    """``pause , resume`` has two; ``checkpoint list , show`` is of one, with words that follow it."""
    first, *others = head.split()
    return {first, *others[1:]} if others[:1] == [","] else {first}


def _described(items: list[tuple[str, str]]) -> str:
    """One item is the text of the page; several are a list of it."""
    text = items[0][1]
    if len(items) > 1:
        text = "".join(f".It Cm {head}\n{body}" for head, body in items)
        text = f".Bl -tag -width indent\n{text}.El\n"
    text = re.sub(r"(?m)^\.Nm$", ".Nm hivectl", text)
    # A section of hivectl.8 is on another page here.
    return re.sub(r"(?m)^\.Sx (.+?)( [.,;:])?$", r".Dq \1 in\n.Xr hivectl 8\2", text)


def _purpose(about: str) -> str:
    """The first words of what a verb says of itself, as a line of apropos(1)."""
    about = about.removeprefix("For devd(8): ")
    words = re.split(r"[.;:](?:\s|$)|, (?:and|or|where|most|without)\b", " ".join(about.split()), maxsplit=1)[0]
    return words[0].lower() + words[1:]
