"""``hivewright deploy``: install what was built on hosts, over ssh."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from hivewright.diagnostics.printer import visible
from hivewright.impact.consequence import CODES, Consequence, Impact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hivewright.delivery.remote import Answer
    from hivewright.pipeline.compile_host import Compiled
    from hivewright.site import Site


def add_arguments(parser: ArgumentParser) -> None:
    """Which hosts, and what may be done without a question."""
    parser.description = (
        "Says what installing what was built would do to hosts, asks, and does it on all of them side by side, over "
        "ssh, as root and without passwords."
    )
    parser.add_argument("host", nargs="+", metavar="HOST", help="a host of the site, or a pattern such as '*'")
    parser.add_argument("--yes", action="store_true", help="do not ask; leaves hosts alone where data is at risk")
    parser.add_argument(
        "--fail-on", metavar="LEVEL", choices=CODES, help="with --yes, leave hosts alone at this consequence or more"
    )
    parser.add_argument("--overwrite", action="store_true", help="with --yes, replace files changed on a host as well")
    parser.add_argument(
        "--restart",
        choices=("changed", "none"),
        default="none",
        help="afterwards, restart guests that run with an older definition (default: none)",
    )


def run(arguments: Namespace) -> int:
    """0; 1 on errors, or when something failed on a host; 2 for a host that is not there, or when nobody can be asked;
    130 when the answer is no."""
    from hivewright.delivery.current import deliver
    from hivewright.impact.trees import TreeError

    try:
        return deliver(arguments, lambda site, compiled: _Deployment(arguments, site, compiled).run())
    except TreeError as error:
        sys.stderr.write(f"hivewright: {error}\n")
        return error.status


_LISTED = ("  + ", "  ~ ", "  - ", "  then: ")
"""How lines begin that name a file which is as it was expected, or a command that the plan names as well."""


class _Deployment:
    """What is done with some hosts; one that fails does not stop the others."""

    def __init__(self, arguments: Namespace, site: Site, compiled: Mapping[str, Compiled]) -> None:
        from hivewright.pipeline.compile_host import compile_runtime

        self.arguments = arguments
        self.site = site
        self.compiled = compiled
        self.addresses = {host: site.hosts[host].address or host for host in compiled}
        self.runtime = compile_runtime()
        self.failed: set[str] = set()

    def run(self) -> int:
        impacts = self._plan()
        self._look()
        if self.arguments.yes:
            for host in self._left():
                self._leave_alone_at_risk(host, impacts)
        elif self._left() and not _ask(self._left()):
            return 130 if sys.stdin.isatty() else 2
        self._install()
        if self.arguments.restart == "changed":
            self._restart()
        return 1 if self.failed else 0

    def _left(self) -> list[str]:
        """The hosts where nothing failed so far."""
        return [host for host in self.addresses if host not in self.failed]

    def _fail(self, host: str, why: str) -> None:
        self.failed.add(host)
        sys.stderr.write(f"{host}: {visible(why)}\n")

    def _plan(self) -> list[Impact]:
        """Prints what the change does to guests, hosts and data."""
        from hivewright.impact.compare import compare
        from hivewright.impact.origins import origins
        from hivewright.impact.remote import ask_hosts, tree_of
        from hivewright.impact.report import as_text

        answers = ask_hosts(self.addresses)
        for host, answer in answers.items():
            if isinstance(answer, str):
                self._fail(host, answer)
        tree, running = tree_of({host: answers[host] for host in self._left()})
        impacts = compare(tree, {host: self.compiled[host].files for host in self._left()}, running=running)
        _say(as_text(impacts, lambda impact: origins(self.site, impact), verbose=self.arguments.verbose))
        return impacts

    def _look(self) -> None:
        """Prints what the script would do, and what it found changed on the hosts or in the way; with -v all files."""
        for host, answer in self._on_each("-n"):
            verbose = self.arguments.verbose
            _say(line for line in answer.lines if verbose or not line.startswith(_LISTED))
            if answer.status != 0:
                self._fail(host, "nothing was installed")

    def _leave_alone_at_risk(self, host: str, impacts: Iterable[Impact]) -> None:
        limit = CODES[self.arguments.fail_on] if self.arguments.fail_on else Consequence.DATA
        heaviest = max((each.consequence for each in impacts if each.host == host), default=Consequence.NOTHING)
        if heaviest >= limit:
            self._fail(host, f"left alone: the consequence of the change is {heaviest.code}")

    def _install(self) -> None:
        """Whoever was asked has seen what was changed on a host."""
        words = ("-r", "-f") if self.arguments.overwrite or not self.arguments.yes else ("-r",)
        for host, answer in self._on_each(*words):
            _say(line for line in answer.lines if ": missing: " not in line)
            if answer.status != 0:
                self._fail(host, f"the installation ended with status {answer.status}")

    def _on_each(self, *words: str) -> Iterator[tuple[str, Answer]]:
        from hivewright.delivery.archive import archive
        from hivewright.delivery.package import package
        from hivewright.delivery.remote import install, side_by_side

        def act(host: str) -> Answer:
            # Made when it is sent: those of many hosts would need much memory at once.
            packed = archive(package(self.runtime, {host: self.compiled[host]}))
            return install(self.addresses[host], packed, *words, host)

        yield from side_by_side(act, self._left())

    def _restart(self) -> None:
        """Restarts the guests that run with a definition that is not the one installed now."""
        from hivewright.delivery.remote import run as run_there
        from hivewright.delivery.remote import side_by_side
        from hivewright.impact.remote import HIVECTL, Installed, ask

        def act(host: str) -> Answer | None:
            found = ask(self.addresses[host])
            running = found.running if isinstance(found, Installed) else {}
            current = {vm.name: vm.digest for vm in self.compiled[host].plan.vms}
            old = [vm for vm, digest in running.items() if vm in current and current[vm] != digest]
            return run_there(self.addresses[host], f"{HIVECTL} restart {' '.join(old)}") if old else None

        for host, answer in side_by_side(act, self._left()):
            if answer is not None:
                _say(f"{host}: {line}" for line in answer.lines)
                if answer.status != 0:
                    self._fail(host, "not all guests were restarted")


def _ask(hosts: Sequence[str]) -> bool:
    if not sys.stdin.isatty():
        sys.stderr.write("hivewright: nobody can be asked; look at this, and run it again with --yes\n")
        return False
    sys.stderr.write(f"Install this on {', '.join(hosts)}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        print(visible(line), flush=True)
