"""Parsing many TOML documents: side by side in two processes, and only those that no earlier build has parsed.

Values are remembered by a digest of the text they stand for, so that nothing but the text decides.
"""

from __future__ import annotations

import marshal
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from hivewright.diagnostics import Diagnostic
from hivewright.system.cache import cache_path, keep_values, read_values

LARGE = 2**18
"""Characters of TOML from which on a process more, or looking things up, costs less than it saves."""

Document = tuple[str, str]
"""The name of a file and its text."""

Outcome = tuple[dict[str, object] | None, Diagnostic | None]
"""The values of a document, or what is wrong with it."""


class Memory:
    """The documents of a site as an earlier build parsed them. Nothing is read before it is asked for."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.used: dict[bytes, bytes] = {}
        """Digest of a text -> its values, marshalled; of the documents that were asked for."""
        self._known: dict[bytes, bytes] | None = None

    @property
    def known(self) -> dict[bytes, bytes]:
        """What the earlier build left; empty when there was none, or when its file cannot be trusted."""
        if self._known is None:
            self._known = read_values(self.path) or {}
        return self._known

    def save(self) -> None:
        """Keep what was used, unless that is what was known."""
        if self.used.keys() != self.known.keys():
            keep_values(self.path, self.used)


def memory_of(site: Path) -> Memory:
    """What is remembered of a site."""
    return Memory(cache_path(site, ".parsed"))


def parse_toml(name: str, text: str) -> Outcome:
    """The values of a document, or what is wrong with it."""
    import tomli

    try:
        return tomli.loads(text), None
    except (ValueError, RecursionError) as error:
        from hivewright.source.syntax import fault_of

        return None, fault_of(name, text, error)


def parse_documents(documents: Sequence[Document], memory: Memory | None = None) -> list[Outcome]:
    """The outcome of each document, in their order."""
    if sum(len(text) for _, text in documents) < LARGE:
        return [parse_toml(name, text) for name, text in documents]
    digests = [blake2b(text.encode(), digest_size=32).digest() for _, text in documents]
    known = memory.known if memory is not None else {}
    new = [index for index, digest in enumerate(digests) if digest not in known]
    found: list[Outcome | bytes] = [known.get(digest, b"") for digest in digests]
    for index, parsed in zip(new, _parse([documents[index] for index in new]), strict=True):
        found[index] = parsed
    if memory is not None:
        memory.used = {
            digest: parsed for digest, parsed in zip(digests, found, strict=True) if isinstance(parsed, bytes)
        }
    return [(marshal.loads(parsed), None) if isinstance(parsed, bytes) else parsed for parsed in found]


def _parse(documents: Sequence[Document]) -> list[Outcome | bytes]:
    """Each document parsed: marshalled values, which travel well between processes, or what is wrong with it."""
    from hivewright.system.parallel import TwoPhaseJob, run_forked

    findings: list[Outcome | bytes] = []

    def note(found: list[Outcome | bytes]) -> bool:
        findings.extend(found)
        return False

    large = sum(len(text) for _, text in documents) >= LARGE
    run_forked(TwoPhaseJob(lambda document: (None, _marshalled(document)), lambda _: None), documents, 1 + large, note)
    return findings


def _marshalled(document: Document) -> Outcome | bytes:
    values, fault = parse_toml(*document)
    try:
        return marshal.dumps(values) if fault is None else (values, fault)
    except ValueError:  # dates and times, which no key of a site takes
        return values, fault
