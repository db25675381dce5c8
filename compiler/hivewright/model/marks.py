"""Marks for ``Annotated``: functions that validate.

pydantic's own, ``PlainValidator`` and ``BeforeValidator``, look at the signature of the function and at the type it
stands for each time they are used, which is felt at every start.
"""

from collections.abc import Callable
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_before_validator_function, no_info_plain_validator_function


class Reads:
    """Marks a type whose values a function makes, of whatever was written."""

    def __init__(self, read: Callable[[object], object]) -> None:
        self._schema = no_info_plain_validator_function(read)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return self._schema


class Prepares:
    """Marks a type whose values a function prepares before they are validated."""

    def __init__(self, prepare: Callable[[object], object]) -> None:
        self._prepare = prepare

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_before_validator_function(self._prepare, handler(source))
