"""Commands in a text for sh(1): a command line, or a script with one, read without running it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from hivewright.importers.forms import UnreadableError

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
_END = (";", "&", "&&", "|", "||", "(", ")", "{", "}", ";;")
_PREFIXES = {"exec": 0, "sudo": 0, "doas": 0, "env": 0, "nohup": 0, "time": 0, "nice": 2, "do": 0, "then": 0, "else": 0}
"""Words before a command -> how many words of their own they take, where the first begins with a dash."""


class Call(NamedTuple):
    """A command of a script."""

    line: int
    words: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    """Variables that stand before it, and so are its own."""

    @property
    def program(self) -> str:
        """Its name without a folder."""
        return self.words[0].rpartition("/")[2]

    @property
    def is_bhyve(self) -> bool:
        """Whether it is bhyve(8), or another build of it."""
        return is_bhyve(self.words[0])


def read_script(file: str, text: str) -> list[Call]:
    """All commands, in order, with variables that the script itself sets. Raises ``UnreadableError``."""
    variables: dict[str, str] = {}
    found: list[Call] = []
    for number, line in _logical_lines(text):
        for words in _commands(file, number, line):
            if all(_ASSIGNMENT.fullmatch(word) for word in words):
                variables |= {
                    match[1]: _expand(match[2], variables) for match in map(_ASSIGNMENT.fullmatch, words) if match
                }
                continue
            own: dict[str, str] = {}
            words = _behind_prefixes([_expand(word, variables) for word in words], own)
            split = [part for word in words for part in _split(word)]
            if split:
                found.append(Call(number, tuple(split), tuple(own.items())))
    return found


def is_bhyve(word: str) -> bool:
    """Whether a word is bhyve(8) or another build of it, whose name begins so; bhyvectl and bhyveload are others."""
    return re.fullmatch(r"bhyve([._-][A-Za-z0-9._-]*)?", word.rpartition("/")[2]) is not None


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that belong together, with the number of the first: a backslash or an open quote goes on in the next."""
    pending, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first or number
        pending += line
        if len(line) - len(line.rstrip("\\")) & 1:
            pending = pending[:-1]
            continue
        if _is_open(pending):
            pending += "\n"
            continue
        yield first, pending
        pending, first = "", 0
    if pending:
        yield first, pending


def _is_open(text: str) -> bool:
    """Whether a quote is open at the end of a text."""
    quote, escaped, before = "", False, " "
    for letter in text:
        if escaped:
            escaped = False
        elif letter == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if letter == quote else quote
        elif letter == "#" and before.isspace():
            return False
        elif letter in "'\"":
            quote = letter
        before = letter
    return bool(quote)


def _commands(file: str, number: int, line: str) -> Iterator[list[str]]:
    lexer = _lexer(line)
    words: list[str] = []
    try:
        tokens = list(lexer)
    except ValueError as error:
        raise UnreadableError(f"{file}:{number}", f"this is not what sh(1) reads: {error}") from None
    skip = False
    for token in tokens:
        if skip:
            skip = False
        elif token in _END:
            if words:
                yield words
            words = []
        elif re.fullmatch(r"[<>]+&?|&?>+", token):
            skip = True
            if words and words[-1] in ("0", "1", "2"):
                words.pop()
        else:
            words.append(token)
    if words:
        yield words


def _lexer(line: str) -> shlex.shlex:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    lexer.commenters = "#" if re.search(r"(?:^|\s)#", line) else ""
    return lexer


def _expand(word: str, variables: dict[str, str]) -> str:
    """A word with the variables that are known; others stay as they are."""
    return _VARIABLE.sub(lambda match: variables.get(match[1] or match[2], match[0]), word)


def _split(word: str) -> list[str]:
    """An unquoted variable may hold several words: whether it was in quotes is not known any more, so options that
    were put into one variable are told from a value with a blank by the dash in front."""
    return shlex.split(word) if re.match(r"-[A-Za-z]\s", word) or re.search(r"\s-[A-Za-z]\s", word) else [word]


def _behind_prefixes(words: list[str], own: dict[str, str]) -> list[str]:
    """A command without what starts it, ``exec env A=b nice -n 5 bhyve …``; its variables are added to ``own``."""
    while words:
        name = words[0].rpartition("/")[2]
        match = _ASSIGNMENT.fullmatch(words[0])
        if match is not None:
            own[match[1]] = match[2]
            words = words[1:]
        elif name in ("while", "until", "if", "!", "{", "("):
            words = words[1:]
        elif name in _PREFIXES:
            words = words[1:]
            while words and words[0].startswith("-"):
                words = words[1 + (_PREFIXES[name] == 2 and words[0] == "-n") :]
        elif name in ("lockf", "daemon"):
            inner = next((place for place, word in enumerate(words) if is_bhyve(word)), None)
            if inner is None:
                return words
            words = words[inner:]
        else:
            return words
    return words
