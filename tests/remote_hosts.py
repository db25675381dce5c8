"""ssh(1) to a host that is a folder: its files, its programs, and beside them those of every system."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

SSH = """\
#!/bin/sh
# Runs a command as a login shell on the host would; what lies in the folder is all that it has.
while [ "$1" != -- ]; do
	shift
done
if [ "$2" != {address} ]; then
	echo "ssh: connect to host $2 port 22: Connection refused" >&2
	exit 255
fi
shift 2
exec {bwrap} --bind {root} / --ro-bind /usr /usr --bind {root}/usr/local /usr/local --dev /dev --proc /proc \\
	--unshare-all --clearenv --setenv PATH /usr/local/bin:/usr/bin --chdir / /bin/sh -c "$*"
"""
UNAME = '#!/bin/sh\n[ "$*" = -sr ] && echo "{system}"\n'


def reach(folder: Path, files: Mapping[str, str], programs: Mapping[str, str], system: str = "FreeBSD 14.3-RELEASE-p2",
          address: str = "alpha") -> str:  # fmt: skip
    """Makes the host and a program ssh that reaches it; the folder to put in front of PATH."""
    root = folder / "host"
    for name, text in files.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    own = {**programs, "uname": UNAME.format(system=system)}
    (root / "usr/local/bin").mkdir(parents=True, exist_ok=True)
    for name, text in own.items():
        (root / "usr/local/bin" / name).write_text(text)
        (root / "usr/local/bin" / name).chmod(0o755)
    for name in ("bin", "lib", "lib64", "sbin"):
        (root / name).symlink_to(f"usr/{name}")
    ssh = folder / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(SSH.format(address=address, root=root, bwrap=shutil.which("bwrap")))
    ssh.chmod(0o755)
    return str(ssh.parent)
