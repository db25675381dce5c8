"""What became of each guest, in Markdown: both commands side by side, what is not carried over, how to switch over."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

from hivewright.importers.compare import compare_commands
from hivewright.importers.forms import Found, Guest, Remark

SECRETS = "/usr/local/etc/hivewright/secrets"


def report(found: Found, guests: Sequence[Guest], commands: Mapping[str, Sequence[str]], host: str) -> str:
    """``commands``: the new words of each guest, without its name."""
    lines = [f"# From {found.tool}", ""]
    lines += ["| guest | before | definition | not carried over |", "|---|---|---|---|"]
    lines += [
        f"| {guest.name} | {guest.old.called} | {guest.old.place} | {len(guest.notes) or 'nothing'} |"
        for guest in guests
    ]
    lines.append("")
    if found.notes:
        lines += ["Of the host:", "", *_remarks(found.notes), ""]
    for guest in guests:
        lines += _guest(guest, commands[guest.name], host)
    if found.after:
        lines += ["## When the last guest is switched over", "", *(f"{line}" for line in found.after), ""]
    return "\n".join(lines)


def _guest(guest: Guest, words: Sequence[str], host: str) -> Iterator[str]:
    yield from (f"## {guest.name}", "")
    rows = compare_commands(guest, words)
    same = sum(not row.reason for row in rows)
    yield from (f"{same} of {len(rows)} options are the same. The others:", "")
    yield from ("| before | now | why |", "|---|---|---|")
    for row in rows:
        if row.reason:
            yield f"| {_code(row.old)} | {_code(row.new)} | {_cell(row.reason)} |"
    yield ""
    if guest.old.loader:
        yield from (f"Before each run it was loaded by {_code(' '.join(guest.old.loader))}.", "")
    if guest.notes:
        yield from ("Not carried over as it was:", "", *_remarks(guest.notes), "")
    yield from _switch(guest, host)


def _remarks(notes: Sequence[Remark]) -> Iterator[str]:
    for what, why in notes:
        yield f"- {what}: {why}"


def _switch(guest: Guest, host: str) -> Iterator[str]:
    """Each tool lets the guest go before the other one takes it, in both directions."""
    yield from (f"To switch {guest.name} over, on {host}, once the site is installed there:", "", "```sh")
    for secret, content in guest.secrets.items():
        yield f"install -m 600 /dev/null {SECRETS}/{secret}   # then write into it: {content}"
    yield from guest.old.leave
    yield f"test ! -e {shlex.quote(f'/dev/vmm/{guest.old.called}')} &&"
    yield from (f"    hivectl provision {guest.name} &&", f"    hivectl start {guest.name}", "```", "")
    yield from ("And back:", "", "```sh", f"hivectl stop {guest.name} &&")
    yield f"    test ! -e /dev/vmm/{guest.name} &&"
    yield from (*guest.old.back, "```", "")
    yield from (
        f"While the other tool has it, `autostart = false` in its table keeps hivewright from starting {guest.name} "
        "with its host.",
        "",
    )


def _code(text: str) -> str:
    return f"`{_cell(text)}`" if text else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
