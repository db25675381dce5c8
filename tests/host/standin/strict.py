"""What bhyve(8) would take and silently misread: the strict parser of the tests objects to it."""

from __future__ import annotations

from .world import World


def misread(world: World, words: list[str], has_rom: bool) -> str:
    """The objection, empty if there is none. The parser is imported when the first guest is started."""
    from bhyve_grammar import parse_command

    for option in ("-r", "-R"):  # what they have concerns nothing else, wherever they stand
        if option in words:
            at = words.index(option)
            words = [*words[:at], *words[at + 2 :]]
    try:
        parse_command(words, ".".join(map(str, world.release)), world.arch, loaded=not has_rom)
    except ValueError as error:
        return str(error)
    return ""
