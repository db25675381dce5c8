"""Times that the runtime keeps and the compiler counts with are the same."""

from __future__ import annotations

import re

from hivewright.model.guest import HOOK_TIMEOUT, MAY_REFUSE, MOMENTS, PRESS_EVERY, Ready
from hivewright.model.vm import Vm
from hivewright.site.start_order import FORCE_SECONDS, HOOK_KILL_SECONDS
from projects import CHECKOUT

SOURCES = [path.read_text() for path in sorted((CHECKOUT / "templates").rglob("*.subr"))]


def only(pattern: str) -> str:
    """What the only place of the runtime that matches says."""
    (found,) = (match for source in SOURCES for match in re.findall(pattern, source, re.MULTILINE))
    return str(found)


def test_a_hook_may_take_as_long_as_is_counted() -> None:
    assert only(r"^hook_limit=([0-9]+)\b") == str(HOOK_TIMEOUT)
    assert only(r"^hook_end=([0-9]+)\b") == str(HOOK_KILL_SECONDS)
    assert only(r'timeout --foreground -k "\$hook_end" "(\$limit_of_hook)"')


def test_force_takes_as_long_as_is_counted() -> None:
    """After the time of a clean stop each means of force is waited for once, and for what is undone then."""
    step = int(only(r"^again=([0-9]+)\b"))
    forcing = only(r"(?s)^force_end\(\) \{\n(.*?)^\}")
    waits = re.findall(r'await_end "\$3" "\$again"', forcing.partition("tell_force")[2])
    assert len(waits) * step + int(only(r"^for_context=([0-9]+)\b")) == FORCE_SECONDS


def test_the_power_button_is_pressed_as_often_as_the_model_says() -> None:
    assert only(r"^press_every=([0-9]+)\b") == str(PRESS_EVERY)


def test_those_after_a_guest_do_what_the_model_says_where_host_conf_says_nothing() -> None:
    assert only(r"after=- ready=- limit=[0-9]+ policy=([a-z]+)$") == Vm.model_fields["on_not_ready"].default
    assert only(r"after=- ready=- limit=([0-9]+) policy=[a-z]+$") == str(Ready.model_fields["timeout"].default)


def test_a_guest_without_a_definition_has_the_time_of_one_that_says_nothing() -> None:
    assert only(r"^\tstop_within ([0-9]+)$") == str(Vm.model_fields["stop_timeout"].default)


def test_hooks_may_refuse_at_the_moments_that_the_model_names() -> None:
    sources = [path.read_text() for path in (CHECKOUT / "templates" / "runtime").rglob("*") if path.is_file()]
    asked = {moment for source in sources for moment in re.findall(r"\bask_hooks ([a-z]+)", source)}
    assert asked | {"prestart"} == MAY_REFUSE
    told = {moment for source in sources for moment in re.findall(r"\btell_hooks ([a-z]+)", source)}
    assert told == set(MOMENTS) - MAY_REFUSE
