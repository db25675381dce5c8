"""A sandbox in which a built host tree runs unchanged: bubblewrap around a root made of that tree.

Nothing of this machine is seen inside but one shell as /bin/sh, the stand-ins under FreeBSD's paths, and, below
paths no script looks at, what the stand-ins need themselves. No privilege is needed where the kernel grants user
namespaces; where it does not, or bwrap is missing, ``SandboxError`` says so.
"""

from __future__ import annotations

import compileall
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .campaign import in_shell
from .standin.commands import BUILTIN, places
from .standin.reply import BUSYBOX

HERE = Path(__file__).parent
GRAMMAR = ("bhyve_grammar.py", "bhyve_variables.py", "bhyve_words.py")
"""The strict parser of bhyve's command line, which the stand-in bhyve asks as well."""
FRESH = "fresh"
"""The folder beside the stand-ins with the root of a host that has nothing of ours."""
SHELLS = {"dash": "dash", "busybox": "busybox", "bash": "bash", "lksh": "lksh"}
FIRMWARE = (
    "usr/local/share/uefi-firmware/BHYVE_UEFI.fd",
    "usr/local/share/uefi-firmware/BHYVE_UEFI_CODE.fd",
    "usr/local/share/uefi-firmware/BHYVE_UEFI_VARS.fd",
)
DIRECTORIES = (
    *("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin"),
    *(
        "dev",
        "etc",
        "etc/rc.conf.d",
        "root",
        "tmp",
        "var/run",
        "var/db",
        "var/log",
        "var/tmp",
        "usr/local/share/uefi-firmware",
    ),
    *(".linux/run", ".linux/proc", ".linux/standin", ".linux/nodes", ".linux/dev"),
)


class HostFaultError(AssertionError):
    """Something happened on the host that no script may bring about; the text says what."""


class SandboxError(Exception):
    """This machine cannot run the sandbox; the text says what to install or to allow."""


@dataclass(frozen=True)
class Outcome:
    """How an operator's command ended; ``status`` is None when it hangs, and ``err`` shows the processes then."""

    status: int | None
    out: str
    err: str


def find(program: str) -> str:
    """The path of a program this machine must have."""
    path = shutil.which(program)
    if path is None:
        raise SandboxError(f"{program} is not installed, and the stand-in host needs it (package bubblewrap for bwrap)")
    return os.path.realpath(path) if program != "busybox" else path


def prepare(directory: Path) -> Path:
    """Compile the stand-ins once per session, so that each call of one starts fast; raises SandboxError."""
    target = directory / "standin"
    shutil.copytree(HERE / "standin", target, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    for name in GRAMMAR:
        shutil.copy(HERE.parent / name, target)
    compileall.compile_dir(target, quiet=1)
    make_fresh(directory / FRESH)
    command = [find("cc"), "-O1", "-static", "-s", "-o", "command", *(path.name for path in target.glob("*.c"))]
    done = subprocess.run(command, cwd=target, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SandboxError(f"the front of the stand-in commands does not compile:\n{done.stderr}")
    return target


def interpreter() -> tuple[str, list[str]]:
    """The interpreter's path inside, and the arguments of bwrap that bring it there."""
    prefix = sys.base_prefix
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    executable = os.path.realpath(os.path.join(prefix, "bin", version))
    if prefix == "/usr":
        return "/.linux/python", ["--ro-bind", executable, "/.linux/python"]
    return executable, ["--ro-bind", prefix, prefix]


def make_fresh(root: Path) -> None:
    """What each host has before the built tree comes: the stand-ins' links, and the files of a fresh FreeBSD."""
    python, _ = interpreter()
    for name in DIRECTORIES:
        (root / name).mkdir(parents=True, exist_ok=True)
    debugger = root / ".linux/debugger"
    debugger.write_text(
        f"#!{python} -IS\nimport sys\nsys.path.insert(0, '/.linux')\nfrom standin.debuggers import main\nmain()\n"
    )
    debugger.chmod(0o755)
    for name, place in places().items():
        (root / place[1:] / name).symlink_to("/.linux/standin/command")
    for place, names in BUILTIN.items():
        for name in names:
            (root / place[1:] / name).symlink_to("/.linux/printf" if name == "printf" else BUSYBOX)
    shutil.copy(HERE / "rc.subr", root / "etc/rc.subr")
    (root / "etc/rc.conf").write_text("")
    for name in FIRMWARE:
        (root / name).write_text("firmware\n")


def make_root(root: Path, tree: Path, fresh: Path) -> None:
    """Fill the directory that becomes /; cp(1) takes a third of the time that Python takes for hundreds of files."""
    root.mkdir()
    subprocess.run([find("cp"), "-a", f"{fresh}/.", f"{tree}/.", root], check=True)


def command_line(root: Path, standin: Path, shell: str, net: Path | None = None) -> list[str]:
    """The words that start the server in the sandbox; ``net`` is a directory that several hosts have as /net."""
    python, binds = interpreter()
    words = [
        find("bwrap"),
        "--unshare-all",
        "--die-with-parent",
        "--uid",
        "0",
        "--gid",
        "0",
        "--clearenv",
        "--cap-drop",
        "ALL",
    ]
    words += ["--bind", str(root), "/", "--proc", "/.linux/proc", "--ro-bind", str(standin), "/.linux/standin"]
    words += ["--tmpfs", "/.linux/nodes", "--dev", "/.linux/dev"]
    words += ["--bind", str(net), "/net"] if net is not None else []
    for device, place in (("null", "/dev/null"), ("null", "/.linux/null"), ("zero", "/dev/zero")):
        words += ["--dev-bind", f"/dev/{device}", place]
    for library in ("/lib", "/lib64", "/usr/lib"):
        if os.path.isdir(library):
            words += ["--ro-bind", library, library]
    words += [*binds, "--ro-bind", find(SHELLS[in_shell(shell)]), "/bin/sh"]
    words += ["--ro-bind", find("busybox"), "/.linux/busybox", "--ro-bind", find("printf"), "/.linux/printf"]
    paths = "sys.path.insert(0, '/.linux'); sys.path.append('/.linux/standin')"
    start = f"import sys; {paths}; from standin.serve import main; main()"
    return [*words, "--chdir", "/", python, "-IS", "-c", start]


class Host:
    """A running stand-in host."""

    def __init__(self, tree: Path, directory: Path, standin: Path, shell: str, **settings: Any) -> None:
        self.root = directory / "root"
        self.net = directory.parent / "net" if settings.pop("net", False) else None
        make_root(self.root, tree, standin.with_name(FRESH))
        if self.net is not None:
            self.net.mkdir(exist_ok=True)
            (self.root / "net").mkdir()
        self.process = subprocess.Popen(
            command_line(self.root, standin, shell, self.net),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.put(settings)
        if self.take() != "ready":
            raise SandboxError("the stand-in host does not answer")

    def put(self, message: object) -> None:
        """Send one line."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def take(self) -> Any:
        """Receive one line, after those by which the host asks another one (``link``)."""
        message = self.take_line()
        while isinstance(message, dict):
            self.put(self.reach(message["ssh"], self.path(message["given"])))
            message = self.take_line()
        return message

    def reach(self, words: list[str], given: Path) -> tuple[str, str, int]:
        """What ssh(1) prints to both outputs, and its status: no other host is there until a link says so."""
        assert given.exists()
        return "", f"ssh: connect to host {words[0]} port 22: No route to host\n", 255

    def take_line(self) -> Any:
        """Receive one line; raises SandboxError with what bwrap or the server said when there is none."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        line = self.process.stdout.readline()
        if not line:
            _, said = self.process.communicate()
            raise SandboxError(f"the sandbox ended (are user namespaces allowed for bwrap?):\n{said}")
        return json.loads(line)

    def call(self, verb: str, **arguments: Any) -> Any:
        """One call of ``scene.Scene``; raises HostFaultError when something happened that must not."""
        self.put([verb, arguments])
        answer, faults = self.take()
        if faults:
            raise HostFaultError("\n".join(faults))
        return answer

    def run(self, *argv: str, name: str = "operator", typed: str | None = None) -> Outcome:
        """Run a command to its end; at a terminal, where somebody types."""
        return Outcome(**self.call("run", argv=list(argv), name=name, typed=typed))

    def spawn(self, *argv: str, name: str) -> None:
        """Start a command beside others."""
        self.call("spawn", argv=list(argv), name=name)

    def wait(self, name: str) -> Outcome:
        """Wait for a command that was started."""
        return Outcome(**self.call("wait", name=name))

    def advance(self, seconds: float) -> None:
        """Let the clock run."""
        self.call("advance", seconds=seconds)

    def guest(self, name: str, *runs: dict[str, Any]) -> None:
        """Say what the guest does in its next runs (``things.Behaviour``)."""
        self.call("guest", name=name, runs=list(runs))

    def transcript(self) -> list[str]:
        """The commands since the last call."""
        lines: list[str] = self.call("transcript")
        return lines

    def state(self) -> list[str]:
        """What there is on the host."""
        lines: list[str] = self.call("state")
        return lines

    def allow(self, *kinds: str) -> None:
        """Let faults of these kinds happen: two writers, lost disk, wrong tap, not modelled."""
        self.call("allow", kinds=list(kinds))

    def path(self, name: str) -> Path:
        """A file of the sandbox, as seen from outside."""
        if self.net is not None and name.startswith("/net/"):
            return self.net / name.removeprefix("/net/")
        return self.root / name.lstrip("/")

    def make(self, *names: str) -> None:
        """Make files that the scenario needs."""
        for name in names:
            self.path(name).parent.mkdir(parents=True, exist_ok=True)
            self.path(name).write_text("made\n")

    def close(self) -> None:
        """End the sandbox with everything in it: the server ends with its input, and the kernel ends the rest."""
        try:
            self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
