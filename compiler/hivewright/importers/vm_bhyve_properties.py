"""What vm-bhyve gives new datasets and volumes, as a storage for new disks: those that are there keep theirs."""

from __future__ import annotations

import re
from typing import Any

from hivewright.importers.forms import Bridge, Old, Remark
from hivewright.importers.names import site_name
from hivewright.importers.settings import Settings
from hivewright.model.storage import NOT_OF_DATASETS, NOT_OF_VOLUMES

_PROPERTY = re.compile(r"(?!hivewright:)([a-z0-9:_.][a-z0-9:_.-]*)=([!-~]+)")
_KINDS = (
    ("zfs_zvol_opts", "properties", NOT_OF_VOLUMES),
    ("zfs_dataset_opts", "dataset_properties", NOT_OF_DATASETS),
)


class Properties:
    """Those of all guests, by the dataset of their datastore."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, dict[str, str]]] = {}

    def take(self, old: Old, settings: Settings, dataset: str) -> None:
        """Adds what a guest says; what cannot be added is a remark of its own."""
        for setting, key, refused in _KINDS:
            for word in settings.get(setting).split():
                why = self._take(dataset, key, word, refused)
                if why:
                    old.notes.append(Remark(f"{word} of {setting}", why))

    def _take(self, dataset: str, key: str, word: str, refused: dict[str, str]) -> str:
        """Adds one property, or says why not."""
        match = _PROPERTY.fullmatch(word)
        if match is None:
            return "it is no property of ZFS that a site can set"
        name, value = match.groups()
        if name in refused:
            return refused[name]
        if name == "volmode":
            return (
                "" if value == "dev" else "hivewright sets volmode=dev, so that bhyve finds a device and GEOM nothing"
            )
        if not dataset:
            return "its datastore is no dataset of ZFS, or not known as one; see --dataset"
        there = self._found.setdefault(dataset, {}).setdefault(key, {})
        if there.setdefault(name, value) == value:
            return ""
        return f"another guest has {name}={there[name]}, which the storage for new disks says"

    def storages(self) -> list[Bridge]:
        """A storage for each dataset of which something is said."""
        comment = (
            "For new disks, what vm-bhyve gave new volumes, and new datasets of guests. Disks that are there keep what "
            "they have, and are named by their path."
        )
        return [
            Bridge(site_name(dataset.rpartition("/")[2], otherwise="storage"), _keys(dataset, found), comment)
            for dataset, found in self._found.items()
        ]


def _keys(dataset: str, found: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {"kind": "zfs", "dataset": dataset, **{key: dict(sorted(found[key].items())) for key in sorted(found)}}
