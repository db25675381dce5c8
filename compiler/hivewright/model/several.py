"""Keys that take one text, or several in an array."""

from pydantic_core import PydanticCustomError


def texts_of(value: object, example: str) -> tuple[str, ...]:
    """The texts, in their order; raises PydanticCustomError, with an example of one as it is written, for all else."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple):
        wanted = "text in quotes, or several in an array"
        raise PydanticCustomError(
            "text", "this must be {wanted}, for example {example}", {"wanted": wanted, "example": example}
        )
    texts = tuple(text for text in value if isinstance(text, str))
    if not texts or len(texts) < len(value):
        reason = f"an array has texts in quotes here, one at least, for example {example}"
        raise PydanticCustomError("value", "{reason}", {"reason": reason})
    return texts
