"""``hivewright get VM… [KEY…]``: what keys of guests are."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from hivewright.diagnostics.printer import visible
from hivewright.pipeline.session import load_project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hivewright.site import Site


def add_arguments(parser: ArgumentParser) -> None:
    """Which VMs, and which keys."""
    parser.description = "Prints keys of VMs as a build sees them: of the VM itself, its templates, profile, defaults."
    parser.add_argument("vm", metavar="VM", help="a name, a pattern such as 'web*', @TAG, or several with commas")
    parser.add_argument("words", metavar="VM|KEY", nargs="*", help="more VMs, then keys such as memory (default: all)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: Namespace) -> int:
    """0, 1 when the site has errors or a VM has no such key, 2 for a VM that does not exist."""
    with load_project(arguments) as session:
        if session.site is None:
            return 1
        return _get(session.site, arguments)


def _get(site: Site, arguments: Namespace) -> int:
    from hivewright.diagnostics.wording import suggestion
    from hivewright.site.definition import definition
    from hivewright.site.selection import SelectionError, select_vms

    more = list(takewhile(lambda word: _names_vms(word, site), arguments.words))
    keys = arguments.words[len(more) :]
    try:
        vms = select_vms(site.vms, [arguments.vm, *more], site.tags)
    except SelectionError as error:
        sys.stderr.write(f"hivewright: {error}\n")
        return 2
    whole = {vm: {entry.key: entry.value for entry in definition(site, vm)} for vm in vms}
    found = {vm: _wanted(values, keys) for vm, values in whole.items()}
    absent = [(vm, key) for vm in vms for key in keys if not _wanted(whole[vm], [key])]
    for vm, key in absent:
        sys.stderr.write(f'hivewright: {vm} has no key "{key}"; {suggestion(key, whole[vm], "key")}\n')
    if arguments.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        _print(found, keys)
    return 1 if absent else 0


def _names_vms(word: str, site: Site) -> bool:
    """A pattern, a tag, or VMs; a VM that is called as a key of VMs is stands with others behind a comma."""
    from hivewright.model.vm import Vm

    return word not in Vm.model_fields and (word in site.vms or any(mark in word for mark in ",@*?["))


def _wanted(values: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """Of some keys with their values those that are asked for, or that lie in tables that are; all if none is."""
    return {
        key: value
        for key, value in values.items()
        if not keys or any(key == each or key.startswith(f"{each}.") for each in keys)
    }


def _print(found: dict[str, dict[str, Any]], keys: Sequence[str]) -> None:
    """A value alone where one VM and one key are asked for; else the key before it, and the VM before that."""
    from hivewright.site.definition import in_toml

    for vm, values in found.items():
        for key, value in values.items():
            text = value if isinstance(value, str) else in_toml(value)
            if len(found) == 1 and list(values) == list(keys):
                print(visible(text))
            else:
                name = key if len(found) == 1 else f"{vm}.{key}"
                print(visible(f"{name} = {in_toml(value)}"))
