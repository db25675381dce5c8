"""The trees the scenarios run: made by the same build as everybody's, from tests/sites/standin."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SITE = HERE.parent / "sites" / "standin"
CHECKOUT = HERE.parent.parent


def build_tree(directory: Path, host: str = "alpha") -> Path:
    """Compile the site below ``directory``; returns what lands at / of the host."""
    site = directory / "site"
    shutil.copytree(SITE, site)
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "compiler")}
    words = [sys.executable, "-m", "hivewright", "-C", str(site), "build", "-o", str(directory / "build")]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return directory / "build" / host / "root"
