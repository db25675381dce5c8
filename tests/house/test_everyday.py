"""The list of tests for every day names tests that there are."""

from __future__ import annotations

import subprocess
import sys

import pytest

from everyday import EVERYDAY, PREFIX
from projects import CHECKOUT


@pytest.mark.slow
def test_every_test_for_every_day_exists() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", "tests", "-k", "host_"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    found = {line.rpartition(PREFIX)[2].replace(".py::", "::") for line in done.stdout.splitlines() if PREFIX in line}
    assert found >= EVERYDAY
