"""No input whatever raises: arbitrary bytes, arbitrary values, and damaged copies of a realistic site."""

from __future__ import annotations

import random
import re
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import write_files
from hivewright.cli import main
from hivewright.diagnostics.printer import Form, format_diagnostics
from hivewright.model.roots import NAMED, SINGLE
from hivewright.rules import check_rules
from hivewright.site.load import Loaded, load
from hivewright.source import Project, SourceFile, Sources, find_project, read_site
from projects import CHECKOUT

EXAMPLE = CHECKOUT / "site"
FORMS: tuple[Form, ...] = ("full", "short", "json")


def check(sources: Sources) -> Loaded:
    """The whole of ``check``; the site must be there exactly when there is no error."""
    loaded = load(sources)
    diagnostics = list(loaded.diagnostics)
    assert (loaded.site is None) == any(each.severity == "error" for each in diagnostics)
    if loaded.site is not None:
        diagnostics += check_rules(loaded.site)
    for form in FORMS:
        output = format_diagnostics(diagnostics, sources, form)
        assert not re.search(r"pydantic|Input should|validation error|Traceback", output)
    for each in diagnostics:
        assert re.fullmatch(r"[A-Z]{2,6}[0-9]{3}", each.code)
        assert each.message
    return loaded


def read_text(folder: Path, text: bytes) -> Sources:
    return read_site(find_project(write_files(folder, {"site.toml": text})))


ANY_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(ANY_FOLDER, max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    check(read_text(tmp_path, content))


@settings(ANY_FOLDER, max_examples=100)
@given(st.text(st.sampled_from("[]{}=.,\"'\\#\n vm0aé-\x00\ufeff\u2028"), max_size=80))
def test_any_text(tmp_path: Path, text: str) -> None:
    check(read_text(tmp_path, text.encode()))


KEYS = st.one_of(
    st.sampled_from([*NAMED, *SINGLE, "web1", "alpha", "lan", "root", "disk", "nic", "kind", "hosts", "host", "[key]"]),
    st.sampled_from(["inherit", "profile", "topology", "storage", "image", "vnc", "port", "pin", "hooks", "slot"]),
    st.text(string.printable + "é\u202e", max_size=4),
)
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.sampled_from(["web1", "alpha", "lan", "bridge", "zfs", "4G", "auto", "14.3", "10.0.0.1/8", "", "/a", "../x"]),
    st.text(max_size=6),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)
OBJECTS = st.dictionaries(st.sampled_from(["web1", "alpha", "lan", "Bad Name"]) | KEYS, VALUES, max_size=3)
DOCUMENTS = st.dictionaries(st.sampled_from([*NAMED, *SINGLE]) | KEYS, OBJECTS | VALUES, max_size=6)


@pytest.mark.slow
@settings(ANY_FOLDER, max_examples=200)
@given(st.lists(DOCUMENTS, max_size=2))
def test_any_values(tmp_path: Path, documents: list[dict[str, Any]]) -> None:
    files = [SourceFile(f"{number}.toml", "", values) for number, values in enumerate(documents)]
    check(Sources(find_project(tmp_path), tuple(files)))


def put(values: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    """A copy with one value set deep inside; tables on the way are made."""
    key, *rest = path
    inner = values.get(key)
    return {**values, key: put(inner if isinstance(inner, dict) else {}, rest, value) if rest else value}


def places(values: Any, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [prefix] if prefix else []
    if isinstance(values, dict):
        for key, value in values.items():
            found += places(value, (*prefix, key))
    return found


DAMAGE = (b"", b'"', b"]", b"\n", b"=", b"[vm.x]\n", b"4", b"\xff", b"{", b"true")


@pytest.fixture(scope="module")
def example() -> Sources:
    return read_site(find_project(EXAMPLE.parent))


@pytest.mark.slow
@settings(max_examples=150)
@given(st.data())
def test_example_with_values_replaced(example: Sources, data: st.DataObject) -> None:
    files = list(example.files)
    for _ in range(data.draw(st.integers(1, 3))):
        number = data.draw(st.integers(0, len(files) - 1))
        file = files[number]
        path = list(data.draw(st.sampled_from(sorted(places(file.values)))))
        path += data.draw(st.lists(KEYS, max_size=1))
        files[number] = SourceFile(file.name, file.text, put(file.values, path, data.draw(VALUES)))
    check(Sources(example.project, tuple(files)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_example_with_text_damaged(example: Sources, tmp_path: Path, seed: int) -> None:
    generator = random.Random(seed)
    for file in example.files:
        (tmp_path / file.name).parent.mkdir(parents=True, exist_ok=True)
        content = bytearray(file.text.encode())
        for _ in range(generator.choice((0, 1, 3))):
            start = generator.randrange(len(content) + 1)
            end = min(len(content), start + generator.choice((0, 0, 1, 5, 40)))
            content[start:end] = generator.choice(DAMAGE)
        (tmp_path / file.name).write_bytes(content)
    check(read_site(find_project(tmp_path)))


@pytest.mark.parametrize(
    "text",
    [
        "[vm.a]\n" + "a." * 900 + "a = 1\n",
        "defaults.x = " + "[" * 350 + "]" * 350,
        "[defaults]\n" + "a." * 900 + "a = 1\n[vm.a]\n" + "a." * 900 + "b = 1\n",
        "[site]\nname = 0x" + "f" * 6000,
        "[vm.a]\ncpus = 0x" + "f" * 6000 + "\nrng.slot = 0x" + "f" * 6000,
        "[vm.a]\npin = { 0 = '" + "0," * 20000 + "0' }",
        '[vm.a]\nmemory = "' + "9" * 5000 + 'G"\nmac = "' + ":" * 5000 + '"',
        "[vm.a.vnc]\nport = nan\n[vm.a.rng]\nslot = inf",
        "".join(f"[vm.v{number}]\nbogus = 1\n" for number in range(300)),
        '["vm"."\\u0000"]\n["vm"."\\u001b[31m"]\nx = 1\n["".""]\n[vm.""]',
        '[vm.a]\nhost = "a"\nmemory = "1G"\nhooks.prestart = ["' + "a" * 5000 + '", "' + "a/" * 3000 + 'b"]',
        '[vm.a]\nhost = "a"\nmemory = "1G"\nhooks.prestart = ["x\\u0000y"]',
        "[host.a]\nnetwork.x = 1\nnetwork.lan.kind = 3\n[network.lan]\nkind = ['x']\n[storage.s]\nkind = {}\n",
        "[vm]\n[host]\n[network]\n[template]\n[site]\n[defaults]\n",
    ],
)
def test_nasty_sites(tmp_path: Path, text: str) -> None:
    assert check(read_text(tmp_path, text.encode())).site is None


def test_nasty_profile(tmp_path: Path) -> None:
    write_files(tmp_path / "profiles" / "other", {"a.toml": "vm = 3\nimage = []\n", "b.toml": "[", "c.toml": b"\xff"})
    vms = "".join(f'[vm.{name}]\nprofile = "{name}"\nhost = "h"\nmemory = "1G"\n' for name in "abc")
    write_files(tmp_path, {"site/s.toml": '[site]\nname = "s"\n[host.h]\nfreebsd = "14.3"\n' + vms})
    loaded = check(read_site(find_project(tmp_path)))
    assert sorted(each.code for each in loaded.diagnostics) == [
        *("KEY002", "KEY002", "KEY003", "KEY003", "SRC001", "SRC002")
    ]


@pytest.mark.slow
@settings(ANY_FOLDER, max_examples=30)
@given(st.binary(max_size=80))
def test_command_line_gives_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    write_files(tmp_path, {"site.toml": content})
    assert main(["-C", str(tmp_path), "check"]) == 1
    assert capsys.readouterr().err


def test_project_without_any_folder_is_no_exception(tmp_path: Path) -> None:
    nowhere = tmp_path / "none"
    assert read_site(Project(nowhere, nowhere, nowhere, (nowhere,))).diagnostics[0].code == "SRC005"
