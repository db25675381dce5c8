"""The fixture of tests that install bundles; a test module that uses it names this plugin."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host.sandbox import Host

from .installs import SITE, Installing, after, before


@pytest.fixture(name="installing")
def with_bundles(open_site: Callable[..., Host]) -> Callable[..., Installing]:
    """Opens a host that has the files of one bundle in /root/a, with another one in /root/b."""

    def opened(shell: str = "dash", **settings: object) -> Installing:
        play = Installing(open_site(SITE, "alpha", shell, **settings))
        play.unpack(before(), "/root/a")
        play.unpack(after(), "/root/b")
        play.install("/root/a")
        return play

    return opened
