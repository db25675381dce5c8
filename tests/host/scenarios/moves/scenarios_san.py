"""A guest of several hosts whose disk is on iSCSI: nothing but the hosts themselves knows whose it is."""

from __future__ import annotations

import pytest

from host.link import Link
from host.play import Play
from host.scenario import scenario

from .scenarios import told

pytestmark = pytest.mark.usefixtures("play", "link")
TARGETS = {"iqn.2024-01.net.example:vms": {"portal": "192.0.2.60", "luns": [1]}}


@scenario(targets=TARGETS)
def there_and_back(play: Play, far: Play) -> None:
    """Its disk stays where it is: each host knows who owns it, from the first start on."""
    play.hivectl("start", "san1")
    assert told(play, "san1") == "alpha"
    far.hivectl("start", "san1", status=1, says="san1: it lives on alpha. To bring it here, on alpha: hivectl migrate")
    far.never("iscsictl", "bhyve")
    play.hivectl("migrate", "san1", "beta")
    assert (told(play, "san1"), told(far, "san1")) == ("beta", "beta")
    far.has("guest san1")
    assert not play.state("session")
    play.hivectl("start", "san1", status=1, says="san1: it lives on beta. To bring it here, on beta: hivectl migrate")
    far.hivectl("migrate", "san1", "alpha")
    assert (told(play, "san1"), told(far, "san1")) == ("alpha", "alpha")
    play.has("guest san1")
    assert not far.state("session")


@scenario(targets=TARGETS)
def it_was_never_started(play: Play, far: Play) -> None:
    """Nothing is noted of who owns it: it is its home's, which hands it over."""
    play.made("san1")
    play.hivectl("migrate", "san1", "beta")
    assert told(far, "san1") == "beta"
    far.hivectl("start", "san1")
    play.hivectl("start", "san1", status=1, says="it lives on beta")


@scenario(targets=TARGETS)
def taken_over_meanwhile(play: Play, far: Play, link: Link) -> None:
    """A host that seemed lost asks the others before it writes a disk that they reach too."""
    play.hivectl("start", "san1")
    says = "san1: it runs on alpha, which is there; bring it here from there: hivectl migrate san1 beta"
    far.hivectl("start", "--take-over", "alpha", "san1", status=1, says=says)
    link.down = True
    play.hivectl("stop", "san1")
    outcome = far.hivectl("start", "--take-over", "alpha", "san1")
    assert "it was taken from alpha. If alpha runs it all the same" in outcome.out
    far.has("guest san1")
    link.down = False
    says = "san1: beta took it over while this host seemed lost. To bring it here, there: hivectl migrate san1 alpha"
    play.hivectl("start", "san1", status=1, says=says)
    play.never("iscsictl", "bhyve")
    assert told(play, "san1") == "beta"
    play.hivectl("start", "san1", status=1, says="san1: it lives on beta")
    far.hivectl("migrate", "san1", "alpha")
    play.has("guest san1")


@scenario(targets=TARGETS)
def nobody_answers(play: Play, far: Play, link: Link) -> None:
    """Who is not there does not keep a guest from its home."""
    link.down = True
    play.hivectl("start", "san1")
    play.has("guest san1")
    far.hivectl("start", "san1", status=1, says="it lives on alpha")


@scenario(targets=TARGETS)
def both_say_that_it_is_theirs(play: Play, far: Play, link: Link) -> None:
    """Whom the operator named last is right, though the other one does not know it yet."""
    play.hivectl("start", "san1")
    play.hivectl("stop", "san1")
    far.hivectl("start", "--take-over", "alpha", "san1")
    far.hivectl("restart", "san1")
    assert (told(play, "san1"), told(far, "san1")) == ("alpha", "beta")
    link.down = True
    far.hivectl("stop", "san1")
    play.hivectl("start", "san1")  # as a host that boots without a network does
    play.hivectl("stop", "san1")
    link.down = False
    far.wait(60)
    play.wait(60)
    far.hivectl("start", "san1")
    far.hivectl("stop", "san1")
    play.hivectl("start", "san1", status=1, says="beta took it over while this host seemed lost")
    play.hivectl("start", "--take-over", "beta", "san1")
    play.hivectl("restart", "san1")
    assert (told(play, "san1"), told(far, "san1")) == ("alpha", "beta")
    far.hivectl("start", "san1", status=1, says="alpha took it over while this host seemed lost")
    far.never("iscsictl", "bhyve")
