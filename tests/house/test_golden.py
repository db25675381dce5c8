"""What ``make golden`` writes: a word that changes in a template changes few of the files that are expected."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from projects import CHECKOUT

MOST = 40
BUILD, SNAPSHOTS, TEMPLATES = (CHECKOUT / name for name in ("build", "tests/snapshots", "templates"))
FOUND = [path for path in sorted(TEMPLATES.rglob("*.j2")) if "new-site" not in path.parts]


@pytest.mark.parametrize("template", FOUND, ids=lambda path: path.relative_to(TEMPLATES).as_posix())
def test_a_changed_word_of_a_template_changes_few_files(template: Path) -> None:
    """At most its outputs in build/, the MANIFEST of each host that has one, and the snapshots that show one."""
    made = re.sub(r"/(VM|DEVICE|SERVICE)(?=[./])", "/*", f"/{template.relative_to(TEMPLATES).with_suffix('')}")
    outputs = list(BUILD.glob(f"*{made}"))
    hosts = {path.relative_to(BUILD).parts[0] for path in outputs}
    shown = re.compile(re.escape(made.lstrip("/")).replace(r"\*", "[^/]+"))
    snapshots = [path for path in SNAPSHOTS.rglob("*.*") if path.is_file() and shown.search(path.read_text())]
    assert outputs or snapshots
    assert 1 + len(outputs) + len(hosts) + len(snapshots) <= MOST
