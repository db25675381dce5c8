"""release, poweroff, iso and metrics meet a command that fails, a kill and a full file system at each step:
whoever runs the same command again has what it promises."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host.meeting import TROUBLES, meeting
from host.play import HIVECTL, leftovers
from host.sandbox import Host
from host.scenario import SCENARIOS

pytest_plugins = ["host.fixtures"]

DAILY = SCENARIOS / "daily"
INSTALLS = SCENARIOS / "installs"
PROM = "/var/tmp/node_exporter/hivewright.prom"


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("verb", ["release", "poweroff"])
def test_a_guest_is_let_go_of_in_the_end(verb: str, trouble: str, open_site: Callable[..., Host]) -> None:
    host = open_site(DAILY, "alpha", "dash", counted=trouble == "full")
    if verb == "release":
        host.guest("web1", *[{"end": "triple", "after": 3}] * 200)

    def prepare() -> None:
        assert host.run(HIVECTL, "start", "web1").status == 0
        host.advance(10)

    for status in meeting(host, trouble, (verb, "web1"), prepare):
        where = f"{status}\n" + "\n".join(host.transcript()[-30:])
        assert status != 0 or leftovers(host) == [], where
        again = host.run(HIVECTL, verb, "web1")
        assert again.status == 0, f"{again}\n{where}"
        host.advance(10)
        assert leftovers(host) == [], where


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
def test_the_file_of_metrics_is_the_old_one_or_the_new_one(trouble: str, open_site: Callable[..., Host]) -> None:
    host = open_site(DAILY, "alpha", "dash", counted=trouble == "full")
    host.path(PROM).parent.mkdir(parents=True)

    def prepare() -> None:
        host.path(PROM).write_text("old\n")

    for status in meeting(host, trouble, ("metrics", "-o", PROM), prepare):
        text = host.path(PROM).read_text()
        whole = text.count("hivewright_guest_up{") == 4
        assert whole or text == "old\n", text
        assert status != 0 or whole
        assert host.run(HIVECTL, "metrics", "-o", PROM).status == 0
        assert host.path(PROM).read_text().count("hivewright_guest_up{") == 4


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_drive_has_what_it_had_or_what_was_said(trouble: str, open_site: Callable[..., Host]) -> None:
    """What is said of another drive stays as it was, whatever happens."""
    host = open_site(INSTALLS, "alpha", "dash", counted=trouble == "full")
    rescue = host.path("/srv/iso/rescue.iso")
    rescue.parent.mkdir(parents=True, exist_ok=True)
    rescue.write_text("a medium")
    said = ["drivers /srv/iso/rescue.iso", "install ejected"]
    media = host.path("/var/db/hivewright/win1/media")
    words = ("iso", "insert", "win1", "drivers", str(said[0].split()[1]))

    def prepare() -> None:
        assert host.run(HIVECTL, "iso", "insert", "win1", "drivers").status == 0
        assert host.run(HIVECTL, "iso", "eject", "win1", "install").status == 0

    for status in meeting(host, trouble, words, prepare):
        found = sorted(media.read_text().splitlines())
        assert found in (said, said[1:]), (status, found)
        assert status != 0 or found == said
        assert host.run(HIVECTL, *words).status == 0
        assert sorted(media.read_text().splitlines()) == said
