"""Networks: ``[network.NAME]`` and, for one host, ``[host.HOST.network.NAME]``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hivewright.model.base import Interface, ListOf, Name, Table


class Bridge(Table):
    """A bridge that hivewright makes once per host."""

    kind: Literal["bridge"]
    hosts: ListOf[Name] = Field((), description="Hosts that have it; all if empty.")
    bridge: Interface | None = Field(None, description="Name of the interface; br-NAME if absent.")
    uplink: Literal["auto", "none"] | Interface = Field(
        "auto", description="auto: the interface of the default route, found at start; none: no physical member."
    )
    mtu: int = Field(1500, ge=576, le=16384, description="MTU of the bridge and its taps.")


class Manual(Table):
    """The administrator's own bridge, to which only taps are added."""

    kind: Literal["manual"]
    hosts: ListOf[Name] = Field((), description="Hosts that have it; all if empty.")
    bridge: Interface = Field(description="Name of the interface.")
    mtu: int = Field(1500, ge=576, le=16384, description="MTU of the bridge, given to the taps.")


Network = Annotated[Bridge | Manual, Field(discriminator="kind")]
