"""The text of bmd.conf(5): sections with parameters, strings put together of pieces, variables and sums.

The language is bmd's own; what it looks like is that of jail.conf(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from hivewright.importers.forms import UnreadableError

Sum = int | str | tuple["Sum", str, "Sum"]
"""A number, the name of a variable, or two with an operator between them."""


class Piece(NamedTuple):
    """A piece of a string: text as it is, the name of a variable, or a sum."""

    kind: str
    """``text``, ``variable`` or ``sum``."""
    value: str
    sum: Sum = 0
    place: str = ""


Pieces = tuple[Piece, ...]


class Target(NamedTuple):
    """A template that is applied, with its arguments."""

    name: Pieces
    arguments: tuple[Pieces, ...]


class Parameter(NamedTuple):
    """``key = value, …;``, ``key += value;``, ``$variable = value;`` or ``.apply``."""

    key: str
    is_variable: bool
    adds: bool
    values: tuple[Pieces, ...]
    targets: tuple[Target, ...]
    place: str


@dataclass(frozen=True, slots=True)
class Section:
    """``global``, ``template`` or ``vm``, or ``include``, which has its pattern as its name."""

    kind: str
    name: str
    place: str
    parameters: tuple[Parameter, ...] = ()
    arguments: tuple[tuple[str, Pieces], ...] = ()
    pattern: Pieces = field(default=())


_ATOM = re.compile(r"[A-Za-z0-9_!%&.:<>?@\[\]^`|~-]+")
_SPACE = re.compile(r"(?:[ \t\r\n]+|#[^\n]*|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:([A-Za-z_][A-Za-z_0-9]*)|\{([^\n{}]*)\})")
_SINGLE = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPE = re.compile(r"\\([0-7]{1,3}|x[0-9A-Fa-f]{1,2}|.)", re.DOTALL)
_NAMED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\n": ""}
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|[0-9]+")
_DEEPEST = 40


def _plain(text: str) -> str:
    """Escapes as C has them."""

    def meant(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] in "01234567":
            return chr(int(code, 8) & 255)
        if code[0] == "x" and len(code) > 1:
            return chr(int(code[1:], 16))
        return _NAMED.get(code, code)

    return _ESCAPE.sub(meant, text)


class _Reader:
    """A text while it is read."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self.text, self.at = file, text, 0
        self.space()

    def place(self, at: int | None = None) -> str:
        return f"{self.file}:{self.text.count(chr(10), 0, self.at if at is None else at) + 1}"

    def fault(self, reason: str, at: int | None = None) -> UnreadableError:
        return UnreadableError(self.place(at), reason)

    def space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
        if self.text.startswith("/*", self.at):
            raise self.fault("the comment has no end")

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def takes(self, word: str) -> bool:
        """A sign, or a word that is not part of a longer one."""
        match = _ATOM.match(self.text, self.at)
        found = match[0] == word if match is not None else self.text.startswith(word, self.at)
        if found:
            self.at += len(word)
            self.space()
        return found

    def wants(self, sign: str, where: str) -> None:
        if not self.takes(sign):
            found = self.peek()
            what = f'"{found}" stands' if found else "the file ends"
            hint = ": put the value in quotes" if found in ("=", "(", "{") else ""
            raise self.fault(f'{what} where {where} wants "{sign}"{hint}')

    def word(self, what: str) -> str:
        """A name: letters, or text in quotes."""
        start = self.at
        pieces = self.pieces()
        if not pieces or any(piece.kind != "text" for piece in pieces):
            raise self.fault(f"a {what} has no name here", start)
        return "".join(piece.value for piece in pieces)

    def pieces(self) -> Pieces:
        """What stands up to the next comma, semicolon, brace or equals sign."""
        found: list[Piece] = []
        while self.at < len(self.text) and self.peek() not in ",;={}()":
            if self.text.startswith("+=", self.at):
                break
            found += self.piece()
            self.space()
        return tuple(found)

    def piece(self) -> Iterator[Piece]:
        text, place = self.text, self.place()
        if text.startswith("$((", self.at):
            yield Piece("sum", "", self.sum(), place)
        elif (match := _VARIABLE.match(text, self.at)) is not None:
            self.at = match.end()
            yield Piece("variable", match[1] or match[2] or "", place=place)
        elif text.startswith("${", self.at):
            raise self.fault("the variable has no closing brace")
        elif self.peek() == "'":
            match = _SINGLE.match(text, self.at)
            if match is None:
                raise self.fault("the quoted text has no end")
            self.at = match.end()
            yield Piece("text", _plain(match[1]), place=place)
        elif self.peek() == '"':
            yield from self.quoted()
        elif (match := _ATOM.match(text, self.at)) is not None:
            self.at = match.end()
            yield Piece("text", match[0], place=place)
        elif (match := _ESCAPE.match(text, self.at)) is not None:
            self.at = match.end()
            yield Piece("text", _plain(match[0]), place=place)
        elif self.peek() in "$*+/\\":
            self.at += 1
            yield Piece("text", text[self.at - 1], place=place)
        else:
            raise self.fault(f'"{self.peek()}" cannot stand here; put the value in quotes')

    def quoted(self) -> Iterator[Piece]:
        """Text in double quotes, with variables and sums in it."""
        start, place = self.at, self.place()
        self.at += 1
        pending = ""
        while self.peek() != '"':
            if self.at >= len(self.text):
                raise self.fault("the quoted text has no end", start)
            if self.text.startswith("$((", self.at) or _VARIABLE.match(self.text, self.at) is not None:
                yield Piece("text", pending, place=place)
                pending = ""
                yield from self.piece()
            elif (match := _ESCAPE.match(self.text, self.at)) is not None:
                pending += _plain(match[0])
                self.at = match.end()
            else:
                pending += self.peek()
                self.at += 1
        self.at += 1
        yield Piece("text", pending, place=place)

    def sum(self) -> Sum:
        """``$((…))``."""
        self.at += 3
        found = self.added(0)
        self.blanks()
        if not self.text.startswith("))", self.at):
            raise self.fault('a sum ends with "))"')
        self.at += 2
        return found

    def blanks(self) -> None:
        while self.peek() in (" ", "\t") and self.peek():
            self.at += 1

    def added(self, depth: int, signs: str = "+-") -> Sum:
        """Terms; products bind closer."""
        left = self.added(depth, "*/%") if signs == "+-" else self.factor(depth)
        while True:
            self.blanks()
            sign = self.peek()
            if not sign or sign not in signs:
                return left
            self.at += 1
            left = (left, sign, self.added(depth, "*/%") if signs == "+-" else self.factor(depth))

    def factor(self, depth: int) -> Sum:
        self.blanks()
        if depth > _DEEPEST:
            raise self.fault("the sum is nested too deep")
        if self.peek() == "-":
            self.at += 1
            return (0, "-", self.factor(depth + 1))
        if self.peek() == "(":
            self.at += 1
            inner = self.added(depth + 1)
            self.blanks()
            if self.peek() != ")":
                raise self.fault('a ")" is missing in the sum')
            self.at += 1
            return inner
        if (match := _NUMBER.match(self.text, self.at)) is not None:
            self.at = match.end()
            return number(match[0])
        if (match := _VARIABLE.match(self.text, self.at)) is not None:
            self.at = match.end()
            return match[1] or match[2] or ""
        raise self.fault("a number or a variable is missing in the sum")

    def parameters(self) -> tuple[Parameter, ...]:
        self.wants("{", "a section")
        found: list[Parameter] = []
        while not self.takes("}"):
            if self.at >= len(self.text):
                raise self.fault("the section has no closing brace")
            found.append(self.parameter())
        return tuple(found)

    def parameter(self) -> Parameter:
        place = self.place()
        if self.takes(".apply"):
            targets = [self.target()]
            while self.takes(","):
                targets.append(self.target())
            self.wants(";", ".apply")
            return Parameter(".apply", False, False, (), tuple(targets), place)
        start = self.at
        pieces = tuple(self.piece())
        self.space()
        if len(pieces) != 1 or pieces[0].kind == "sum" or not pieces[0].value:
            raise self.fault("a key is missing here", start)
        adds = self.takes("+=")
        if not adds:
            self.wants("=", pieces[0].value)
        values = [self.pieces()]
        while self.takes(","):
            values.append(self.pieces())
        self.wants(";", pieces[0].value)
        return Parameter(pieces[0].value, pieces[0].kind == "variable", adds, tuple(values), (), place)

    def target(self) -> Target:
        name, arguments = self.pieces(), []
        if self.takes("("):
            arguments.append(self.pieces())
            while self.takes(","):
                arguments.append(self.pieces())
            self.wants(")", "a template")
        return Target(name, tuple(arguments))

    def template(self, place: str) -> Section:
        name = self.word("template")
        arguments: list[tuple[str, Pieces]] = []
        if self.takes("("):
            while True:
                own = self.word("argument")
                arguments.append((own, self.pieces() if self.takes("=") else ()))
                if not self.takes(","):
                    break
            self.wants(")", f"the template {name}")
        return Section("template", name, place, self.parameters(), tuple(arguments))

    def sections(self) -> Iterator[Section]:
        while self.at < len(self.text):
            place = self.place()
            if self.takes("global"):
                yield Section("global", "", place, self.parameters())
            elif self.takes("template"):
                yield self.template(place)
            elif self.takes("vm"):
                yield Section("vm", self.word("vm"), place, self.parameters())
            elif self.takes(".include"):
                pattern = self.pieces()
                self.wants(";", ".include")
                yield Section("include", "", place, pattern=pattern)
            else:
                found = _ATOM.match(self.text, self.at)
                what = found[0] if found is not None else self.peek()
                raise self.fault(f'"{what}" begins no section: global, template, vm or .include')


def number(text: str) -> int:
    """As strtol(3) reads it: with ``0x`` sixteen, with ``0`` eight, else ten to a place. Raises ``ValueError``."""
    if re.fullmatch("0[0-7]+", text):
        return int(text, 8)
    return int(text, 16 if text.lower().startswith("0x") else 10)


def read_sections(file: str, text: str) -> list[Section]:
    """The sections of a file, in their order. Raises ``UnreadableError`` with file and line."""
    return list(_Reader(file, text).sections())
