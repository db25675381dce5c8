"""Tables of one object, as text: taken out or renamed with their comments, and everything else as it was."""

from __future__ import annotations

import pytest
import tomli

from hivewright.editing.document import UneditableError
from hivewright.editing.tables import part_tables, rename_tables
from projects import CHECKOUT

VMS = sorted((CHECKOUT / "site" / "vms").glob("*.toml"))
GUESTS = [(path, name) for path in VMS for name in tomli.loads(path.read_text())["vm"]]
TEXT = """\
# Of all.

# The first.
[vm.a]
memory = "1G"
[vm.b]  # the second
memory = "1G"
# Its NIC.
[ vm . "a" . nic.lan ]
network = "lan"

[vm.b.nic.lan]
network = "lan"
"""


def test_the_tables_of_a_guest_with_the_comments_above_them() -> None:
    parted = part_tables(TEXT, "vm", "a")
    assert parted.tables == (
        '# The first.\n[vm.a]\nmemory = "1G"\n# Its NIC.\n[ vm . "a" . nic.lan ]\nnetwork = "lan"\n'
    )
    assert parted.rest == ('# Of all.\n\n[vm.b]  # the second\nmemory = "1G"\n[vm.b.nic.lan]\nnetwork = "lan"\n')
    assert rename_tables(TEXT, "vm", "a", "c") == TEXT.replace("vm.a]", "vm.c]").replace('"a"', "c")


@pytest.mark.parametrize(("path", "name"), GUESTS, ids=lambda part: getattr(part, "name", part))
def test_every_guest_of_the_example_can_be_taken_out_and_renamed(path: object, name: str) -> None:
    text = path.read_text()  # type: ignore[attr-defined]
    parted = part_tables(text, "vm", name)
    lines = (parted.rest + parted.tables).splitlines()
    assert sorted(line for line in lines if line) == sorted(line for line in text.splitlines() if line)
    assert rename_tables(rename_tables(text, "vm", name, "x9"), "vm", "x9", name) == text


@pytest.mark.parametrize(
    "text",
    [
        'vm.a.memory = "1G"\n',
        '[vm]\na = { memory = "1G" }\n',
        '[vm.a]\nnames = [\n["x"],\n["y"]\n]\n[vm.b]\n',
    ],
)
def test_what_is_written_in_another_way_is_refused(text: str) -> None:
    with pytest.raises(UneditableError, match="edit the file by hand"):
        part_tables(text, "vm", "a")


def test_what_only_looks_like_a_table_is_not_renamed() -> None:
    with pytest.raises(UneditableError, match="edit the file by hand"):
        rename_tables('[vm.a]\ndescription = """\n[vm.a]\n"""\n', "vm", "a", "c")
