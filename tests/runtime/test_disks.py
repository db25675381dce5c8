"""The disks among the words of bhyve(8), and which paths lead to the same one, in every shell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runtime_parts import library_at
from shells import SHELLS

pytestmark = pytest.mark.parametrize("shell", SHELLS)


def run(directory: Path, shell: str, script: str) -> str:
    library = library_at(directory / "library")
    text = f'set -u\n. "{library}/lib/runtime.subr"\nload_part lib/disks.subr\n{script}\n'
    done = subprocess.run([*SHELLS[shell], "-c", text], capture_output=True, text=True, check=False, cwd=directory)
    assert (done.returncode, done.stderr) == (0, ""), (shell, done)
    return done.stdout


def test_disks_are_found_in_the_words_of_bhyve(shell: str, tmp_path: Path) -> None:
    words = [
        *("-c", "cpus=1", "-s", "0:0:0,hostbridge", "-s", "3,virtio-blk,/a,ro,ser=x", "-s", "0:4:0,nvme,/b,sectsz=512"),
        *("-s", "5:0,ahci,hd:/c,nocache,cd:/d,hd:/e", "-s", "6,ahci-hd,/f", "-s", "7,ahci-cd,/g,ro"),
        *(
            "-s",
            "8,nvme,ram=64",
            "-s",
            "9,virtio-net,tap0",
            "-o",
            "pci.0.10.0.path=/h",
            "-s",
            "11,virtio-9p,x=/i",
            "web1",
        ),
    ]
    out = run(tmp_path, shell, f"disks_in {' '.join(words)}; printf '%s' \"$answer\"")
    assert out.splitlines() == ["ro /a", "rw /b", "rw /c", "ro /d", "rw /e", "rw /f", "ro /g", "rw /h"]


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("/dev/ada1", "/dev/ada1p2", True),
        ("/dev/ada1s1", "/dev/ada1", True),
        ("/dev/da1", "/dev/da10", False),
        ("/dev/zvol/p/web", "/dev/zvol/p/webp1", False),
        ("/dev/zvol/p/web", "/dev/zvol/p/web", True),
        ("file", "link", True),
        ("file", "second", True),
        ("folder/../file", "file", True),
        ("file", "other", False),
        ("file", "missing", False),
        ("missing", "gone", False),
    ],
)
def test_paths_are_the_same_disk_by_what_they_lead_to(
    shell: str, left: str, right: str, same: bool, tmp_path: Path
) -> None:
    for name in ("file", "other"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "second").hardlink_to(tmp_path / "file")
    out = run(
        tmp_path, shell, f"! same_disk '{left}' '{right}' || echo same; ! same_disk '{right}' '{left}' || echo same"
    )
    assert out.split() == ["same", "same"] * same
