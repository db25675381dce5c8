"""One quoting function per output language, and the markers that may pass it as they are.

A template writes ``{{ value }}`` and the environment of its language calls the quoter (``finalize``), so no author
of a template can forget it. Quoters take text and whole numbers; all else (``None``, booleans, lists) raises
``TypeError``, and text that the language cannot express raises ``ValueError``. The markers are private: only functions
of this module make them, each from raw text, and only the quoter of the same language accepts them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

Quoter = Callable[[object], str]

_BARE = re.compile(r"[A-Za-z0-9_@%+=:,./-]+", re.ASCII).fullmatch
_BARE_LINE = re.compile(r"[A-Za-z0-9_@%+=:,./-]+(?: [A-Za-z0-9_@%+=:,./-]+)*", re.ASCII).fullmatch
_CALL = re.compile(r"[a-z][a-z_]*").fullmatch
_RC_NAME = re.compile(r"[a-z][a-z0-9_]*").fullmatch
_RC_VALUE = re.compile(r"[ !#%-\[\]-_a-~]*", re.ASCII).fullmatch
_LOADER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII).fullmatch
_LOADER_VALUE = re.compile(r"[ !#%-\[\]-~]*", re.ASCII).fullmatch
_LOADER_LIMIT = 128
_RULE_WORD = r"(?:[A-Za-z0-9_@=:,./-]+|\([A-Za-z0-9_.:-]+\)|!|->)"
_RULE_LINE = re.compile(rf"{_RULE_WORD}(?: {_RULE_WORD})*", re.ASCII).fullmatch
_UCL_SECTION = re.compile(r"PF|DEFAULT|VF-(?:0|[1-9][0-9]*)", re.ASCII).fullmatch
_UCL_NAME = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII).fullmatch
_UCL_TEXT = re.compile(r"[A-Za-z0-9_.:-]+", re.ASCII).fullmatch
_DEVD_VALUE = re.compile(r"[\t !#-~]+", re.ASCII).fullmatch
_DEVD_VARIABLE = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII).fullmatch
_DEVD_KINDS = frozenset(("notify", "attach", "detach", "nomatch"))
_DEVD_STATEMENTS = frozenset(("class", "device-name", "media-type", "subdevice"))
_MARKDOWN_SPECIAL = re.compile(r"[\\`*<>\[\]|&~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_MARKDOWN_START = re.compile(r"^([0-9]{1,9}(?=[.)])|(?=[#+=-]))(.)", re.ASCII)
_MARKDOWN_PLAIN = re.compile(r"[A-Za-z0-9 @%+=:,./;()-]*", re.ASCII).fullmatch
_NOT_ALPHANUMERIC = re.compile(r"[^A-Za-z0-9]")
_BACKTICKS = re.compile("`+")
_MERMAID_ENTITIES = {ord(character): f"#{ord(character)};" for character in '#"&<>`'}
"""Mermaid has no backslash escapes; its entities begin with # instead of & (Mermaid, flowchart syntax)."""


class _Marker:
    """Text that is already in its output language."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Comment(_Marker):
    """One printable line for behind a comment sign, in any language."""

    __slots__ = ()


class ShellText(_Marker):
    """Quoted shell words, perhaps with a comment behind them."""

    __slots__ = ()


class LoaderText(_Marker):
    """An assignment of loader.conf."""

    __slots__ = ()


class DevdText(_Marker):
    """The head or a condition of a statement of devd.conf."""

    __slots__ = ()


class RuleText(_Marker):
    """A line of a file that the administrator includes: rules of pf(4) or ipfw(8), settings of dnsmasq(8)."""

    __slots__ = ()


class UclText(_Marker):
    """A setting of iovctl.conf(5), or the name of one of its sections."""

    __slots__ = ()


class MarkdownText(_Marker):
    """A paragraph, a code span, or a node of a Mermaid diagram."""

    __slots__ = ()


def _number(value: object, language: str) -> str:
    if type(value) is int:
        return str(value)
    # An undefined name of a template raises its own, better error when it is formatted.
    raise TypeError(f"{language} has no word for {value} of type {type(value).__name__}")


# Comments


def comment(value: object) -> Comment:
    """The filter ``comment``: one printable line; unprintable characters become blanks."""
    if type(value) is not str:
        return Comment(_number(value, "a comment"))
    return Comment(_one_line(value))


def _one_line(text: str) -> str:
    if text.isprintable():
        return text
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


# sh(1)


def quote_sh(value: object) -> str:
    """A word for sh(1): unquoted if no character is special to the shell, else in single quotes."""
    if type(value) is str:
        if _BARE(value):
            return value
        if "\0" in value:
            raise ValueError("a shell word cannot hold a NUL character")
        return "'" + value.replace("'", "'\\''") + "'"
    if type(value) is ShellText or type(value) is Comment:
        return value.text
    return _number(value, "sh")


def shell_words(words: Sequence[str], label: str = "") -> ShellText:
    """Words quoted one by one, and what they follow from as a comment behind them."""
    line = " ".join(words)
    # The usual case with one search; an empty word or a blank within a word would change the number of blanks.
    if _BARE_LINE(line) is None or line.count(" ") != len(words) - 1:
        line = " ".join([quote_sh(word) for word in words])
    return ShellText(f"{line}  # {_one_line(label)}" if label else line)


def shell_call(verb: str, words: Sequence[str], label: str = "") -> ShellText:
    """A call of the runtime: a verb, which is no word of the site's but one of ours, and its arguments."""
    if _CALL(verb) is None:
        raise ValueError(f"{verb!r} is not a call of the runtime")
    return shell_words((verb, *words), label)


def rc_setting(name: str, value: str, append: bool = False) -> ShellText:
    """A line of rc.conf(5), ``name="value"``, with the double quotes that its readers expect.

    Refuses characters that are special within them. ``append`` adds to the value of the variable.
    """
    if _RC_NAME(name) is None:
        raise ValueError(f"{name!r} is not a variable of rc.conf")
    if _RC_VALUE(value) is None:
        raise ValueError(f"rc.conf cannot say {value!r}")
    held = f"${{{name}-}} " if append else ""
    return ShellText(f'{name}="{held}{value}"')


# loader.conf(5)


def quote_loader(value: object) -> str:
    r"""A value of loader.conf(5), with its double quotes.

    Refuses characters that are special within them or cannot be written safely: ``"``, ``\``, ``$`` (kept for
    variables), anything that is not printable ASCII, and more than 128 characters, which a kernel variable cannot hold.
    """
    if type(value) is str:
        if _LOADER_VALUE(value) is None:
            raise ValueError(f"loader.conf cannot say {value!r}")
        if len(value) > _LOADER_LIMIT:
            raise ValueError(f"a loader variable holds at most {_LOADER_LIMIT} characters; this has {len(value)}")
        return f'"{value}"'
    if type(value) is LoaderText or type(value) is Comment:
        return value.text
    return f'"{_number(value, "loader.conf")}"'


def loader_setting(name: str, value: str) -> LoaderText:
    """``name="value"``."""
    if _LOADER_NAME(name) is None:
        raise ValueError(f"{name!r} is not a name of a loader variable")
    return LoaderText(f"{name}={quote_loader(value)}")


# devd.conf(5)


def quote_devd(value: object) -> str:
    r"""A string of devd.conf(5), with its double quotes; a number as it is.

    There are no escapes: a double quote, a backslash at the end, a newline and the empty string cannot be written.
    """
    if type(value) is str:
        if _DEVD_VALUE(value) is None or value.endswith("\\"):
            raise ValueError(f"devd.conf cannot say {value!r}")
        return f'"{value}"'
    if type(value) is DevdText or type(value) is Comment:
        return value.text
    return _number(value, "devd.conf")


def devd_statement(kind: str, priority: int) -> DevdText:
    """The head of a statement: ``notify 100``."""
    if kind not in _DEVD_KINDS:
        raise ValueError(f"{kind!r} is not a statement of devd.conf")
    return DevdText(f"{kind} {_number(priority, 'devd.conf')}")


def devd_condition(variable: str, pattern: str) -> DevdText:
    """``match "system" "DEVFS"``, or the keyword that a condition such as ``device-name`` has of its own."""
    if variable in _DEVD_STATEMENTS:
        return DevdText(f"{variable} {quote_devd(pattern)}")
    if _DEVD_VARIABLE(variable) is None:
        raise ValueError(f"{variable!r} is not a variable of devd.conf")
    return DevdText(f"match {quote_devd(variable)} {quote_devd(pattern)}")


# Fragments for pf.conf(5), ipfw(8) and dnsmasq(8)


def quote_rule(value: object) -> str:
    """A line that ``rule_line`` made, or a comment; these languages have no dependable quoting."""
    if type(value) is RuleText or type(value) is Comment:
        return value.text
    raise TypeError(f"a fragment has no word for {value} of type {type(value).__name__}")


def rule_line(text: str) -> RuleText:
    """A line of plain words: letters, digits and what addresses, ports and interfaces are written with."""
    if _RULE_LINE(text) is None:
        raise ValueError(f"{text!r} is no line of plain words")
    return RuleText(text)


# iovctl.conf(5), which is UCL


def quote_ucl(value: object) -> str:
    """Text that ``ucl_section`` or ``ucl_setting`` made, or a comment."""
    if type(value) is UclText or type(value) is Comment:
        return value.text
    raise TypeError(f"iovctl.conf has no word for {value} of type {type(value).__name__}")


def ucl_section(name: str) -> UclText:
    """``PF``, ``DEFAULT`` or ``VF-3``."""
    if _UCL_SECTION(name) is None:
        raise ValueError(f"{name!r} is no section of iovctl.conf")
    return UclText(name)


def ucl_setting(name: str, value: str | int | bool) -> UclText:
    """``mac-addr : "58:9c:fc:00:00:01";``: text in double quotes, without escapes and variables."""
    if _UCL_NAME(name) is None:
        raise ValueError(f"{name!r} is no key of iovctl.conf")
    if isinstance(value, bool):
        return UclText(f"{name} : {'true' if value else 'false'};")
    if isinstance(value, int):
        return UclText(f"{name} : {_number(value, 'iovctl.conf')};")
    if _UCL_TEXT(value) is None:
        raise ValueError(f"iovctl.conf cannot say {value!r}")
    return UclText(f'{name} : "{value}";')


# Markdown (GitHub's dialect) and Mermaid


def quote_markdown(value: object) -> str:
    """Plain text on one line, also inside a cell of a table."""
    if type(value) is str:
        if _MARKDOWN_PLAIN(value):
            return value
        return _MARKDOWN_SPECIAL.sub(r"\\\g<0>", _one_line(value))
    if type(value) is MarkdownText:
        return value.text
    return _number(value, "Markdown")


def markdown_paragraph(text: str) -> MarkdownText:
    """Plain text on a line of its own, escaped so that it is no heading, list item or code."""
    return MarkdownText(_MARKDOWN_START.sub(r"\1\\\2", quote_markdown(text).strip()))


def markdown_code(text: str) -> MarkdownText:
    """A code span, also inside a cell: there a pipe needs a backslash even in code.

    A pipe after a backslash cannot be escaped, since code has no escapes: such text is not made a code span.
    """
    line = _one_line(text)
    if "\\|" in line:
        return MarkdownText(quote_markdown(line))
    line = line.replace("|", "\\|")
    if "`" not in line:
        return MarkdownText(f"`{line}`" if line else "")
    fence = "`" * (max(map(len, _BACKTICKS.findall(line))) + 1)
    return MarkdownText(f"{fence} {line} {fence}")


def _mermaid_id(kind: str, name: str) -> str:
    # The prefix keeps names such as "end" from being keywords; the escape keeps different names different.
    return f"{kind}_{_NOT_ALPHANUMERIC.sub(lambda match: f'_{ord(match[0]):02x}_', name)}"


def mermaid_node(kind: str, name: str, label: str = "") -> MarkdownText:
    """A node of a Mermaid diagram, with its label if one is given: ``vm_web_2d_1["web-1"]``."""
    identifier = _mermaid_id(kind, name)
    if not label:
        return MarkdownText(identifier)
    return MarkdownText(f'{identifier}["{_one_line(label).translate(_MERMAID_ENTITIES)}"]')
