"""What pages for those who come from other tools name on our side is there: verbs of both commands, and keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from hivewright.cli import VERBS
from hivewright.model.vm import Vm
from projects import CHECKOUT, LIBRARY

PAGES = sorted((CHECKOUT / "docs").glob("from-*.md"))
OURS = {
    "hivewright": set(VERBS),
    "hivectl": {path.name for path in (LIBRARY / "verbs").iterdir() if not path.name.startswith("_")},
}
COMMAND = re.compile(r"(?:^|[`(])(hivewright|hivectl) ([a-z]+(?:-[a-z]+)*)", re.MULTILINE)


def cells() -> Iterator[tuple[str, str]]:
    """The rows of the table of verbs: those of CBSD, and what stands beside them."""
    _, _, table = (CHECKOUT / "docs" / "from-cbsd.md").read_text().partition("## Verbs")
    for line in table.splitlines():
        if line.startswith("| `"):
            _, theirs, ours, _ = (
                line.split(" | ") if line.count(" | ") > 1 else ("", *line.strip("| ").split(" | "), "")
            )
            yield theirs, ours


@pytest.mark.parametrize("page", [path.name for path in PAGES])
def test_each_verb_that_a_page_names_is_there(page: str) -> None:
    found = COMMAND.findall((CHECKOUT / "docs" / page).read_text())
    assert len(found) > 2
    assert [(program, verb) for program, verb in found if verb not in OURS[program]] == []


@pytest.mark.parametrize(("theirs", "ours"), list(cells()))
def test_each_row_of_the_table_leads_somewhere(theirs: str, ours: str) -> None:
    """A word in code is a verb of the command that was named last in its cell, or a key of a VM."""
    assert theirs
    program = ""
    named = 0
    for span in re.findall("`([^`]+)`", ours):
        words = span.split()
        if words[0] in OURS:
            program = words[0]
            assert words[1] in OURS[program], span
        else:
            assert words[0] in OURS.get(program, set()) or words[0] in Vm.model_fields, span
        named += 1
    assert named or "lock" in ours


def test_the_table_is_read() -> None:
    assert len(list(cells())) > 15
