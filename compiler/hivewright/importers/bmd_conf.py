"""What bmd.conf(5) says of each VM, once its templates are applied and its variables known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from hivewright.importers.bmd_text import Parameter, Pieces, Section, Sum, Target, number, read_sections
from hivewright.importers.forms import UnreadableError

LISTS = frozenset({"bhyve_env", "bhyveload_env", "cpu_pin", "disk", "hda", "iso", "network", "passthru", "sharefs"})
"""Keys that take several values; ``=`` begins anew, ``+=`` adds."""
_ALIASES = {
    "comport": "com1",
    "vconsole_nc": "virt_console_ncontrollers",
    "vconsole_np": "virt_console_nports",
    "vconsole_tmpl": "virt_console_template",
}
_DEEPEST = 30


class Setting(NamedTuple):
    """A value, and where it is written."""

    value: str
    place: str


@dataclass(slots=True)
class Machine:
    """A VM: its settings by key, the last of each, or all of a key that takes several."""

    name: str
    number: int
    """Its ID: the place among all VMs."""
    place: str
    settings: dict[str, list[Setting]] = field(default_factory=dict)
    uses_number: bool = False
    """Whether anything follows from its ID."""
    templates: list[str] = field(default_factory=list)


class Configuration(NamedTuple):
    """All that some files say."""

    machines: list[Machine]
    settings: Mapping[str, str]
    """Of the section ``global``."""
    missing: list[Setting]
    """Patterns of .include that no file matches."""


class _Variables:
    """Variables: arguments of the template at hand, those of the VM, and global ones, in this order."""

    def __init__(self, shared: dict[str, str], own: dict[str, str] | None = None) -> None:
        self.shared = shared
        self.own = own
        self.arguments: dict[str, str] = {}
        self.asked: set[str] = set()

    def get(self, name: str, place: str) -> str:
        self.asked.add(name)
        for known in (self.arguments, self.own or {}, self.shared):
            if name in known:
                return known[name]
        raise UnreadableError(place, f"${{{name}}} is not defined")

    def set(self, name: str, value: str) -> None:
        self.arguments.pop(name, None)
        (self.shared if self.own is None else self.own)[name] = value

    def text(self, pieces: Pieces) -> str:
        found = ""
        for piece in pieces:
            if piece.kind == "text":
                found += piece.value
            elif piece.kind == "variable":
                found += self.get(piece.value, piece.place)
            else:
                found += str(self.sum(piece.sum, piece.place))
        return found

    def sum(self, term: Sum, place: str) -> int:
        if isinstance(term, int):
            return term
        if isinstance(term, str):
            value = self.get(term, place)
            try:
                return number(value)
            except ValueError:
                raise UnreadableError(place, f'${{{term}}} is "{value}", which is no number') from None
        left, sign, right = self.sum(term[0], place), term[1], self.sum(term[2], place)
        if sign in "/%" and not right:
            raise UnreadableError(place, "a division by zero")
        quotient = abs(left) // abs(right) if sign in "/%" else 0  # towards zero, as C divides
        quotient = quotient if (left < 0) == (right < 0) else -quotient
        return {"+": left + right, "-": left - right, "*": left * right, "/": quotient,
                "%": left - right * quotient}[sign]  # fmt: skip


def read_configuration(
    file: str, text: str, included: Callable[[str, str], Iterator[tuple[str, str]]]
) -> Configuration:
    """The VMs of a file and of those that it includes. ``included``: the files of a pattern of a file, and their texts.

    Raises ``UnreadableError`` with file and line.
    """
    shared = {"LOCALBASE": "/usr/local"}
    settings: dict[str, str] = {}
    templates: dict[str, Section] = {}
    machines: dict[str, Section] = {}
    missing: list[Setting] = []
    waiting, seen = [(file, text)], {file}
    while waiting:
        own, content = waiting.pop(0)
        for section in read_sections(own, content):
            if section.kind == "include":
                pattern = _Variables(shared).text(section.pattern)
                found = [each for each in included(own, pattern) if each[0] not in seen]
                seen |= {name for name, _ in found}
                waiting += found
                missing += [] if found else [Setting(pattern, section.place)]
            elif section.kind == "global":
                settings |= _globals(section, shared)
            else:
                known = templates if section.kind == "template" else machines
                if section.name in known:
                    raise UnreadableError(section.place, f"{section.kind} {section.name} is there already, at "
                                          f"{known[section.name].place}")  # fmt: skip
                known[section.name] = section
    all_of_them = [_machine(section, place, shared, templates) for place, section in enumerate(machines.values())]
    return Configuration(all_of_them, settings, missing)


def _globals(section: Section, shared: dict[str, str]) -> dict[str, str]:
    variables = _Variables(shared)
    settings: dict[str, str] = {}
    for parameter in section.parameters:
        value = variables.text(parameter.values[0]) if parameter.values else ""
        if parameter.is_variable:
            variables.set(parameter.key, value)
        else:
            settings[parameter.key] = value
    return settings


def _machine(section: Section, number_: int, shared: dict[str, str], templates: Mapping[str, Section]) -> Machine:
    variables = _Variables(shared, {"NAME": section.name, "ID": str(number_), "OWNER": "root", "GROUP": ""})
    machine = Machine(section.name, number_, section.place)
    _apply(machine, section.parameters, variables, templates, 0)
    machine.uses_number = "ID" in variables.asked
    return machine


def _apply(
    machine: Machine,
    parameters: tuple[Parameter, ...],
    variables: _Variables,
    templates: Mapping[str, Section],
    depth: int,
) -> None:
    for parameter in parameters:
        if parameter.is_variable:
            variables.set(parameter.key, variables.text(parameter.values[0]))
            continue
        for target in parameter.targets:
            _apply_template(machine, target, parameter.place, variables, templates, depth)
        if parameter.targets:
            continue
        key = parameter.key.lower()
        key = _ALIASES.get(key, key)
        texts = [variables.text(pieces) for pieces in parameter.values]
        if key not in LISTS and (parameter.adds or len(texts) > 1):
            raise UnreadableError(parameter.place, f"{parameter.key} takes one value")
        settings = [Setting(text, parameter.place) for text in texts]
        machine.settings[key] = [*(machine.settings.get(key, []) if parameter.adds else ()), *settings]
        if key == "name":
            machine.name = texts[0]
            variables.set("NAME", texts[0])


def _apply_template(
    machine: Machine,
    target: Target,
    place: str,
    variables: _Variables,
    templates: Mapping[str, Section],
    depth: int,
) -> None:
    name = variables.text(target.name)
    template = templates.get(name)
    if template is None:
        raise UnreadableError(place, f'there is no template "{name}"')
    if name in machine.templates or depth > _DEEPEST:
        return  # bmd says that it is applied already, and goes on
    machine.templates.append(name)
    given = [*target.arguments, *([()] * len(template.arguments))]
    arguments = {
        argument: variables.text(own or usual)
        for (argument, usual), own in zip(template.arguments, given, strict=False)
    }
    before, variables.arguments = variables.arguments, arguments
    _apply(machine, template.parameters, variables, templates, depth + 1)
    variables.arguments = before
