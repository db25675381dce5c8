"""Documents that an earlier build has parsed are not parsed again, and nothing but their text decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from hivewright.source import parsing
from hivewright.source.parsing import Memory, memory_of, parse_documents, parse_toml
from hivewright.system import cache

TEXTS = ["a = 1\n", 'b = { c = ["d", 1.5, true] }\n', "e = 1979-05-27\n", "broken =\n", ""]
DOCUMENTS = [(f"{number}.toml", text) for number, text in enumerate(TEXTS)]


@pytest.fixture(autouse=True)
def all_sites_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "LARGE", 1)


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path / "cache" / "site.parsed")


def parsed_texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of documents that are parsed in this process from here on."""
    names: list[str] = []

    def parse(name: str, text: str) -> parsing.Outcome:
        names.append(name)
        return parse_toml(name, text)

    monkeypatch.setattr(parsing, "parse_toml", parse)
    monkeypatch.setattr("hivewright.system.parallel.usable_cpus", lambda: 1)
    return names


def test_many_documents_are_parsed_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    found = parse_documents(DOCUMENTS)
    monkeypatch.setattr(parsing, "LARGE", 2**30)
    assert found == parse_documents(DOCUMENTS)
    assert [values is not None for values, _ in found] == [True, True, True, False, True]
    assert [fault.code for _, fault in found if fault is not None] == ["SRC001"]


def test_only_what_changed_is_parsed_again(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    first = parse_documents(DOCUMENTS, memory)
    memory.save()
    names = parsed_texts(monkeypatch)
    assert parse_documents(DOCUMENTS, Memory(memory.path)) == first
    assert names == ["2.toml", "3.toml"], "dates and faults are not remembered"
    names.clear()
    changed = [("0.toml", "a = 2\n"), *DOCUMENTS[1:2]]
    assert parse_documents(changed, Memory(memory.path))[0] == ({"a": 2}, None)
    assert names == ["0.toml"]


def test_what_is_no_longer_used_is_forgotten(memory: Memory) -> None:
    parse_documents(DOCUMENTS, memory)
    memory.save()
    later = Memory(memory.path)
    parse_documents(DOCUMENTS[:1], later)
    later.save()
    assert len(Memory(memory.path).known) == 1


def test_values_of_one_document_are_never_those_of_another(memory: Memory) -> None:
    twice = [DOCUMENTS[0], ("again.toml", DOCUMENTS[0][1])]
    (first, _), (second, _) = parse_documents(twice, memory)
    assert first == second
    assert first is not second


@pytest.mark.parametrize("position", [0, 31, 32, -1])
def test_a_damaged_memory_is_not_used(position: int, memory: Memory) -> None:
    parse_documents(DOCUMENTS, memory)
    memory.save()
    assert memory.path is not None
    content = bytearray(memory.path.read_bytes())
    content[position] ^= 1
    memory.path.write_bytes(content)
    assert Memory(memory.path).known == {}


def test_the_memory_of_another_version_is_not_used(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    parse_documents(DOCUMENTS, memory)
    memory.save()
    assert Memory(memory.path).known != {}
    monkeypatch.setattr(cache, "__version__", "another")
    assert Memory(memory.path).known == {}


def test_without_a_cache_folder_nothing_is_remembered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "nowhere")
    memory = memory_of(tmp_path)
    assert memory.path is None
    assert parse_documents(DOCUMENTS[:1], memory) == [({"a": 1}, None)]
    memory.save()
