"""The uplinks of a bridge: one, found or named, or several that are named."""

import re
from typing import Annotated, Literal

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from hivewright.model.base import INTERFACE_FORM, INTERFACE_PATTERN, Interface
from hivewright.model.several import texts_of

_WORDS = ("auto", "none")


def _uplinks(value: object) -> tuple[str, ...]:
    names = texts_of(value, '"ix0"')
    if any(re.fullmatch(INTERFACE_PATTERN, name, re.ASCII) is None for name in names):
        raise PydanticCustomError("value", "{reason}", {"reason": INTERFACE_FORM})
    if len(set(names)) < len(names):
        raise PydanticCustomError("value", "{reason}", {"reason": "an interface is there twice"})
    alone = next((name for name in names if name in _WORDS and len(names) > 1), None)
    if alone is not None:
        reason = f'"{alone}" stands alone; an array has the names of interfaces'
        raise PydanticCustomError("value", "{reason}", {"reason": reason})
    return names


_ONE = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_.-]{0,14}$", "examples": ["ix0"]}
_SEVERAL = {"type": "array", "items": _ONE, "minItems": 1, "uniqueItems": True}

Uplinks = Annotated[
    tuple[Literal["auto", "none"] | Interface, ...],
    PlainValidator(_uplinks),
    WithJsonSchema({"anyOf": [{"enum": [*_WORDS]}, _ONE, _SEVERAL]}),
]
"""One in text, or several interfaces in an array; the value is a tuple either way."""
