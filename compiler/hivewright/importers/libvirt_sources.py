"""Where definitions of libvirt are read: files, a folder as libvirt keeps them, or virsh(1) on a host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from hivewright.importers.forms import UnreadableError
from hivewright.importers.request import Request, RequestError
from hivewright.importers.sources import read_text
from hivewright.importers.xml_text import Element, read_xml

_MARK = "==== hivewright ===="
_KINDS = ("domain", "network", "pool")
_SCRIPT = f"""{{
LC_ALL=C; export LC_ALL
starting=$(virsh -q list --all --name --autostart </dev/null)
virsh -q list --all --name </dev/null | while IFS= read -r name; do
	[ -n "$name" ] || continue
	starts=no
	printf '%s\\n' "$starting" | grep -qxF -- "$name" && starts=yes
	printf '\\n%s\\n' "{_MARK} domain $starts $name"
	virsh -q dumpxml --inactive --security-info "$name" </dev/null |
		sed -e "s/passwd='[^']*'/passwd='hidden'/g"
done
for kind in net pool; do
	virsh -q "$kind-list" --all --name </dev/null | while IFS= read -r name; do
		[ -n "$name" ] || continue
		printf '\\n%s\\n' "{_MARK} $kind - $name"
		virsh -q "$kind-dumpxml" "$name" </dev/null
	done
done
}} 2>&1
"""
"""Asks for all that there is. A password of VNC does not leave the host, but that there is one is told."""


class Definition(NamedTuple):
    """A document, and for a domain whether it starts with its host; ``None`` where nobody says."""

    element: Element
    starts: bool | None = None


def definitions(request: Request) -> Iterator[Definition]:
    """All documents that were asked for, in their order."""
    if not request.paths:
        if request.address is None:
            raise RequestError("name files that `virsh dumpxml` wrote, or a host by --ssh")
        yield from _of_host(request)
        return
    for path in request.paths:
        if request.root is None and Path(path).is_dir():
            yield from _of_folder(Path(path))
        else:
            for place, text in request.of(path):
                yield Definition(_document(place, text))


def _of_folder(folder: Path) -> Iterator[Definition]:
    """A folder such as /usr/local/etc/libvirt; in a folder ``autostart`` are links to what starts with the host."""
    files = sorted(file for file in folder.rglob("*.xml") if "autostart" not in file.relative_to(folder).parts[:-1])
    if not files:
        raise UnreadableError(str(folder), "there is no file NAME.xml in it")
    for file in files:
        own = file.parent / "autostart"
        linked = (own / file.name).is_symlink() or (own / file.name).exists()
        element = _document(str(file), read_text(file))
        yield Definition(element, linked if own.is_dir() else None)


def _document(place: str, text: str) -> Element:
    """A document; the state of a running domain has it inside."""
    root = read_xml(place, text)
    if root.name in ("domstatus", "networkstatus", "domainsnapshot"):
        inner = root.first("domain" if root.name != "networkstatus" else "network")
        if inner is not None and root.name != "domainsnapshot":
            return inner
        raise root.fault(f"<{root.name}> is no definition; give what `virsh dumpxml` prints")
    return root


def _of_host(request: Request) -> Iterator[Definition]:
    answer = request.ask(_SCRIPT)
    before, *parts = re.split(f"^{_MARK} (.*)$", answer, flags=re.MULTILINE)
    if not parts:
        said = before.strip().splitlines()
        raise UnreadableError(
            request.shown("virsh"), said[-1] if said else "it has no domain; is libvirtd(8) running there?"
        )
    for head, text in zip(parts[::2], parts[1::2], strict=True):
        kind, starts, name = head.split(" ", 2)
        place, text = f"{request.address}:virsh dumpxml {name}", text.strip()
        if not text.startswith("<"):
            raise UnreadableError(place, text.splitlines()[0] if text else "it prints nothing")
        element = _document(place, text)
        yield Definition(element, starts == "yes" if kind == "domain" else None)
