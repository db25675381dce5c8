"""What hivectl verify finds on a host that is not as it was installed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host.installs import CHANGES, PF, RECORD, VMS, Installing
from host.play import HIVECTL
from host.sandbox import SHELLS

pytest_plugins = ["host.fixtures", "host.install_fixtures"]

VERIFIED = "nothing differs"


def test_verify_finds_what_was_changed_on_a_host(installing: Callable[..., Installing]) -> None:
    play = installing()
    play.hivectl("verify", says=VERIFIED)
    play.sh(
        f"echo '# mine' >>{PF}; chmod 0644 {VMS}/seed1/seed/user-data; rm /usr/local/sbin/../share/man/man8/hivectl.8"
    )
    differing = [
        "/usr/local/share/man/man8/hivectl.8 is missing",
        f"{PF} was changed on this host",
        f"{VMS}/seed1/seed/user-data has the mode 0644, and not 0600",
    ]
    play.hivectl("verify", status=3, says=differing)
    play.never(*CHANGES)
    play.install("/root/a", "-f")
    play.hivectl("verify", says=VERIFIED)
    play.sh(f"rm {RECORD}")
    play.hivectl("verify", status=1, says=f"{RECORD} is missing")
    play.hivectl("verify", "alpha", status=2)


@pytest.mark.parametrize("shell", SHELLS)
def test_verify_compares_with_another_build(shell: str, installing: Callable[..., Installing]) -> None:
    play = installing(shell)
    play.sh(f"echo '# mine' >>{PF}")
    play.sh("cat /root/b/hosts/alpha/MANIFEST /root/b/runtime/MANIFEST >/tmp/wanted")
    says = play.do("/bin/sh", "-c", f"{HIVECTL} verify - </tmp/wanted", status=3).out.splitlines()
    assert f"{PF} was changed on this host" in says
    assert f"{VMS}/hook1/start is of another build" in says
    assert f"{VMS}/nat1/start is of another build" in says
    assert len(says) == 12
    play.install("/root/b", "-f")
    play.do("/bin/sh", "-c", f"{HIVECTL} verify - </tmp/wanted", says=VERIFIED)
    play.do("/bin/sh", "-c", f"{HIVECTL} verify - </dev/null", status=1, says="there is no MANIFEST")


def test_verify_tells_what_runs_otherwise(installing: Callable[..., Installing]) -> None:
    play = installing()
    play.up("hook1", "nat1")
    play.hivectl("verify", says=VERIFIED)
    play.install("/root/b")
    play.hivectl(
        "verify",
        status=3,
        says=["hook1 runs with an older definition", "network lab: made, and not in host.conf any more"],
    )
    play.hivectl("stop", "nat1", "hook1")
    play.install("/root/a")
    first = next(number for number, command in enumerate(play.step, 1) if command.startswith("install "))
    play.install("/root/b")
    play.host.call("kill_after", count=first, targets=["everything"])
    play.spawn("victim", "/bin/sh", "/root/a/install")
    play.host.wait("victim")
    assert "an installation was not finished" in play.hivectl("verify", status=3).out
