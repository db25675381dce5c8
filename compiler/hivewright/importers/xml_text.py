"""XML of other tools: elements with their places. Document types, and with them entities, are refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from hivewright.importers.forms import UnreadableError

_DEEPEST, _MOST = 50, 20_000
"""No definition is nested so deeply, or has so many elements."""


@dataclass(slots=True)
class Element:
    """An element, which remembers what was asked of it: the rest is what nothing was made of."""

    name: str
    attributes: dict[str, str]
    place: str
    """File and line."""
    children: list[Element] = field(default_factory=list)
    text: str = ""
    seen: bool = False
    used: set[str] = field(default_factory=set)

    def get(self, attribute: str, default: str = "") -> str:
        """An attribute."""
        self.seen = True
        self.used.add(attribute)
        return self.attributes.get(attribute, default)

    def all(self, path: str) -> list[Element]:
        """The elements at a path such as ``devices/disk``."""
        self.seen = True
        name, _, rest = path.partition("/")
        found = [child for child in self.children if child.name == name]
        if rest:
            return [each for child in found for each in child.all(rest)]
        for child in found:
            child.seen = True
        return found

    def first(self, path: str) -> Element | None:
        return next(iter(self.all(path)), None)

    def at(self, path: str, attribute: str, default: str = "") -> str:
        """An attribute of the first element at a path."""
        found = self.first(path)
        return default if found is None else found.get(attribute, default)

    def value(self, path: str, default: str = "") -> str:
        """The text of the first element at a path."""
        found = self.first(path)
        return default if found is None else found.text.strip() or default

    def leave(self) -> None:
        """Nothing within needs to be told."""
        self.seen = True
        self.used |= self.attributes.keys()
        for child in self.children:
            child.leave()

    def unused(self, path: str = "") -> Iterator[tuple[str, Element]]:
        """What nobody asked for, by its path; of what is within such an element only the outermost."""
        here = f"{path}/{self.name}" if path else self.name
        if not self.seen:
            yield here, self
            return
        for attribute in self.attributes:
            if attribute not in self.used and attribute.partition(":")[0] != "xmlns":
                yield f"{here}@{attribute}", self
        for child in self.children:
            yield from child.unused(here)

    def fault(self, reason: str) -> UnreadableError:
        return UnreadableError(self.place, reason)


class _Builder:
    """The tree while a text is read."""

    def __init__(self, place: str, parser: expat.XMLParserType) -> None:
        self.place, self.parser = place, parser
        self.root: Element | None = None
        self.open: list[Element] = []
        self.count = 0
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.data
        parser.StartDoctypeDeclHandler = self.doctype

    def here(self) -> str:
        return f"{self.place}:{self.parser.CurrentLineNumber}"

    def doctype(self, *_: object) -> None:
        raise UnreadableError(self.here(), "it declares a document type, and with that entities, which are not read: "
                              "no definition needs them")  # fmt: skip

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > _MOST or len(self.open) >= _DEEPEST:
            raise UnreadableError(self.here(), "this is larger, or nested deeper, than any definition")
        element = Element(name, attributes, self.here())
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)

    def end(self, _name: str) -> None:
        self.open.pop()

    def data(self, text: str) -> None:
        if self.open:
            self.open[-1].text += text


def read_xml(place: str, text: str) -> Element:
    """The root of a document. Raises ``UnreadableError`` with file, line and, for a fault of syntax, column."""
    parser = expat.ParserCreate("UTF-8")
    builder = _Builder(place, parser)
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        if not text.strip():
            raise UnreadableError(place, "the file is empty") from None
        if builder.root is None:
            raise UnreadableError(f"{place}:{error.lineno}", f"this is not XML: {what}") from None
        where = f"{place}:{error.lineno}:{error.offset + 1}"
        inside = f" (within <{builder.open[-1].name}>)" if builder.open else ""
        raise UnreadableError(where, f"this is not XML: {what}{inside}") from None
    assert builder.root is not None, "a document that is read has a root"
    return builder.root
