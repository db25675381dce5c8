"""A debugging session that is killed at any step is repaired by the next start or stop."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host.play import HIVECTL, leftovers
from host.sandbox import Host
from host.scenario import SCENARIOS

VICTIMS = {
    "supervisor": ["owner stub1"],
    "holder": ["holder stub1"],
    "debugger": ["debugger stub1"],
    "operator": ["operator victim"],
    "all": ["operator victim", "holder stub1", "owner stub1", "debugger stub1"],
}


@pytest.mark.parametrize("verb", ["start", "stop"])
@pytest.mark.parametrize(
    "victims", [pytest.param(name, marks=[] if name == "all" else [pytest.mark.slow]) for name in VICTIMS]
)
def test_a_killed_debugging_session_is_repaired(verb: str, victims: str, open_site: Callable[..., Host]) -> None:
    """Kill at the first, second, … command of a session; the next start or stop leaves no debugger behind."""
    host = open_site(SCENARIOS / "debug", "alpha", "dash")
    assert [host.run(HIVECTL, each, "stub1").status for each in ("start", "stop")] == [0, 0]
    hits = 0
    for step in range(1, 100):
        start = host.call("executed")
        host.call("kill_after", count=step, targets=VICTIMS[victims])
        host.spawn(HIVECTL, "debug", "stub1", name="victim")
        host.advance(10)
        over = host.call("executed") - start < step
        killed = host.call("killed")
        hits += bool(killed)
        # A session goes on without the shell that asked for it.
        if verb == "start" and killed not in ([], ["operator victim"]):
            outcome = host.run(HIVECTL, "start", "stub1")
            assert outcome.status == 0, f"killed at step {step}: {outcome}\n{host.transcript()[-40:]}"
            host.advance(5)
            assert [line for line in host.state() if line.startswith("guest ")] == ["guest stub1"]
        outcome = host.run(HIVECTL, "stop", "stub1")
        assert outcome.status == 0, f"killed at step {step}: {outcome}\n{host.transcript()[-40:]}"
        assert not leftovers(host), f"killed at step {step}: {leftovers(host)}\n{host.transcript()[-40:]}"
        assert not host.call("kill", target="debugger stub1"), f"killed at step {step}"
        host.wait("victim")
        host.transcript()
        if over:
            assert hits > 1, "nothing was ever killed"
            return
    raise AssertionError("there is no end of steps")
