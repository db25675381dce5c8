"""What the operator of a host has to do about a change, in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hivewright.impact.consequence import Impact, Needs, together


def steps(impacts: Iterable[Impact]) -> list[str]:
    """The steps for some guests of one host, or for the host with them; equal commands for several guests are one."""
    found = [(impact, impact.needs) for impact in impacts]
    return list(dict.fromkeys(_steps(found))) if found else []


def _steps(found: Sequence[tuple[Impact, Needs]]) -> Iterator[str]:
    host, needs = found[0][0].host, together(each for _, each in found)
    guests = [(impact.guest, each) for impact, each in found if impact.guest]
    gone = {impact.guest for impact, _ in found if impact.is_gone}
    off = [vm for vm, each in guests if each.off]
    if needs.networks_down:
        yield "hivectl stop"
        yield "hivectl network down"
    elif off:
        yield f"hivectl stop {' '.join(off)}"
    yield from needs.by_hand
    if needs.install:
        yield f"install the files of {host}"
    if needs.reboot:
        yield "shutdown -r now"
        return
    yield from needs.reload
    if needs.networks_up:
        yield "hivectl network up"
    provision = [vm for vm, each in guests if each.provision]
    to_stop = [vm for vm, each in guests if each.provision and not each.off and not each.start]
    if to_stop and not needs.networks_down:
        yield f"hivectl stop {' '.join(to_stop)}"
    yield from (f"hivectl provision {vm}" for vm in provision)
    if needs.networks_down:
        yield "hivectl start"
    is_off = {*off, *provision}
    started = [vm for vm, each in guests if each.start or (vm in is_off and each.restart and vm not in gone)]
    if started and not needs.networks_down:
        yield f"hivectl start {' '.join(started)}"
    restarted = [vm for vm, each in guests if each.restart and vm not in {*is_off, *started, *gone}]
    if restarted and not needs.networks_down:
        yield f"hivectl restart {' '.join(restarted)}"
