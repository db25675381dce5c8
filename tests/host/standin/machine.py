"""The CPUs of the host as sysctl(8) shows them: kern.sched.topology_spec, vm.ndomains and their like."""

from __future__ import annotations

from dataclasses import dataclass

WORD = 64
"""CPUs in a word of a mask, as the kernel prints it."""
WORDS = 4
"""Words of a mask on amd64 (CPU_SETSIZE 256)."""
SMT = '<flag name="SMT">SMT group</flag>'
NODE = '<flag name="NODE">NUMA node</flag>'


@dataclass(frozen=True)
class Machine:
    """Packages, each of them a node of NUMA with a cache of its own, where there are several."""

    packages: int = 2
    cores: int = 8
    threads: int = 2

    def settings(self) -> dict[str, str]:
        """What sysctl(8) has of it."""
        return {
            "hw.ncpu": str(self.packages * self.cores * self.threads),
            "hw.physmem": str(64 << 30),
            "vm.ndomains": str(self.packages),
            "kern.sched.topology_spec": f"<groups>\n{self.whole()}</groups>\n",
        }

    def announcement(self) -> str:
        """What the kernel said of it at the boot."""
        threads = f" x {self.threads} hardware threads" if self.threads > 1 else ""
        return f"FreeBSD/SMP: {self.packages} package(s) x {self.cores} core(s){threads}\n"

    def whole(self) -> str:
        """All CPUs; one package is one with the whole."""
        size = self.cores * self.threads
        if self.packages == 1:
            return group(1, 3, range(size), "", self.cores_of(3, range(size)))
        ranges = [range(number * size, (number + 1) * size) for number in range(self.packages)]
        packages = "".join(group(3, 3, each, NODE, self.cores_of(5, each)) for each in ranges)
        return group(1, 0, range(self.packages * size), "", packages)

    def cores_of(self, indent: int, cpus: range) -> str:
        """The cores of a package; those of one thread are no groups."""
        if self.threads == 1:
            return ""
        starts = range(cpus.start, cpus.stop, self.threads)
        return "".join(group(indent, 2, range(start, start + self.threads), SMT, "") for start in starts)


def mask(cpus: range) -> str:
    """A set of CPUs as words, the lowest first."""
    bits = sum(1 << cpu for cpu in cpus)
    return ",".join(f"{bits >> (WORD * word) & ((1 << WORD) - 1):x}" for word in range(WORDS))


def group(indent: int, cache: int, cpus: range, flags: str, children: str) -> str:
    """One group, as sysctl_kern_sched_topology_spec_internal() prints it."""
    space = " " * indent
    text = f'{space}<group level="{1 + indent // 2}" cache-level="{cache}">\n'
    text += f'{space} <cpu count="{len(cpus)}" mask="{mask(cpus)}">{", ".join(map(str, cpus))}</cpu>\n'
    text += f"{space} <flags>{flags}</flags>\n" if flags else ""
    text += f"{space} <children>\n{children}{space} </children>\n" if children else ""
    return f"{text}{space}</group>\n"
