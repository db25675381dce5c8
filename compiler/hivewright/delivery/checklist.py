"""What an installation looks at on a host besides files, as lines of words with a tab between them.

- ``guest NAME DIGEST``: a guest, and the digest of its definition
- ``file PATH TEXT``, ``secret PATH TEXT``, ``dataset NAME TEXT``, ``setting NAME=VALUE TEXT``: what the host must have
- ``reload PATTERN COMMAND``, ``tell PATTERN COMMAND``: what has to run when such a path says something else; what may
  interrupt guests, or whatever else is on the host, is only told
"""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.emit.inventory import preparation_text, preparations
from hivewright.impact.hosts import ETC, IOVCTL, LOADER, RELOADS
from hivewright.plan import RC_SERVICES, ROOT, HostPlan

_INTERRUPTING = ("service ipfw restart",)


def checklist(plan: HostPlan) -> bytes:
    """The checklist of a host."""
    return "".join(["\t".join(line) + "\n" for line in _lines(plan)]).encode()


def _lines(plan: HostPlan) -> Iterator[tuple[str, str, str]]:
    for vm in sorted(plan.vms, key=lambda vm: vm.name):
        yield "guest", vm.name, vm.digest
    yield from needs(plan)
    yield from reloads()


def needs(plan: HostPlan) -> Iterator[tuple[str, str, str]]:
    """What the host must have: its kind, the path, name or setting, and a text for people."""
    for item in preparations(plan):
        if item.check is not None:
            yield *item.check, f"{preparation_text(item)}: {item.reason}"


def reloads() -> Iterator[tuple[str, str, str]]:
    """``reload`` or ``tell``, a pattern of paths, and the command that has such files read again."""
    for path, command in RELOADS.items():
        yield "tell" if command in _INTERRUPTING else "reload", path.removeprefix(ROOT), command
    for service in RC_SERVICES:
        yield "tell", f"{ETC}rc.conf.d/{service}/*".removeprefix(ROOT), f"service {service} restart"
    yield "tell", f"{IOVCTL}*".removeprefix(ROOT), "service iovctl restart"
    yield "tell", f"{LOADER}*".removeprefix(ROOT), "shutdown -r now"
