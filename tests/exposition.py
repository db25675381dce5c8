"""A strict reader of the text that Prometheus collects, after its specification (exposition formats, version 0.0.4).

It wants what ``promtool check metrics`` wants besides: help for each metric, ``_total`` at counters and nowhere else,
base units, and no metric in two places.
"""

from __future__ import annotations

import re

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_VALUE = r'"(?:[^"\\\n]|\\\\|\\"|\\n)*"'
_LABEL = rf"[a-zA-Z_][a-zA-Z0-9_]*={_VALUE}"
_SAMPLE = re.compile(rf"({_NAME})(\{{{_LABEL}(?:,{_LABEL})*\}})? (-?[0-9]+(?:\.[0-9]+)?|[+-]Inf|NaN)")
_HELP = re.compile(rf"# HELP ({_NAME}) (\S(?:[^\\]|\\\\|\\n)*)")
_TYPE = re.compile(rf"# TYPE ({_NAME}) (counter|gauge)")
_NOT_BASE = re.compile(r"_(?:milliseconds|minutes|hours|days|kib|mib|gib|kilobytes|megabytes|percent|celsius)(?:_|$)")


def read_exposition(text: str) -> dict[str, dict[str, str]]:
    """The value of each metric by its labels, as they are written."""
    assert text.endswith("\n")
    assert "\r" not in text
    found: dict[str, dict[str, str]] = {}
    lines = iter(text.splitlines())
    samples: dict[str, str] | None = None
    name = ""
    for line in lines:
        if line.startswith("# HELP"):
            told = _HELP.fullmatch(line)
            assert told, line
            name = told[1]
            assert name not in found, f"{name} stands in two places"
            kind = _TYPE.fullmatch(next(lines, ""))
            assert kind, f"no type follows: {line}"
            assert kind[1] == name, line
            assert (kind[2] == "counter") == name.endswith("_total"), line
            assert not _NOT_BASE.search(name), line
            samples = found[name] = {}
            continue
        sample = _SAMPLE.fullmatch(line)
        assert sample, line
        assert samples is not None, line
        assert sample[1] == name, line
        labels = sample[2] or ""
        names = re.findall(rf"([a-zA-Z_][a-zA-Z0-9_]*)={_VALUE}", labels)
        assert len(set(names)) == len(names), line
        assert labels not in samples, line
        samples[labels] = sample[3]
    assert all(found.values()), found
    return found
