"""The role of ``hivewright export ansible``, run by Ansible itself on a folder in the place of a host's /."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from hivewright.plan import checksum, parse_manifest
from projects import Project, files_below

pytest_plugins = ["project_fixtures"]

ETC = "usr/local/etc/hivewright"
DEVD = "usr/local/etc/devd/hivewright.conf"


class Rehearsal:
    """A folder as a host that has what was built, and the role for it."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.folder, self.root = folder, folder / "host"
        self.etc = self.root / ETC
        project.succeed("-q", "export", "ansible", str(folder / "role"), "alpha")
        lines = []
        for name in ("runtime", "alpha"):
            tree = project.build / name
            subprocess.run(["cp", "-a", f"{tree}/root/.", self.root], check=True)
            lines.append((tree / "MANIFEST").read_text())
        runtime, host = lines
        head, _, rest = host.partition("\n")
        (self.etc / "MANIFEST").write_text(f"{head}\n{runtime}{rest}")
        for name in ("service", "pfctl"):
            program = folder / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(f'#!/bin/sh\necho "{name} $*" >>{folder}/ran\n')
            program.chmod(0o755)

    def had(self, path: str, text: str) -> None:
        """An earlier installation brought this file, with this text."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        record = self.etc / "MANIFEST"
        others = [line for line in record.read_text().splitlines(True) if not line.startswith(f"{path} ")]
        record.write_text("".join([*others, f"{path} 0644 {checksum(text.encode())}\n"]))

    def play(self, *words: str, status: int = 0) -> str:
        given = {
            "ansible_python_interpreter": sys.executable,
            "hivewright_root": str(self.root),
            "hivewright_owner": pwd.getpwuid(os.getuid()).pw_name,
            "hivewright_group": grp.getgrgid(os.getgid()).gr_name,
            "hivewright_reload": "true",
        }
        environment = {
            **os.environ,
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_NOCOLOR": "1",
            "LC_ALL": "C.UTF-8",
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            # Ansible forks while threads are there, of which newer Python warns.
            "PYTHONWARNINGS": "ignore",
        }
        settings = [word for name, value in given.items() for word in ("-e", f"{name}={value}")]
        program = [sys.executable, "-m", "ansible", "playbook", "-c", "local", "site.yml", *settings, *words]
        done = subprocess.run(
            program, cwd=self.folder / "role", env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def ran(self) -> list[str]:
        log = self.folder / "ran"
        return log.read_text().splitlines() if log.exists() else []


@pytest.mark.slow
def test_the_role_does_what_an_installation_does(built: Project, tmp_path: Path) -> None:
    host = Rehearsal(built, tmp_path)
    wanted = files_below(host.root)
    host.had(DEVD, "# older\n")
    for name in ("gone", "kept", "busy"):
        host.had(f"{ETC}/vms/{name}/start", name)
    (host.etc / "vms/kept/start").write_text("changed by hand")
    lock = host.root / "var/run/hivewright/busy/lock"
    lock.parent.mkdir(parents=True)
    lock.write_text("1\n")
    (host.etc / "vms/web1/start").unlink()
    before = files_below(host.root)

    said = host.play("--check", "--diff", "--skip-tags", "missing")
    assert files_below(host.root) == before
    assert "-# older" in said
    assert host.ran() == []

    said = host.play()
    assert "kept/start was changed on this host and is not wanted any more; it stays" in said
    assert "busy runs, and left this host" in said
    assert "missing: pkg install edk2-bhyve" in said
    assert host.ran() == ["service devd restart"]
    after = files_below(host.root)
    record = after.pop(f"{ETC}/MANIFEST")
    others = {path: after.pop(path) for path in list(after) if path not in wanted}
    assert after == {path: content for path, content in wanted.items() if path != f"{ETC}/MANIFEST"}
    assert sorted(others) == [f"{ETC}/vms/{name}/start" for name in ("busy", "kept")] + ["var/run/hivewright/busy/lock"]
    assert not (host.etc / "vms/gone").exists()
    entries, is_whole = parse_manifest(record)
    assert is_whole
    assert set(entries) == {f"root/{path}" for path in (*after, f"{ETC}/vms/busy/start", f"{ETC}/vms/kept/start")}

    (host.root / "usr/local/sbin/hivectl").write_text("changed by hand")
    said = host.play("--skip-tags", "missing", status=2)
    assert "these were changed on this host since they were installed: usr/local/sbin/hivectl" in said
    host.play("-e", "hivewright_overwrite=true", "--skip-tags", "missing")
    assert (host.root / "usr/local/sbin/hivectl").read_bytes() == wanted["usr/local/sbin/hivectl"]
    assert "changed=0 " in host.play("--skip-tags", "missing")
    assert host.ran() == ["service devd restart"]
