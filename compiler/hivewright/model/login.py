"""How people reach a guest: ``login`` of a VM."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from hivewright.model.base import ListOf, Table, described, matching, reader

_USER = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}"
_USER_FORM = "an account has 1 to 32 letters, digits, - _ and ., and does not begin with - or ."
_TOKEN = r"[^\x00-\x1f\x7f%]|%[hn%]"
_WORD = f"(?:{_TOKEN})+"

Account = Annotated[str, reader(matching(_USER, _USER_FORM), '"alice"'), described(f"^{_USER}$", "alice")]
"""An account in a guest, whichever system that has. ssh(1) would take one that begins with a dash for an option."""

Word = Annotated[
    str,
    reader(
        matching(_WORD, 'a word is text on one line, in which "%" is followed by h, n or %: "alice@%h"'), '"alice@%h"'
    ),
    described(f"^{_WORD}$", "alice@%h"),
]


def _begins_with_program(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words or words[0].startswith("-"):
        raise PydanticCustomError("value", "{reason}", {"reason": 'a command begins with a program: ["ssh", "%h"]'})
    return words


Command = Annotated[ListOf[Word], AfterValidator(_begins_with_program)]


class Login(Table):
    """What hivectl(8) login runs: ``login = { user = "alice" }``, or ``login = { command = ["mosh", "alice@%h"] }``."""

    user: Account | None = Field(
        None, description="The account that ssh(1) uses; the first of the first-boot data if absent."
    )
    command: Command | None = Field(
        None,
        description="Instead of user: the words of the command. %h is the address of the guest, %n its name, %% a per "
        "cent sign. What is written behind the name of the guest follows.",
    )
