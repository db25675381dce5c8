"""The manual pages of verbs, which are made of hivectl.8."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from hivewright.emit.pages import verb_pages
from hivewright.emit.runtime import runtime_artifacts
from runtime_parts import usages

PAGES = {
    Path(path).stem: artifact.content.decode()
    for path, artifact in runtime_artifacts().items()
    if "/man8/hivectl-" in path
}


def test_every_verb_of_more_than_a_line_has_a_page() -> None:
    assert {name.removeprefix("hivectl-") for name in PAGES} == set(usages()) - {"version"}


def test_pages_are_clean_under_mandoc(tmp_path: Path) -> None:
    for name, text in PAGES.items():
        page = tmp_path / f"{name}.8"
        page.write_text(text)
        said = subprocess.run(["mandoc", "-Tlint", page], capture_output=True, text=True, check=False).stdout
        # Pages of FreeBSD are not on the machine of a test.
        assert [line for line in said.splitlines() if "referenced manual not found" not in line] == [], text


def test_a_page_has_all_forms_of_its_verb() -> None:
    for name, text in PAGES.items():
        verb = name.removeprefix("hivectl-")
        synopsis = text.partition(".Sh SYNOPSIS\n")[2].partition(".Sh DESCRIPTION")[0]
        assert synopsis.count(f".Nm hivectl\n.Cm {verb}") == len(usages()[verb]), verb


def test_the_name_is_a_line_of_apropos() -> None:
    for text in PAGES.values():
        (purpose,) = re.findall(r"^\.Nd (.*)$", text, re.MULTILINE)
        assert re.fullmatch(r"[a-z][^.]*[^., ]", purpose), purpose


OVERVIEW = """.Dd January 1, 2026
.Sh SYNOPSIS
.Nm
.Cm go
.Ar vm
.Nm
.Cm stay list
.Nm
.Cm look
.Sh DESCRIPTION
.Bl -tag -width indent
.It Cm go
Goes, as
.Sx Hooks
says.
.Bl -tag -width x
.It Cm fast
Faster.
.El
.It Cm stay list , all
Stays,
and lists.
.It Cm stay away
Does not.
.It Cm look
Looks.
.El
.Bl -tag
.It Cm go
Not of the list.
.El
"""


def test_a_page_is_what_the_overview_says_of_a_verb() -> None:
    found = dict(verb_pages(OVERVIEW, {"go": "Go away: far.", "stay": "Stay here.", "look": "Look."}))
    assert list(found) == ["hivectl-go", "hivectl-stay"]
    assert found["hivectl-go"] == (
        ".Dd January 1, 2026\n.Dt HIVECTL-GO 8\n.Os\n.Sh NAME\n.Nm hivectl-go\n.Nd go away\n.Sh SYNOPSIS\n.Nm hivectl\n"
        ".Cm go\n.Ar vm\n.Sh DESCRIPTION\nGoes, as\n.Dq Hooks in\n.Xr hivectl 8\nsays.\n.Bl -tag -width x\n"
        ".It Cm fast\nFaster.\n.El\n.Sh SEE ALSO\n.Xr hivectl 8\n"
    )
    assert (
        ".Bl -tag -width indent\n.It Cm stay list , all\nStays,\nand lists.\n.It Cm stay away\n"
        in found["hivectl-stay"]
    )
