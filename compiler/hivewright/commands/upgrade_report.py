"""``hivewright upgrade-report HOST RELEASE``: what another release of FreeBSD changes for a host; the site stays."""

from __future__ import annotations

import difflib
import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hivewright.diagnostics.printer import visible
from hivewright.source import find_project, no_project, read_site

if TYPE_CHECKING:
    from hivewright.diagnostics import Diagnostic
    from hivewright.impact.consequence import Impact
    from hivewright.pipeline.compile_host import Compiled
    from hivewright.pipeline.session import Session
    from hivewright.plan import HostPlan

DIFFERENCE = 3


class Report(NamedTuple):
    """What a release changes for a host."""

    host: str
    before: str
    after: str
    faults: list[Diagnostic]
    """What the site says and the release cannot do, or that is otherwise there."""
    impacts: list[Impact]
    words: dict[str, list[str]]
    """Guest -> the lines of its scripts that are removed and added."""
    steps: list[str]


def add_arguments(parser: ArgumentParser) -> None:
    """Which host, and which release."""
    parser.description = (
        "Says what changes if a host gets another release of FreeBSD: what of the site it cannot do, which guests get "
        "other words or behave otherwise, and what to do. The site is not edited."
    )
    parser.add_argument("host", metavar="HOST", help="a host of the site")
    parser.add_argument("release", metavar="RELEASE", help="a release of FreeBSD, such as 15.1")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: Namespace) -> int:
    """0; 1 when the site has errors; 2 for a host or release that is not known; 3 when the site has to be changed."""
    from hivewright.editing.attempt import check_sources

    session, found = check_sources(arguments, *_read(arguments))
    with session:
        site = session.site
        if site is None or no_project(session.sources) is not None or _errors(found):
            session.report(found)
            return 1
        fault = _unknown(site.hosts, arguments.host, arguments.release)
        if fault:
            sys.stderr.write(f"hivewright: {fault}\n")
            return 2
        report = _report(arguments, session, found)
    if report is None:
        return 1
    if arguments.json:
        print(json.dumps(_as_json(report), indent=2, ensure_ascii=False))
    else:
        for line in _as_text(report):
            print(visible(line))
    return DIFFERENCE if _errors(report.faults) else 0


def _read(arguments: Namespace) -> tuple:  # type: ignore[type-arg]
    project = find_project(Path(arguments.directory))
    return project, read_site(project)


def _errors(found: Sequence[Diagnostic]) -> list[Diagnostic]:
    return [each for each in found if each.severity == "error"]


def _unknown(hosts: Mapping[str, object], host: str, release: str) -> str:
    from hivewright.bhyve.facts import RELEASES
    from hivewright.diagnostics.wording import suggestion

    if host not in hosts:
        return f"there is no host {host!r}; {suggestion(host, list(hosts), 'host')}"
    branch, _, minor = release.partition(".")
    if not minor.isdecimal() or branch not in {known.partition(".")[0] for known in RELEASES}:
        return f"{release!r} is no release that is known; {suggestion(release, RELEASES, 'release')}"
    return ""


def _report(arguments: Namespace, session: Session, known: Sequence[Diagnostic]) -> Report | None:
    """``None`` after an error, which was reported."""
    from hivewright.editing.attempt import check_sources
    from hivewright.editing.document import set_key
    from hivewright.pipeline.in_memory import compile_in_memory
    from hivewright.source import with_texts

    site = session.site
    assert site is not None
    host = arguments.host
    file = site.homes["host", host]
    text = set_key(session.sources.texts[file], ("host", host, "freebsd"), arguments.release)
    trial, found = check_sources(arguments, session.project, with_texts(session.sources, {file: text}))
    old = {(each.code, each.message) for each in known}
    faults = [each for each in found if (each.code, each.message) not in old]
    before = site.hosts[host].freebsd
    if trial.site is None or _errors(faults):
        return Report(host, before, arguments.release, faults, [], {}, [])
    now = compile_in_memory(session, site, [host])
    then = compile_in_memory(trial, trial.site, [host])
    if now is None or then is None:
        return None
    impacts = _impacts(host, now[host], then[host])
    words = dict(_words(now[host], then[host]))
    steps = list(_steps(host, before, arguments.release, now[host].plan, then[host].plan, impacts))
    return Report(host, before, arguments.release, faults, impacts, words, steps)


def _impacts(host: str, now: Compiled, then: Compiled) -> list[Impact]:
    from hivewright.impact.compare import compare
    from hivewright.impact.trees import FileTree

    return compare(FileTree({host: now.files}), {host: then.files})


def _words(now: Compiled, then: Compiled) -> Iterator[tuple[str, list[str]]]:
    """The lines of scripts that differ, without comments."""
    from hivewright.plan import GUESTS

    for vm in sorted(plan.name for plan in then.plan.vms):
        found = []
        for script in ("start", "provision", "stop"):
            before, after = (_lines(each.files.get(f"{GUESTS}{vm}/{script}", b"")) for each in (now, then))
            found += [line for line in difflib.ndiff(before, after) if line[0] in "-+"]
        if found:
            yield vm, found


def _lines(script: bytes) -> list[str]:
    """The lines that say something; the digest of a definition says nothing that the others do not."""
    lines = [line.partition("  # ")[0].strip() for line in script.decode().splitlines()]
    return [line for line in lines if line and not line.startswith(("#", "vm ", "prepare provisioned "))]


def _steps(
    host: str, before: str, after: str, now: HostPlan, then: HostPlan, impacts: Sequence[Impact]
) -> Iterator[str]:
    from hivewright.emit.inventory import preparation_text, preparations
    from hivewright.impact.steps import steps

    saved = sorted(vm.name for vm in now.vms if vm.on_host_shutdown == "suspend")
    if saved:
        yield (
            f"hivectl stop {' '.join(saved)}, also where they are suspended: what was saved goes on with the same "
            "build of FreeBSD only"
        )
    yield f"hivectl stop on {host}, then upgrade FreeBSD from {before} to {after} (freebsd-update(8)) and boot it"
    if before.partition(".")[0] != after.partition(".")[0]:
        yield "pkg upgrade -f, since packages are of one major release; edk2-bhyve and swtpm are among them"
    yield f'write freebsd = "{after}" at [host.{host}], build, and look at the plan'
    old = {preparation_text(item) for item in preparations(now)}
    for item in preparations(then):
        if preparation_text(item) not in old:
            yield f"give the host {preparation_text(item)}: {item.reason}"
    new = {preparation_text(item) for item in preparations(then)}
    for item in preparations(now):
        if preparation_text(item) not in new:
            yield f"the host needs no more: {preparation_text(item)}"
    for note in then.notes:
        if note not in now.notes:
            yield f"note: {note}"
    yield from steps(impacts) or [f"install the files of {host}"]


def _as_text(report: Report) -> Iterator[str]:
    yield f"{report.host}: FreeBSD {report.before} to {report.after}"
    if report.faults:
        yield ""
        yield "What the site says and this release has otherwise:"
        for each in report.faults:
            yield f"  {each.severity} {each.code}: {each.message}"
            if each.help:
                yield f"    {each.help}"
    if _errors(report.faults):
        yield ""
        yield "The rest is known when this is corrected, which the present release may do as well."
        return
    yield ""
    touched = [impact for impact in report.impacts if impact.guest and impact.consequence]
    yield f"Guests that are touched: {', '.join(impact.guest for impact in touched) or 'none'}"
    for impact in report.impacts:
        for finding in impact.findings:
            if finding.consequence:
                yield f"  {impact.guest or report.host}: {finding.consequence.code}: {finding.reason}"
    for vm, lines in report.words.items():
        yield ""
        yield f"Scripts of {vm}:"
        yield from (f"  {line}" for line in lines)
    yield ""
    yield "To do:"
    yield from (f"{number:3}. {step}" for number, step in enumerate(report.steps, 1))


def _as_json(report: Report) -> dict[str, object]:
    return {
        "host": report.host,
        "from": report.before,
        "to": report.after,
        "faults": [
            {"code": each.code, "severity": each.severity, "message": each.message, "help": each.help}
            for each in report.faults
        ],
        "guests": [
            {
                "guest": impact.guest or None,
                "consequence": impact.consequence.code,
                "keys": impact.keys,
                "reasons": [finding.reason for finding in impact.findings],
            }
            for impact in report.impacts
        ],
        "words": report.words,
        "steps": report.steps,
    }
