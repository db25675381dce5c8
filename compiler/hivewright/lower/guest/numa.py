"""Memory domains of a guest (bhyve(8), -n)."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.lower.context import Guest
from hivewright.plan import Option
from hivewright.values import format_cpu_list, format_mebibytes


def lower_numa(guest: Guest) -> Iterator[Option]:
    """One ``-n`` a domain. Without sizes bhyve splits the memory of ``-m`` evenly."""
    for number, domain in sorted(guest.vm.numa.items()):
        path = f"numa.{number}"
        words, keys = [f"id={number}"], [f"{path}.cpus"]
        if domain.size is not None:
            words.append(f"size={format_mebibytes(domain.size)}")
            keys.append(f"{path}.size")
        words.append(f"cpus={format_cpu_list(domain.cpus)}")
        if domain.policy is not None:
            words.append(f"domain_policy={domain.policy}")
            keys.append(f"{path}.policy")
        yield Option(("-n", ",".join(words)), tuple(keys), path)
