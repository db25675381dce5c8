"""Prints the project's performance figures, each beside the floor measured in the same run.

The floor is what no compiler of this input and output can avoid: parse the same bytes of TOML, write the same
bytes to the same file system. Figures are of several whole processes, on a RAM disk where there is one: the shortest,
which others on the machine disturbed least (see timeit in Python's library), and the median.

    python tests/bench.py [VMS …]        (10, 1000 and 10000 if none are given)
"""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VMS_PER_HOST = 100
HOSTS = (100, 1000)


@dataclass(frozen=True, slots=True)
class Run:
    """One process: wall time in seconds and the peak resident set of its largest process in MiB."""

    seconds: float
    mebibytes: float


@dataclass(frozen=True, slots=True)
class Figure:
    """Several processes of one kind: the shortest and the median time in seconds, and the largest peak in MiB."""

    best: float
    median: float
    mebibytes: float


def hivewright(project: Path, *arguments: str, cache: Path, status: int = 0) -> Run:
    """Run the compiler as a user would, with a cache folder of its own; ``status`` is how it has to end."""
    # Compiled modules are kept, as they are for users.
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-m", "hivewright", "-C", str(project), *arguments]
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    errors = process.stderr.read()
    _, ended, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if os.waitstatus_to_exitcode(ended) != status:
        sys.exit(f"{' '.join(command)} failed:\n{errors.decode()}")
    return Run(seconds, usage.ru_maxrss / 1024)


def figure(runs: list[Run]) -> Figure:
    seconds = [run.seconds for run in runs]
    return Figure(min(seconds), statistics.median(seconds), max(run.mebibytes for run in runs))


def write_site(project: Path, count: int, per_host: int = VMS_PER_HOST) -> None:
    """A site of ``count`` VMs, so many on a host and one file per host; every second VM has first-boot data."""
    site = project / "site"
    site.mkdir(parents=True)
    common = ['[site]\nname = "bench"\ndomain = "example.net"\n']
    common.append('[network.lan]\nkind = "bridge"\nuplink = "ix0"\n')
    common.append('[storage.fast]\nkind = "zfs"\ndataset = "zroot/vms"\n')
    common.append('[user.alice]\nssh_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ alice"]\n')
    (site / "site.toml").write_text("\n".join(common))
    for host in range((count + per_host - 1) // per_host):
        name = f"host{host:03}"
        lines = [f'[host.{name}]\nfreebsd = "14.3"\ncpus = 128\nmemory = "1T"\nshutdown_timeout = 600\n']
        indexes = range(host * per_host, min(count, (host + 1) * per_host))
        lines += [vm_toml(index, name) for index in indexes]
        (site / f"{name}.toml").write_text("\n".join(lines))


def vm_toml(index: int, host: str) -> str:
    address = f"10.{index // 62500}.{index // 250 % 250}.{index % 250 + 2}"
    lines = [
        f'[vm.web{index}]\nhost = "{host}"\nprofile = "debian-13"\ncpus = 4\nmemory = "4G"\norder = {10 + index % 3}',
        f'[vm.web{index}.disk.root]\nstorage = "fast"\nsize = "20G"',
        f'[vm.web{index}.nic.lan]\nnetwork = "lan"',
    ]
    if index % 2:
        lines.append(f'ipv4 = "{address}/8"\ngateway4 = "10.255.0.1"\ndns = ["192.0.2.53"]')
        lines.append(f'[vm.web{index}.cloud_init]\nusers = ["alice"]\npackages = ["nginx"]')
    return "\n".join(lines) + "\n"


PARSE_FLOOR = """
import sys, tomli
from pathlib import Path
for path in Path(sys.argv[1]).rglob("*.toml"):
    tomli.loads(path.read_text())
"""

WRITE_FLOOR = """
import os, sys
source, target = sys.argv[1:]
for folder, _, names in os.walk(source):
    goal = target + folder[len(source):]
    os.makedirs(goal, exist_ok=True)
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            content = file.read()
        with open(os.path.join(goal, name), "wb") as file:
            file.write(content)
"""


def python_floor(code: str, *arguments: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, *arguments], check=True)
    return time.perf_counter() - started


@contextmanager
def ram_disk() -> Iterator[Path]:
    """A temporary folder, on /dev/shm where that exists."""
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="hivewright-bench-", dir=base) as directory:
        yield Path(directory)


def show(label: str, runs: list[Run], floor: float, floor_label: str) -> None:
    found = figure(runs)
    print(
        f"  {label:<28}{found.best * 1000:7.0f} ms (median {found.median * 1000:5.0f}) {found.mebibytes:4.0f} MiB"
        f"  {found.best / floor:5.1f} x {floor_label} ({floor * 1000:.0f} ms)",
        flush=True,
    )


def shortest(code: str, *arguments: str, times: int) -> float:
    """The shortest time of a floor, in seconds."""
    return min(python_floor(code, *arguments) for _ in range(times))


def bench_example(base: Path) -> None:
    project = base / "example"
    project.mkdir()
    shutil.copytree(ROOT / "site", project / "site")
    cache = base / "cache-example"
    start = shortest("pass", times=9)
    print("the example site")
    first = [hivewright(project, "check", cache=base / f"cache-{number}") for number in range(15)]
    show("check, for the first time", first, start, "starting Python")
    again = [hivewright(project, "check", cache=cache) for _ in range(9)]
    show("check, nothing changed", again, start, "starting Python")
    hivewright(project, "build", cache=cache)
    nothing = [hivewright(project, "build", cache=cache) for _ in range(9)]
    show("build, nothing to do", nothing, start, "starting Python")


def bench_size(base: Path, count: int) -> None:
    project = base / f"site-{count}"
    write_site(project, count)
    print(f"{count} VMs on {(count + VMS_PER_HOST - 1) // VMS_PER_HOST} hosts")
    first = []
    for number in range(3):
        for made in (project / "build", project / "site" / "locks"):
            shutil.rmtree(made, ignore_errors=True)
        cache = base / f"cache-{count}-{number}"
        first.append(hivewright(project, "build", cache=cache))
    parse = shortest(PARSE_FLOOR, str(project / "site"), times=3)
    write = python_floor(WRITE_FLOOR, str(project / "build"), str(base / f"copy-{count}"))
    shutil.rmtree(base / f"copy-{count}")
    show("build from nothing", first, parse + write, "parse and write")
    start = shortest("pass", times=9)
    nothing = [hivewright(project, "build", cache=cache) for _ in range(9)]
    show("build, nothing to do", nothing, start, "starting Python")
    changed = []
    for memory in range(5, 12):
        change_memory(project / "site" / "host000.toml", f"{memory}G")
        changed.append(hivewright(project, "build", cache=cache))
    show("build, one VM changed", changed, parse, "parse")
    checks = [hivewright(project, "check", cache=base / f"cache-{count}-check-{number}") for number in range(5)]
    show("check, for the first time", checks, parse, "parse")
    words = [f"host{host:03}" for host in range((count + VMS_PER_HOST - 1) // VMS_PER_HOST)]
    hivewright(project, "build", cache=cache)
    bundles = [hivewright(project, "bundle", *words, "-o", str(base / "all.tar"), cache=cache) for _ in range(3)]
    show("bundle of all hosts", bundles, parse + write, "parse and write")
    bench_plan(project, count, cache, parse)
    shutil.rmtree(project)


def bench_hosts(base: Path) -> None:
    """What comes to many hosts costs in proportion to their number: 10 VMs on each, and ten times as many hosts."""
    print("hosts with 10 VMs each")
    rows: list[list[float]] = []
    for hosts in HOSTS:
        project, cache = base / f"hosts-{hosts}", base / f"cache-hosts-{hosts}"
        write_site(project, hosts * 10, 10)
        built = hivewright(project, "build", cache=cache)
        bundles = [hivewright(project, "bundle", "*", "-o", str(base / "all.tar"), cache=cache) for _ in range(2)]
        shutil.copytree(project / "build", base / "before" / "build")
        for file in (project / "site").glob("host*.toml"):
            file.write_text(file.read_text().replace('memory = "4G"', 'memory = "3G"'))
        against = ("plan", "--against", str(base / "before"))
        plans = [hivewright(project, *against, cache=cache, status=3) for _ in range(2)]
        pages = [hivewright(project, "report", cache=cache)]
        shutil.rmtree(base / "before")
        shutil.rmtree(project)
        found = [figure(runs) for runs in ([built], bundles, plans, pages)]
        for label, each in zip(("build from nothing", "bundle", "plan, all VMs changed", "report"), found, strict=True):
            print(f"  {f'{hosts} hosts, {label}':<34}{each.best * 1000:7.0f} ms {each.mebibytes:5.0f} MiB", flush=True)
        rows.append([each.best for each in found])
    times = ", ".join(f"{many / few:.1f}" for few, many in zip(*rows, strict=True))
    print(f"  {HOSTS[1] // HOSTS[0]} times the hosts take so many times as long: {times}", flush=True)


def bench_plan(project: Path, count: int, cache: Path, parse: float) -> None:
    """What a change of one VM, and of all of them, does, compared with what a revision has committed."""
    git = ["git", "-C", str(project), "-c", "user.name=bench", "-c", "user.email=bench@example.net"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "bench"]):
        subprocess.run([*git, *words], check=True)
    change_memory(project / "site" / "host000.toml", "12G")
    one = [hivewright(project, "plan", cache=cache, status=3) for _ in range(5)]
    show("plan, one VM changed", one, parse, "parse")
    for file in (project / "site").glob("host*.toml"):
        file.write_text(file.read_text().replace('memory = "4G"', 'memory = "3G"'))
    everything = [hivewright(project, "plan", cache=cache, status=3) for _ in range(3 if count > 1000 else 5)]
    show("plan, all VMs changed", everything, parse, "parse")


def change_memory(path: Path, memory: str) -> None:
    """Give the first VM of a file another amount of memory."""
    head, mark, tail = path.read_text().partition('memory = "1T"')
    end = tail.index('memory = "') + len('memory = "')
    path.write_text(head + mark + tail[:end] + memory + tail[tail.index('"', end) :])


def bench_start(base: Path) -> None:
    """Processes of one start-to-stop cycle on the stand-in host, alone and beside 50 other guests."""
    sys.path.insert(0, str(ROOT / "tests"))
    from host.build import build_tree
    from host.cases.test_process_budget import BUDGET, crowd, cycle
    from host.sandbox import Host, prepare

    tree, standin = build_tree(base / "tree"), prepare(base)
    print("a guest with one disk and one NIC, from start to stop")
    for label, others in (("alone on its host", 0), ("beside 50 others", 50)):
        directory = base / f"host-{others}"
        directory.mkdir()
        host = Host(tree, directory, standin, "dash")
        try:
            crowd(host, others)
            print(f"  {label:<34}{len(cycle(host)):9} external commands (budget {BUDGET})")
        finally:
            host.close()


def main() -> None:
    counts = [int(argument) for argument in sys.argv[1:]] or [10, 1000, 10000]
    print(f"Python {platform.python_version()}, {os.path.realpath(sys.executable)}")
    with ram_disk() as base:
        bench_example(base)
        for count in counts:
            bench_size(base, count)
        bench_hosts(base)
        # Last, because what this process itself has in memory counts as the peak of those it starts.
        bench_start(base)


if __name__ == "__main__":
    main()
