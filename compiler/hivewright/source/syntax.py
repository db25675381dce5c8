"""Errors of the TOML parser in plain words, with a remedy; unknown messages of the parser are passed on."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from hivewright.diagnostics import Diagnostic, Spot
from hivewright.diagnostics.wording import plain_name


class _Wording(NamedTuple):
    """Our wording of one message of tomli, and what to mark: the position, the word or escape there, or the line."""

    pattern: str
    message: str
    remedy: str
    mark: Literal["point", "word", "escape", "line"] = "point"


_WORDINGS = (
    _Wording(r"(?:Illegal|Found invalid) character '\\[nr].*'|Unterminated string|Expected \"'+\"",
             "this text is not closed",
             'close it with the quotes that opened it; only """ holds several lines', "line"),
    _Wording(r"(?:Illegal|Found invalid) character '\\x(..)'",
             "the control character U+00{0} is not allowed", "delete it, or write \\u00{0} in a text"),
    _Wording(r"Invalid value", "this is not a value",
             'text is written in quotes: key = "text"; truth is true or false, without capitals', "word"),
    _Wording(r"Expected '=' after a key in a key/value pair", 'a key is followed by "=" and its value',
             "write key = value, or [NAME] for a table", "line"),
    _Wording(r"Expected '\]' at the end of a table declaration", "the table's header is not closed",
             "write [NAME.NAME]", "line"),
    _Wording(r"Expected ']]' at the end of an array declaration", "the header is not closed",
             "write [NAME] for a table", "line"),
    _Wording(r"Expected newline or end of document after a statement", "the line should end here",
             "write one key = value a line; text such as \"4G\" needs quotes; a number has no leading zero", "word"),
    _Wording(r"Invalid statement", "this is neither a table nor a key",
             "a line is [NAME], key = value, or a comment after #", "line"),
    _Wording(r"Invalid initial character for a key part", "a name is missing here",
             "write [NAME], or NAME.NAME for a table in a table", "line"),
    _Wording(r"Cannot declare \((.*)\) twice", "the table [{0}] is defined twice",
             "keep one of the two, or give them different names", "line"),
    _Wording(r"Cannot overwrite a value|Duplicate inline table key .*", "this key has a value already",
             "keep one of the two", "line"),
    _Wording(r"Cannot (?:mutate immutable|redefine) namespace \(?(.*?)\)?", "{0} was closed further up",
             "put all its keys into one place", "line"),
    _Wording(r"Unescaped '\\' in a string", "a backslash begins an escape such as \\n or \\u00e9",
             "write \\\\ for a backslash, or put the text in single quotes", "escape"),
    _Wording(r"Invalid hex value|Escaped character is not a Unicode scalar value", "this escape names no character",
             "write \\u and four hexadecimal digits, or the character itself", "escape"),
    _Wording(r"Unclosed array", "the array is not closed, or lacks a comma", 'write ["a", "b"]'),
    _Wording(r"Unclosed inline table", "the table is not closed, or lacks a comma",
             "write { key = value, key = value }"),
    _Wording(r"Invalid date or datetime", "there is no such date", "text is written in quotes", "word"),
)  # fmt: skip

_HEADER = re.compile(r"(\[{1,2})([^\[\]\"'#]*?)[ \t]*(\]{0,2})[ \t]*(?:#.*)?")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_NO_EQUALS = re.compile(r"([A-Za-z0-9_.-]+)[ \t]*[: \t][ \t]*([\"'\[{0-9].*|true|false)")
_WORD = re.compile(r"([A-Za-z0-9_.-]+)[ \t]*=[ \t]*([A-Za-z0-9/][A-Za-z0-9_./:@+-]*)[ \t]*(?:#.*)?")
_ODD_KEY = re.compile(r"([^=\"'#\[\].]+?)[ \t]*=")

_DEEP = re.compile(r"(?:[\[{=][ \t\r\n]*(?:[A-Za-z0-9_-]+[ \t]*)?){50}|(?:[A-Za-z0-9_-]+[ \t]*\.[ \t]*){50}")
_LONG_NUMBER = re.compile(r"[0-9_]{4000,}")


def fault_of(name: str, text: str, error: Exception) -> Diagnostic:
    """What is wrong with a document that tomli could not read, with ``error``."""
    import tomli

    if isinstance(error, RecursionError):
        message = "arrays, tables or dotted keys are nested too deeply"
        remedy = "no key of hivewright is nested more than five levels deep"
        return Diagnostic("SRC007", message, _match_spot(name, text, _DEEP, 1), remedy)
    if isinstance(error, tomli.TOMLDecodeError):
        return _syntax(name, text, error)
    # int() refuses text of more than 4300 digits
    spot = _match_spot(name, text, _LONG_NUMBER, None)
    return Diagnostic("SRC008", "this number has thousands of digits", spot, "a number has at most 19 digits")


def spot_at(name: str, text: str, position: int, length: int = 1) -> Spot:
    """The line and column of an offset into a text."""
    return Spot(name, text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position), length)


def _match_spot(name: str, text: str, pattern: re.Pattern[str], length: int | None) -> Spot:
    match = pattern.search(text)
    if match is None:
        return Spot(name, 1, 1)
    return spot_at(name, text, match.start(), match.end() - match.start() if length is None else length)


def _syntax(name: str, text: str, error: Exception) -> Diagnostic:
    """What tomli found; it tells line and column since version 2.1."""
    found = str(getattr(error, "msg", error))
    line, column = int(getattr(error, "lineno", 1)), int(getattr(error, "colno", 1))
    for wording in _WORDINGS:
        match = re.fullmatch(wording.pattern, found, re.DOTALL)
        if match is not None:
            names = ".".join(re.findall("'([^']*)'", match[1])) or match[1] if match.groups() else ""
            spot = _marked(name, text, line, column, wording.mark)
            written = text.split("\n")[spot.line - 1].strip()
            of_line = _of_header(written) or _of_key(written) if wording.mark == "line" else _of_word(written)
            message, remedy = of_line or (wording.message, wording.remedy)
            return Diagnostic("SRC001", _filled(message, names), spot, _filled(remedy, names))
    return Diagnostic("SRC001", found[:1].lower() + found[1:], Spot(name, line, column))


def _of_header(written: str) -> tuple[str, str] | None:
    """What is wrong with the header of a table, and how it is written right."""
    match = _HEADER.fullmatch(written)
    if match is None:
        return None
    opening, inner, closing = match.groups()
    parts = [part.strip() for part in inner.split(".")]
    if not all(parts):
        return None
    # Arrays of tables are only within others: routes of a NIC.
    single = len(parts) < 3
    begin, end = ("[", "]") if single or opening == "[" else ("[[", "]]")
    if all(map(_BARE.fullmatch, parts)):
        right = f"write {begin}{'.'.join(parts)}{end}"
        if len(closing) < len(opening):
            return "the table's header is not closed", right
        return ("a table is written in single brackets", right) if single and opening == "[[" else None
    plain = ".".join(part if _BARE.fullmatch(part) else plain_name(part) for part in parts)
    right = f"write {begin}{plain}{end}"
    return "a name in the header has other characters than a to z, 0 to 9, - and _", right


def _of_key(written: str) -> tuple[str, str] | None:
    """What is wrong with a line that begins with a key."""
    match = _NO_EQUALS.fullmatch(written)
    if match is not None:
        return 'a key is followed by "=" and its value', f"write {match[1]} = {match[2]}"
    match = _ODD_KEY.match(written)
    if match is None or _BARE.fullmatch(match[1]):
        return None
    if match[1].isascii() and not any(each.isspace() for each in match[1]):
        return "this key needs quotes", f'write "{match[1]}" = …'
    remedy = "keys have the letters a to z, digits, - and _; hivewright.toml(5) has them all"
    return "a key has other characters than a to z, 0 to 9, - and _", remedy


def _of_word(written: str) -> tuple[str, str] | None:
    """What is wrong with the only word behind a key, and how it is written right."""
    match = _WORD.fullmatch(written)
    if match is None:
        return None
    key, word = match.groups()
    if word.lower() in ("true", "false"):
        return "truth is written without capitals", f"write {key} = {word.lower()}"
    if word.isdecimal():
        return (
            "a number has no leading zero",
            f'write {key} = {word.lstrip("0") or "0"}, or {key} = "{word}" if it is text',
        )
    return "text is written in quotes", f'write {key} = "{word}"'


def _filled(text: str, names: str) -> str:
    return text.replace("{0}", names)


def _marked(name: str, text: str, line: int, column: int, mark: str) -> Spot:
    lines = text.split("\n")[:line]
    while mark == "line" and len(lines) > 1 and not lines[-1].strip():  # the end of the document
        lines.pop()
    line, written = len(lines), lines[-1].rstrip()
    if mark == "line" and written.strip():
        indent = len(written) - len(written.lstrip())
        return Spot(name, line, indent + 1, len(written) - indent)
    if mark == "word":
        word = re.match(r"[^\s,\]}#=]*", written[column - 1 :])
        return Spot(name, line, column, max(1, word.end() if word else 1))
    if mark == "escape":  # tomli gives the position after it
        return Spot(name, line, max(written.rfind("\\", 0, column - 1) + 1, 1), 2)
    return Spot(name, line, column)
