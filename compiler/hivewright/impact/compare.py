"""All consequences of a change: the older tree, and what is compiled now."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from hivewright.impact.calls import read_calls
from hivewright.impact.consequence import INSTALL, Consequence, Finding, Impact, Needs
from hivewright.impact.guests import compare_guest, outdated
from hivewright.impact.hosts import HOST_CONF, compare_functions, compare_host, compare_order
from hivewright.impact.networks import Outage
from hivewright.impact.places import Places, arrival, departure, guests_of, home_moves, home_of
from hivewright.impact.seeds import Pair
from hivewright.impact.trees import Files, Tree
from hivewright.plan import GUESTS
from hivewright.source import RUNTIME

_TABLES = {"newsyslog.conf.d/": "newsyslog(8)", "cron.d/": "cron(8)"}
"""Folders of /usr/local/etc with files of the runtime that a service of the system reads, and by whom."""


Running = Mapping[str, Mapping[str, str]]
"""For each host the digests of the definitions that its guests run with, where that is known."""


def compare(
    tree: Tree,
    compiled: Mapping[str, Files],
    renamed: Mapping[str, str] | None = None,
    running: Running | None = None,
) -> list[Impact]:
    """Every guest and host with a difference, the heaviest consequence first.

    ``renamed`` has the former names of guests by their present ones, so that they keep their disks.
    """
    return _Comparison(tree, compiled, renamed or {}, running or {}).run()


class _Comparison:
    def __init__(self, tree: Tree, compiled: Mapping[str, Files], renamed: Mapping[str, str], running: Running) -> None:
        self._compiled = compiled
        self._running = running
        self._differences = tree.differences(compiled)
        hosts = tree.hosts()
        self._knows_runtime = RUNTIME in hosts
        before = {host: guests_of(paths) for host, paths in hosts.items() if host != RUNTIME}
        after = {host: guests_of(files) for host, files in compiled.items() if host != RUNTIME}
        self._places = Places(before, after, renamed)
        self._impacts: dict[tuple[str, str], Impact] = {}

    def run(self) -> list[Impact]:
        for host in sorted(self._places.old.keys() | self._places.new.keys()):
            files = self._differences.get(host, {})
            of_guests = _by_guest(files)
            for vm in sorted(self._places.old.get(host, set()) | self._places.new.get(host, set())):
                self._compare_guest(host, vm, of_guests.get(vm, {}))
            self._compare_host(host, {path: pair for path, pair in files.items() if not path.startswith(GUESTS)})
        self._compare_runtime()
        found = [impact for impact in self._impacts.values() if impact.findings]
        return sorted(found, key=lambda impact: (-impact.consequence, impact.host, impact.guest))

    def _add(self, host: str, vm: str, findings: Iterable[Finding]) -> Impact:
        impact = self._impacts.setdefault((host, vm), Impact(host, vm))
        impact.findings += findings
        return impact

    def _compare_guest(self, host: str, vm: str, changed: Mapping[str, Pair]) -> None:
        is_old, is_new = vm in self._places.old.get(host, ()), vm in self._places.new.get(host, ())
        files = {name: self._pair(host, vm, name, changed) for name in ("start", "provision")}
        files.update(changed)
        if is_old and is_new:
            if changed:
                self._add(host, vm, compare_guest(vm, files, changed))
            if "start" in changed:
                self._add(host, vm, home_moves(host, *(home_of(each, host) for each in files["start"])))
            self._add(host, vm, outdated(files["start"][0], self._running.get(host, {}).get(vm)))
        elif is_new:
            self._add(host, vm, arrival(self._places, host, vm, self._makes))
        else:
            impact = self._add(host, vm, departure(self._places, host, vm, home_of(files["start"][0], host)))
            impact.is_gone = True

    def _pair(self, host: str, vm: str, name: str, changed: Mapping[str, Pair]) -> Pair:
        """A script before and after, whether it differs or not."""
        if name in changed:
            return changed[name]
        content = self._compiled.get(host, {}).get(f"{GUESTS}{vm}/{name}")
        return content, content

    def _makes(self, host: str, vm: str, side: int) -> bytes | None:
        """The provision script of a guest that is on one side only."""
        return self._differences[host].get(f"{GUESTS}{vm}/provision", (None, None))[side]

    def _compare_host(self, host: str, files: Mapping[str, Pair]) -> None:
        if host not in self._places.new:
            reason = "the host leaves the site; what it has stays there"
            self._add(host, "", [Finding(Consequence.NOTHING, (f"host.{host}",), reason, Needs(install=False))])
            return
        for found in compare_host(files):
            if isinstance(found, Finding):
                self._add(host, "", [found])
            else:
                self._outage(host, found)
        for device, finding in compare_functions(files):
            self._add(host, "", [finding])
            self._interrupt(host, finding, rf"prepare vf \S+ {re.escape(device)} ")
        if HOST_CONF in files and host in self._places.old:
            for vm, finding in compare_order(*map(read_calls, files[HOST_CONF])):
                self._add(host, vm, [finding])
        if files.keys() & {HOST_CONF} and host not in self._places.old:
            text = f"give {host} what its INVENTORY.md lists"
            self._add(host, "", [Finding(Consequence.RELOAD, (f"host.{host}",), "it is new", Needs(by_hand=(text,)))])

    def _outage(self, host: str, outage: Outage) -> None:
        self._add(host, "", [outage.finding])
        on_it = rf"nic .*\bnetwork={re.escape(outage.network)}[ \n]"
        self._interrupt(host, outage.finding, "" if outage.whole_host else on_it)

    def _interrupt(self, host: str, finding: Finding, pattern: str) -> None:
        """The guests of a host whose start script has a line such as the pattern are off for a while."""
        line = re.compile(rf"^{pattern}".encode(), re.MULTILINE)
        for vm in sorted(self._places.old.get(host, set()) & self._places.new[host]):
            changed = self._differences.get(host, {})
            start = changed.get(f"{GUESTS}{vm}/start") or (self._compiled[host][f"{GUESTS}{vm}/start"], None)
            if any(line.search(content) for content in start if content is not None):
                own = finding._replace(needs=Needs(off=True, restart=True))
                self._add(host, vm, [own])

    def _compare_runtime(self) -> None:
        files = self._differences.get(RUNTIME, {}) if self._knows_runtime else {}
        if not files:
            return
        finding = Finding(Consequence.NOTHING, ("runtime",), "guests that run keep the runtime they have", INSTALL)
        for folder, reader in _TABLES.items():
            if any(path.startswith(f"root/usr/local/etc/{folder}") for path in files):
                text = f"{reader} reads its table by itself"
                finding = Finding(Consequence.RELOAD, ("runtime",), text, INSTALL)
        for host in sorted(self._places.old.keys() & self._places.new.keys()):
            self._add(host, "", [finding])


def _by_guest(files: Mapping[str, Pair]) -> dict[str, dict[str, Pair]]:
    found: dict[str, dict[str, Pair]] = defaultdict(dict)
    for path, pair in files.items():
        if path.startswith(GUESTS):
            vm, _, name = path.removeprefix(GUESTS).partition("/")
            found[vm][name] = pair
    return found
