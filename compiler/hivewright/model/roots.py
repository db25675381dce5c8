"""The tables that a site may have at its top, one row each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from hivewright.model.base import Table
from hivewright.model.guest import Topology
from hivewright.model.host import Host
from hivewright.model.image import Image
from hivewright.model.network import AnyNetwork
from hivewright.model.site import SiteTable, User
from hivewright.model.storage import AnyStorage
from hivewright.model.vm import Vm


@dataclass(frozen=True, slots=True)
class Root:
    """One kind of table: ``[site]``, ``[vm.NAME]``."""

    forms: Mapping[str, type[Table]]
    """Value of its key ``kind`` -> the model of that form; a table of one form has no such key."""
    name: str = "NAME"
    """What stands for its name in the manual; empty for a table that there is once."""
    layer: bool = False
    """Whether it may be one of several layers, so that what it requires may stand in another."""
    of: str = ""
    """The kind of table that it is a layer of, unless it is that itself."""
    description: str = ""

    @property
    def models(self) -> tuple[type[Table], ...]:
        return tuple(self.forms.values())


def _forms(union: Any) -> dict[str, type[Table]]:
    """The members of a union by the value of their key ``kind``."""
    return {kind: model for model in get_args(union) for kind in get_args(model.model_fields["kind"].annotation)}


ROOTS: Mapping[str, Root] = {
    "site": Root({"": SiteTable}, name=""),
    "defaults": Root({"": Vm}, name="", layer=True, of="vm", description="Keys of every VM; the weakest layer."),
    "user": Root({"": User}),
    "host": Root({"": Host}, name="HOST"),
    "network": Root(_forms(AnyNetwork)),
    "storage": Root(_forms(AnyStorage)),
    "image": Root({"": Image}),
    "topology": Root({"": Topology}, layer=True),
    "template": Root({"": Vm}, layer=True, of="vm"),
    "vm": Root({"": Vm}, layer=True),
}
"""In the order of the manual."""

SINGLE = tuple(kind for kind, root in ROOTS.items() if not root.name)
NAMED = tuple(kind for kind, root in ROOTS.items() if root.name)
