"""Whether the VMs of a host can stop in the time that it grants."""

from __future__ import annotations

from typing import Any

from builders import build_site
from hivewright.diagnostics import Diagnostic
from hivewright.rules import check_rules
from hivewright.site import Site


def codes(site: Site) -> list[str]:
    return [diagnostic.code for diagnostic in check_rules(site)]


def found(site: Site) -> Diagnostic:
    """The only diagnostic there is."""
    (diagnostic,) = check_rules(site)
    assert diagnostic.code == "HOST010"
    return diagnostic


def host(**keys: Any) -> dict[str, dict[str, Any]]:
    return {"alpha": {"freebsd": "14.3", **keys}}


def test_waves_add_up_and_a_wave_takes_as_long_as_its_slowest() -> None:
    slow, quick = {"stop_timeout": "40s"}, {"stop_timeout": "10s", "order": 60}
    hosts = host(shutdown_timeout=80)
    assert codes(build_site({"a": slow, "b": slow, "c": quick}, hosts=hosts)) == []
    assert codes(build_site({"a": slow, "b": slow, "c": quick}, hosts=host(shutdown_timeout=79))) == ["HOST010"]


def test_prestop_hooks_run_before_the_timeout_begins() -> None:
    vm = {"stop_timeout": "40s", "hooks": {"prestop": ["a.sh", "b.sh"]}}
    files = {"a.sh": b"", "b.sh": b""}
    needed = 2 * (300 + 10) + 40 + 15
    assert codes(build_site({"a": vm}, hosts=host(shutdown_timeout=needed), files=files)) == []
    diagnostic = found(build_site({"a": vm}, hosts=host(shutdown_timeout=needed - 1), files=files))
    assert "a (40s after 620 seconds for prestop hooks)" in diagnostic.message


def test_a_stop_waits_for_poststop_hooks() -> None:
    vm = {"stop_timeout": "40s", "hooks": {"poststop": [{"file": "a.sh", "timeout": "20s"}, "b.sh"]}}
    files = {"a.sh": b"", "b.sh": b""}
    needed = 40 + 15 + (20 + 10) + (300 + 10)
    assert codes(build_site({"a": vm}, hosts=host(shutdown_timeout=needed), files=files)) == []
    diagnostic = found(build_site({"a": vm}, hosts=host(shutdown_timeout=needed - 1), files=files))
    assert "a (40s, before 340 seconds for poststop hooks)" in diagnostic.message


def test_force_at_once_takes_no_time_for_a_clean_stop() -> None:
    vm = {"stop_timeout": "40s", "stop": {"method": "force"}}
    assert codes(build_site({"a": vm}, hosts=host(shutdown_timeout=15))) == []
    diagnostic = found(build_site({"a": vm}, hosts=host(shutdown_timeout=14)))
    assert "a (0s)" in diagnostic.message


def test_a_host_that_grants_no_time_of_its_own_is_not_judged() -> None:
    assert codes(build_site({"a": {"stop_timeout": "1h"}})) == []


def test_a_vm_counts_wherever_it_may_run() -> None:
    granted = {"alpha": 300, "beta": 90}
    hosts = {name: {"freebsd": "14.3", "shutdown_timeout": time} for name, time in granted.items()}
    site = build_site({"a": {"hosts": ["alpha", "beta"], "stop_timeout": "4m"}}, hosts=hosts)
    assert "of beta" in found(site).message


def test_a_suspend_is_tried_before_the_vm_is_stopped() -> None:
    """60 seconds, one for each 64 MiB, its checkpoint hooks, and 10 seconds to end the try."""
    vm = {
        "on_host_shutdown": "suspend",
        "memory": "4G",
        "stop_timeout": "40s",
        "hooks": {"checkpoint": ["a.sh"], "prestop": ["a.sh"]},
    }
    saving, prestop = 310 + 60 + 64, 310
    needed = saving + 10 + prestop + 40 + 15

    def site(granted: int) -> Site:
        able = host(shutdown_timeout=granted, capabilities=["snapshot"])
        return build_site({"a": vm}, hosts=able, files={"a.sh": b""})

    assert "HOST010" not in codes(site(needed))
    (diagnostic,) = [each for each in check_rules(site(needed - 1)) if each.code == "HOST010"]
    assert f"may take {needed} seconds" in diagnostic.message
    assert "a (40s after 434 seconds to be suspended and 310 seconds for prestop hooks)" in diagnostic.message
