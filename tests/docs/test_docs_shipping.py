"""The guide to shipping, followed word for word on the workstation and on the stand-in host."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from guides import blocks, environment_at
from host.sandbox import Host

pytest_plugins = ["host.fixtures"]

ON_HOST = "# on alpha\n"


def test_the_guide_brings_a_bundle_to_its_host(tmp_path: Path, open_empty: Callable[..., Host]) -> None:
    environment = environment_at(tmp_path)
    host = open_empty("dash")
    folder, said = tmp_path, []
    for text in blocks("shipping.md"):
        if text.startswith(ON_HOST):
            for archive in folder.glob("*.tar.gz"):
                shutil.move(archive, host.path("/root") / archive.name)
            for command in text.removeprefix(ON_HOST).splitlines():
                outcome = host.run("/bin/sh", "-c", f"cd /root; {command}")
                assert (outcome.status, outcome.err) == (0, ""), command
                said.append(outcome.out)
            continue
        for command in text.splitlines():
            if command.startswith("cd "):
                folder = folder / command.removeprefix("cd ")
                continue
            subprocess.run(["sh", "-c", command], cwd=folder, env=environment, check=True)
    assert "alpha: would install: " in said[1]
    assert "alpha: run: service devd restart" in said[2]
    # The interpreter of the stand-in host may lie in a hidden folder there.
    assert [path for path in host.path("/root").iterdir() if not path.name.startswith(".")] == []
    listed = host.run("/usr/local/sbin/hivectl", "list")
    assert "guest1           stopped" in listed.out
