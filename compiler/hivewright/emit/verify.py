"""Checks rendered files against the grammars of their readers, independently of quoting and templates.

A finding is a defect of hivewright, never of a site. Generated scripts use so little of sh(1) that one regular
expression describes it; anything else in a script is a defect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from hivewright.diagnostics import Diagnostic
from hivewright.emit.runtime import runtime_reference
from hivewright.plan import HIVE, MANIFEST, ROOT, Artifact, format_manifest

REQUIRED = (
    "root/usr/local/etc/rc.d/hivewright",
    "root/usr/local/libexec/hivewright/lib/runtime.subr",
    "root/usr/local/libexec/hivewright/provision.subr",
    "root/usr/local/libexec/hivewright/start.subr",
    "root/usr/local/libexec/hivewright/stop.subr",
    "root/usr/local/sbin/hivectl",
    "root/usr/local/share/man/man8/hivectl.8",
)
"""The files of the runtime that scripts and the service need."""

_SCRIPT_CALLS = (
    "begin|called|clone|created|dataset|debugger|finish|home|hook|hook_terms|image|loader|loader_file|loader_installed|loader_installing|login_by|moved_from|nic|on|owner|"
    "prepare|protected|renamed_from|replicate|run|runtime|seed|seed_file|seed_secret|sparse_file|stop_within|variables|vm|volume|"
    "set -u|set --|\\."
)
_HOST_CALLS = "host|live|logs|metrics|modules|network|peer|setting|starts|vm|wave"
# Characters are matched possessively, so that there is one way to read a text; groups are not, because the first
# releases of Python 3.11 go on at a wrong place behind a possessive group (CPython issue 106052).
_WORD = r"""(?:[A-Za-z0-9_@%+=:,./-]++|'[^'\x00]*+'|\\')+"""
_WORDS = rf"""(?: (?:{_WORD}|"\$@"))*"""
_COMMENT = r"#[^\n]*+"


def _calls(names: str) -> str:
    """Calls with literal words or all the arguments."""
    return rf"(?:{names})(?![a-z_]){_WORDS}"


def _grammar(*code: str) -> re.Pattern[str]:
    """Comments, blank lines, and lines of code."""
    return re.compile(rf"(?:(?:{_COMMENT}|(?:{'|'.join(code)})(?:  {_COMMENT})?)?\n)*")


_SCRIPT = _grammar(_calls(_SCRIPT_CALLS), "[{}]")
_HOST = _grammar(_calls(_HOST_CALLS))
LINE = re.compile(rf"(?:{_COMMENT}|(?P<call>{_SCRIPT_CALLS})(?![a-z_])(?P<words>{_WORDS})(?:  {_COMMENT})?)?\n")
_LOADER = re.compile(r'(?:(?:#[^\n]*+|[A-Za-z_][A-Za-z0-9_.-]*+="[ !#%-\[\]-~]*+")?\n)*')
_DEVD = re.compile(
    r"(?:(?:#[^\n]*+)?\n|(?:notify|attach|detach|nomatch) [0-9]++ \{\n"
    r'(?:\t(?:match "[a-z-]++"|[a-z-]++) "[^"\n]++";\n)+\};\n)*'
)
_RULES = re.compile(r"(?:(?:#[^\n]*+|[a-z][A-Za-z0-9_@=:,./()!> -]*+)?\n)*")
_UCL = re.compile(
    r"(?:(?:#[^\n]*+)?\n|(?:PF|DEFAULT|VF-[0-9]++) \{\n"
    r'(?:\t[a-z][a-z0-9_-]*+ : (?:true|false|[0-9]++|"[A-Za-z0-9_.:-]++");\n)+\}\n)*'
)
_IOVCTL = f"{HIVE}iovctl/"
_RC = re.compile(r'(?:(?:#[^\n]*+|([a-z][a-z0-9_]*+)="(?:\$\{\1-\} )?[ !#%-\[\]-_a-~]*+")?\n)*')
_GRAMMARS = {
    f"{HIVE}pf.conf": _RULES,
    f"{HIVE}ipfw.rules": _RULES,
    f"{HIVE}dnsmasq.conf": _RULES,
    f"{HIVE}host.conf": _HOST,
    "root/boot/loader.conf.d/hivewright.conf": _LOADER,
    "root/usr/local/etc/devd/hivewright.conf": _DEVD,
}


def verify(artifacts: Mapping[str, Artifact]) -> list[Diagnostic]:
    """Defects of the files of one host, as ``render`` made them."""
    return [*_texts(artifacts), *_manifest(artifacts, runtime_reference())]


def verify_runtime(artifacts: Mapping[str, Artifact]) -> list[Diagnostic]:
    """Defects of the runtime, as it was copied."""
    return [
        *(_defect("HW001", f"{path} is missing") for path in REQUIRED if path not in artifacts),
        *_manifest(artifacts, ""),
    ]


def _defect(code: str, message: str) -> Diagnostic:
    return Diagnostic(code, message, help="this is a defect of hivewright, not of the site; please report it")


def _texts(artifacts: Mapping[str, Artifact]) -> Iterator[Diagnostic]:
    for path, artifact in artifacts.items():
        grammar = _grammar_of(path)
        if grammar is None:
            continue
        try:
            text = artifact.content.decode()
        except UnicodeDecodeError as error:
            yield _defect("HW002", f"{path} is not UTF-8 at byte {error.start}")
            continue
        end = _end_of_match(grammar, text)
        if end != len(text):
            number, line = text.count("\n", 0, end) + 1, text[end:].partition("\n")[0]
            yield _defect("HW002", f"{path} line {number} is not what hivewright writes: {line!r}")


def _end_of_match(grammar: re.Pattern[str], text: str) -> int:
    match = grammar.match(text)
    return match.end() if match is not None else 0


def _grammar_of(path: str) -> re.Pattern[str] | None:
    """What a generated file must look like; None for what the site copies."""
    if path.endswith(("/start", "/stop", "/provision")) and path.startswith(HIVE) and path.count("/") == 7:
        return _SCRIPT
    if path.startswith(_IOVCTL):
        return _UCL
    if path.startswith("root/usr/local/etc/rc.conf.d/"):
        return _RC
    return _GRAMMARS.get(path)


def _manifest(artifacts: Mapping[str, Artifact], runtime: str) -> Iterator[Diagnostic]:
    manifest = artifacts.get(MANIFEST)
    if manifest is None or manifest.content != format_manifest(artifacts, runtime):
        yield _defect("HW003", f"{MANIFEST} does not describe the files below {ROOT}")
