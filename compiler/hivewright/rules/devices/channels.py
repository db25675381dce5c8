"""Channels: ports of a virtio console."""

from __future__ import annotations

from collections.abc import Iterator

from hivewright.diagnostics import Diagnostic
from hivewright.model.devices import AGENT_PORT
from hivewright.rules.site_index import SiteIndex, diagnose, ordered

CHANNELS = 16
"""Ports of one virtio console (bhyve(8))."""


def channel_ports(index: SiteIndex) -> Iterator[Diagnostic]:
    site = index.site
    for name, vm in index.using("channel"):
        if len(vm.channel) > CHANNELS:
            yield diagnose(
                "DEV005",
                f"{name} has {len(vm.channel)} channels; a virtio console has {CHANNELS} ports",
                site.place("vm", name, "channel", part="table"),
                "delete channels that nothing uses",
            )
        first: dict[str, str] = {}
        if vm.agent is not None:
            for key, channel in ordered(vm.channel):
                if (channel.port or key) == AGENT_PORT:
                    yield diagnose(
                        "DEV005",
                        f"the channel {key} of {name} is called {AGENT_PORT}, as that of its guest agent is",
                        site.place("vm", name, "channel", key, "port"),
                        "delete this channel; agent = true makes one",
                        [site.place("vm", name, "agent", part="table")],
                    )
        for key, channel in ordered(vm.channel):
            port = channel.port or key
            other = first.setdefault(port, key)
            if other != key:
                yield diagnose(
                    "DEV005",
                    f"the channels {other} and {key} of {name} are both called {port} in the guest",
                    site.place("vm", name, "channel", key, "port"),
                    "give one of them another port",
                    [site.place("vm", name, "channel", other, part="table")],
                )
