"""Guests that a supervisor of another release started are stopped while a file system is full."""

from __future__ import annotations

import pytest

from host.play import HIVECTL
from host.releases import EACH_SHELL, RELEASES, Open, hivectl, hooks, lay, left, ran, report, states


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("shell", EACH_SHELL)
def test_a_stop_on_a_full_file_system_is_no_restart(shell: str, release: str, open_release: Open) -> None:
    """The signal that disarms a supervisor would end one of the release before, which the file cannot reach either. It
    is killed; what its notes say is undone as soon as they can be read into a journal."""
    host = open_release(release, shell, counted=True)
    script = host.path("/usr/local/etc/hivewright/vms/web1/start")
    script.write_text(script.read_text().replace("on poweroff destroy", "on poweroff restart"))
    hivectl(host, "start", "web1")
    host.advance(10)
    lay(host, False)
    assert states(host)["web1"] == "running"
    host.transcript()
    host.call("fill_at", write=1, count=0)
    outcome = host.run(HIVECTL, "stop", "web1")
    assert outcome.status == (1 if release == "before" else 0), (outcome, report(host))
    host.advance(100)
    assert [command for command in ran(host) if command.startswith("bhyve")] == []
    host.call("fill_at", write=0)
    if release == "before":
        assert "not all of it could be undone" in outcome.out
        hivectl(host, "stop", "web1")
    assert left(host) == [], report(host)
    assert hooks(host) == ["prestart", "poststart", "poststop"]
