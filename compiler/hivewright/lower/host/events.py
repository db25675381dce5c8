"""Rules for devd(8) that the site asks for: events of its own, and addresses of CARP that guests follow.

devd runs one statement for an event, so guests that wait for the same event share one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from hivewright.lower.host.devd import DETACHED, HIVECTL, PRIORITY
from hivewright.model.events import OF_THE_SYSTEM, Condition, expression, within
from hivewright.plan import DevdRule

if TYPE_CHECKING:
    from hivewright.plan import VmPlan


def own_rules(plans: Iterable[VmPlan]) -> Iterator[DevdRule]:
    """Those of a host, in the order of the names of its guests."""
    plans = sorted(plans, key=lambda plan: plan.name)
    followed = sorted({plan.carp for plan in plans if plan.carp})
    if followed:
        # carp_set_state() in sys/netinet/ip_carp.c tells each change, INIT between two others as well.
        places = "|".join(expression(place) for place in followed)
        matches = (("system", "CARP"), ("subsystem", f"({places})"), ("type", "(MASTER|BACKUP|INIT)"))
        action = f"{HIVECTL} event carp $subsystem {DETACHED}"
        yield DevdRule("notify", PRIORITY, matches, action, "an address that guests follow came or went")
    waiting: dict[Condition, list[tuple[str, str]]] = {}
    for plan in plans:
        for name, when, what in plan.events:
            waiting.setdefault(Condition(*when), []).append((f"{what}:{plan.name}/{name}", f"{name} of {plan.name}"))
    for when, those in waiting.items():
        first = "".join(f"{command}; " for general, command in OF_THE_SYSTEM if within(when, general))
        # devd quotes what stands for $*, the whole event, as one word of sh.
        action = f"{first}{HIVECTL} event own $* {' '.join(word for word, _ in those)} {DETACHED}"
        values = tuple((name, expression(value)) for name, value in when.values)
        yield DevdRule(when.kind, PRIORITY, values, action, f"the site: {', '.join(reason for _, reason in those)}")
