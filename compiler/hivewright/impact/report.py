"""How consequences are written: columns for a terminal, a table for a pull request, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence

from hivewright.emit.quote import quote_markdown
from hivewright.impact.consequence import Consequence, Impact
from hivewright.impact.steps import steps

Origins = Callable[[Impact], list[str]]
"""Where the keys of an impact stand in the site, as people read it."""

_SHOWN = 3
"""Keys in a cell of a table."""

_ROWS = 50
"""Rows of a table in a comment; verbose has all."""

NO_CONSEQUENCE = "No guest and no host is affected."


def as_json(impacts: Iterable[Impact], origins: Origins) -> str:
    """A list of objects; guest is null for the host itself. Differences without a consequence are among them."""
    objects = [
        {
            "host": impact.host,
            "guest": impact.guest or None,
            "consequence": impact.consequence.code,
            "keys": impact.keys,
            "origins": origins(impact),
            "reasons": [finding.reason for finding in impact.heaviest],
            "changes": [
                {"consequence": each.consequence.code, "keys": list(each.keys), "reason": each.reason}
                for each in impact.findings
            ],
            "steps": steps([impact]),
        }
        for impact in impacts
    ]
    return json.dumps(objects, indent=2, ensure_ascii=False)


def as_text(impacts: Sequence[Impact], origins: Origins, *, verbose: bool) -> Iterator[str]:
    """Columns, the heaviest first, and then what there is to do on each host."""
    shown = [impact for impact in impacts if verbose or impact.consequence]
    if shown:
        rows = [("CONSEQUENCE", "HOST", "GUEST", "CAUSE")]
        rows += [(impact.consequence.code, impact.host, impact.guest or "-", _few(origins(impact))) for impact in shown]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        for impact, row in zip((None, *shown), rows, strict=True):
            yield "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip()
            if impact is not None and (verbose or impact.consequence is Consequence.DATA):
                yield from (f"    {finding.reason}" for finding in impact.heaviest)
        for host, todo in _by_host(shown):
            yield ""
            yield f"On {host}:"
            yield from (f"{number:3}. {step}" for number, step in enumerate(todo, 1))
    else:
        yield NO_CONSEQUENCE
    yield from _rest(impacts, shown)


def as_markdown(impacts: Sequence[Impact], origins: Origins, *, verbose: bool) -> Iterator[str]:
    """A table, and what there is to do behind a fold; one line when there is no consequence."""
    shown = [impact for impact in impacts if verbose or impact.consequence]
    if not shown:
        yield NO_CONSEQUENCE
        return
    yield "| consequence | host | guest | cause |"
    yield "|---|---|---|---|"
    for impact in shown[: None if verbose else _ROWS]:
        code = f"**{impact.consequence.code}**" if impact.consequence is Consequence.DATA else impact.consequence.code
        cause = _few(origins(impact))
        if impact.consequence is Consequence.DATA:
            cause = "; ".join([cause, *(finding.reason for finding in impact.heaviest)])
        yield f"| {code} | {impact.host} | {impact.guest or '-'} | {quote_markdown(cause)} |"
    if len(shown) > _ROWS and not verbose:
        yield ""
        yield f"{len(shown) - _ROWS} more are lighter than these, or as light."
    for host, todo in _by_host(shown):
        yield ""
        yield f"<details><summary>What to do on {host}</summary>"
        yield ""
        yield from (f"{number}. {quote_markdown(step)}" for number, step in enumerate(todo, 1))
        yield ""
        yield "</details>"


def _few(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more


def _by_host(impacts: Sequence[Impact]) -> Iterator[tuple[str, list[str]]]:
    """The steps of each host; those that lose a guest come first, so that it is off before it starts elsewhere."""
    loses = {impact.host for impact in impacts if impact.is_gone}
    for host in sorted({impact.host for impact in impacts}, key=lambda host: (host not in loses, host)):
        todo = steps(impact for impact in impacts if impact.host == host)
        if todo:
            yield host, todo


def _rest(impacts: Sequence[Impact], shown: Sequence[Impact]) -> Iterator[str]:
    count = len(impacts) - len(shown)
    if count:
        yield f"{count} without a consequence {'differs' if count == 1 else 'differ'} besides (-v shows)."
