"""The end of every verb that edits the site: what changes is written, or only shown."""

from __future__ import annotations

import difflib
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping

from hivewright.diagnostics.printer import visible
from hivewright.editing.attempt import ChangedMeanwhileError, write_texts
from hivewright.source import Sources


def conclude(arguments: Namespace, sources: Sources, texts: Mapping[str, str | None]) -> int:
    """Writes the files that differ from what was read and names them; with ``--dry-run`` prints how they differ.

    The exit status: 1 where somebody else changed one of them meanwhile.
    """
    changed = {name: text for name, text in texts.items() if text != sources.texts.get(name)}
    if arguments.dry_run:
        sys.stdout.writelines(_difference(sources, changed))
        return 0
    try:
        write_texts(sources, changed)
    except ChangedMeanwhileError as error:
        sys.stderr.write(visible(f"hivewright: {error}\n"))
        return 1
    if not arguments.quiet:
        for name, text in changed.items():
            sys.stderr.write(visible(f"{sources.path(name)}: {'removed' if text is None else 'written'}\n"))
        if not changed:
            sys.stderr.write("nothing changes\n")
    return 0


def _difference(sources: Sources, texts: Mapping[str, str | None]) -> Iterator[str]:
    """A unified difference of files, with their paths below the site."""
    for name, text in texts.items():
        before = sources.texts.get(name, "").splitlines(keepends=True)
        after = (text or "").splitlines(keepends=True)
        old = name if name in sources.texts else "/dev/null"
        new = name if text is not None else "/dev/null"
        for line in difflib.unified_diff(before, after, old, new):
            yield visible(line.rstrip("\n")) + "\n"
