"""What goes to hosts is what was built and reviewed: what is compiled has to be what lies in build/."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence

from hivewright.output.compare import compare_host
from hivewright.output.files import OutputError
from hivewright.pipeline.compile_host import Compiled, compile_runtime
from hivewright.pipeline.in_memory import compile_in_memory
from hivewright.pipeline.session import Session, load_project
from hivewright.site import Site
from hivewright.site.selection import SelectionError, select_vms
from hivewright.source import RUNTIME


class NotCurrentError(Exception):
    """Nothing can be delivered: why, and the remedy. ``status`` is that of the command."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


def deliver(arguments: Namespace, act: Callable[[Site, dict[str, Compiled]], int]) -> int:
    """Do something with the hosts of a command line as they were built.

    The status is that of ``act``; 1 on errors, and when build/ is not what the site says; 2 for an unknown host.
    """
    with load_project(arguments) as session:
        if session.site is None:
            return 1
        try:
            compiled = current_hosts(session, session.site, arguments.host)
        except NotCurrentError as error:
            sys.stderr.write(f"hivewright: {error}\n")
            return error.status
        return 1 if compiled is None else act(session.site, compiled)


def current_hosts(session: Session, site: Site, hosts: Sequence[str]) -> dict[str, Compiled] | None:
    """Some hosts, by names or patterns, as they were built; ``None`` after an error of the site, which was reported.

    Raises ``NotCurrentError`` for a host that is not there, and where build/ is not what the site says now.
    """
    try:
        named = select_vms(site.hosts, hosts, kind="host")
    except SelectionError as error:
        text = f"there is no host {error.word} in the site; there are: {', '.join(site.hosts)}"
        raise NotCurrentError(text, 2) from None
    compiled = compile_in_memory(session, site, sorted(named))
    if compiled is None:
        return None
    for name, artifacts in {
        RUNTIME: compile_runtime(),
        **{host: each.artifacts for host, each in compiled.items()},
    }.items():
        try:
            is_other = bool(compare_host(session.project.build, name, artifacts).changes)
        except OutputError as error:
            raise NotCurrentError(str(error)) from None
        if is_other:
            raise NotCurrentError(
                f"{session.project.build / name} is not what the site says now; run hivewright build, and look at the "
                "change before it is shipped"
            )
    return compiled
