"""The options of a command line, as getopt(3) reads them."""

from __future__ import annotations


class UsageError(Exception):
    """The command line is not what the manual page allows."""


def options(words: list[str], known: str) -> tuple[dict[str, str], list[str]]:
    """getopt(3): ``known`` is its option string; returns the options given and the operands."""
    given: dict[str, str] = {}
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "--":
            break
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            place = known.find(letter)
            if place < 0 or letter == ":":
                raise UsageError(f"illegal option -- {letter}")
            if known[place + 1 : place + 2] == ":":
                if not letters and not rest:
                    raise UsageError(f"option requires an argument -- {letter}")
                given[letter], letters = (letters, "") if letters else (rest.pop(0), "")
            else:
                given[letter] = given.get(letter, "") + "x"
    return given, rest
