"""Locks: the same bytes for the same numbers, and a diagnostic with a line for whatever is no lock."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hivewright.allocation.lock import Lock, read_lock, write_lock
from hivewright.diagnostics import Diagnostic, Spot

UUID = "081dcaf9-427f-5bad-86be-997d1413794d"
LOCK = Lock(
    uuid=UUID,
    vnc=5900,
    slots={"nic.lan": "0:4:0", "disk.root": "0:3:0", "rng": "0:5:1"},
    macs={"lan": "58:9c:fc:33:9c:cc"},
    taps={"lan": "tap-web1-lan"},
    consoles={"com1": "nmdm-web1.1"},
)
TEXT = """\
# Numbers allocated to web1. Written by hivewright build; commit this file with the site.
uuid = "081dcaf9-427f-5bad-86be-997d1413794d"
vnc = 5900

[consoles]
com1 = "nmdm-web1.1"

[macs]
lan = "58:9c:fc:33:9c:cc"

[slots]
"disk.root" = "0:3:0"
"nic.lan" = "0:4:0"
rng = "0:5:1"

[taps]
lan = "tap-web1-lan"
"""

MOVED = TEXT.replace("vnc =", 'home = "beta"\nmoves = 3\nvnc =')
NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,30}", fullmatch=True)
OCTETS = st.from_regex(r"[0-9a-f]{2}:[0-9a-f]{2}:[0-9a-f]{2}", fullmatch=True)
SLOTS = st.tuples(st.integers(0, 255), st.integers(0, 31), st.integers(0, 7)).map("{0[0]}:{0[1]}:{0[2]}".format)
DEVICES = st.one_of(
    st.sampled_from(["rng", "seed", "fbuf"]),
    st.tuples(st.sampled_from(["disk", "cd", "nic", "passthrough"]), NAMES).map(".".join),
)
TAPS = st.text(string.ascii_letters + string.digits + "_.-", min_size=0, max_size=14).map("t{}".format)


def unique(keys: st.SearchStrategy[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str]]:
    pairs = st.lists(st.tuples(keys, values), max_size=5, unique_by=(lambda pair: pair[0], lambda pair: pair[1]))
    return pairs.map(dict)


LOCKS = st.builds(
    Lock,
    uuid=st.uuids().map(str),
    name=st.none() | NAMES,
    vnc=st.none() | st.integers(1, 65535),
    slots=unique(DEVICES, SLOTS),
    macs=unique(NAMES, OCTETS.map("58:9c:fc:{}".format)),
    taps=unique(NAMES, TAPS),
    consoles=unique(st.sampled_from(["com1", "com2", "com3", "com4"]), NAMES.map("nmdm-{}.1".format)),
    ports=unique(NAMES.map("disk.{}".format), st.tuples(NAMES, st.integers(0, 31)).map("{0[0]}:{0[1]}".format)),
    home=st.none(),
    moves=st.just(0),
    pipes=unique(NAMES, st.integers(5000, 32767).map(lambda number: str(2 * number))),
)


def refused(text: str) -> Diagnostic:
    result = read_lock(text, "locks/web1.toml")
    assert isinstance(result, Diagnostic)
    assert isinstance(result.place, Spot)
    assert result.place.file == "locks/web1.toml"
    return result


def test_text_is_stable() -> None:
    assert write_lock("web1", LOCK) == TEXT


@pytest.mark.slow
@given(LOCKS)
def test_what_is_written_is_read(lock: Lock) -> None:
    assert read_lock(write_lock("web1", lock), "locks/web1.toml") == lock


def test_other_ways_to_write_the_same_toml_are_read() -> None:
    text = f"uuid='{UUID}'\nslots={{'disk.root'='0:3:0'}} # moved by hand\n[macs]\n\"lan\"   = '58:9c:fc:33:9c:cc'\n"
    slots, macs = {"disk.root": "0:3:0"}, {"lan": "58:9c:fc:33:9c:cc"}
    assert read_lock(text, "locks/web1.toml") == Lock(UUID, slots=slots, macs=macs)


def test_a_guest_that_moved_is_counted() -> None:
    lock = LOCK._replace(home="beta", moves=3)
    assert write_lock("web1", lock) == MOVED
    assert read_lock(MOVED, "locks/web1.toml") == lock
    assert read_lock(MOVED.replace(" = ", "="), "locks/web1.toml") == lock


def test_windows_line_ends_are_read() -> None:
    assert read_lock(TEXT.replace("\n", "\r\n"), "locks/web1.toml") == LOCK


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (TEXT.replace('"58:9c', "58:9c"), "LOCK001", 9),
        (TEXT + "[taps]\n", "LOCK001", 18),
        (TEXT.replace("vnc = 5900", "<<<<<<< HEAD\nvnc = 5900\n=======\nvnc = 5901\n>>>>>>> b"), "LOCK002", 3),
        (TEXT.replace("58:9c:fc:33:9c:cc", "58:9C:FC:33:9C:CC"), "LOCK003", 9),
        (TEXT.replace("58:9c:fc:33:9c:cc", "59:9c:fc:33:9c:cc"), "LOCK003", 9),
        (TEXT.replace("0:4:0", "0:32:0"), "LOCK003", 13),
        (TEXT.replace("0:4:0", "00:4:0"), "LOCK003", 13),
        (TEXT.replace("0:4:0", "0:4:0,lpc"), "LOCK003", 13),
        (TEXT.replace("nic.lan", "nix.lan"), "LOCK003", 13),
        (TEXT.replace("tap-web1-lan", "tap-with-a-long-name"), "LOCK003", 17),
        (TEXT.replace("tap-web1-lan", "tap web1"), "LOCK003", 17),
        (TEXT.replace("nmdm-web1.1", "../null"), "LOCK003", 6),
        (TEXT.replace("com1", "com5"), "LOCK003", 6),
        (TEXT.replace("5900", "65536"), "LOCK003", 3),
        (TEXT.replace("5900", "true"), "LOCK003", 3),
        (TEXT.replace(UUID, UUID.upper()), "LOCK003", 2),
        (TEXT.replace("uuid", "guid"), "LOCK003", 2),
        (TEXT.replace("[macs]", "[mac]"), "LOCK003", 8),
        (TEXT.replace('"0:4:0"', "4"), "LOCK003", 13),
        (f'uuid = "{UUID}"\nmacs = 3\n', "LOCK003", 2),
        ("", "LOCK003", 1),
        (TEXT.replace("0:4:0", "0:3:0"), "LOCK004", 13),
        (MOVED.replace("moves = 3\n", ""), "LOCK003", 3),
        (MOVED.replace('home = "beta"\n', ""), "LOCK003", 3),
        (MOVED.replace("moves = 3", "moves = 0"), "LOCK003", 3),
    ],
)
def test_a_damaged_lock_is_refused_at_its_line(text: str, code: str, line: int) -> None:
    result = refused(text)
    assert isinstance(result.place, Spot)
    assert (result.code, result.place.line) == (code, line)
    assert result.help


@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert isinstance(read_lock(text, "locks/web1.toml"), Diagnostic)


@given(st.data())
def test_no_mutation_raises(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(TEXT)))
    end = data.draw(st.integers(start, min(len(TEXT), start + 20)))
    text = TEXT[:start] + data.draw(st.text(max_size=5)) + TEXT[end:]
    result = read_lock(text, "locks/web1.toml")
    if isinstance(result, Diagnostic):
        assert isinstance(result.place, Spot)
        assert result.place.line <= text.count("\n") + 2
    else:
        assert re.fullmatch("[0-9a-f-]{36}", result.uuid)


@pytest.mark.parametrize("pipe", ["10001", "9998x", "0", "ten"])
def test_a_pipe_is_an_even_number(pipe: str) -> None:
    text = TEXT.replace("[slots]", f'[pipes]\nlan = "{pipe}"\n\n[slots]')
    found = refused(text)
    assert (found.code, found.message) == ("LOCK003", 'lan in [pipes] must be an even number such as "10000"')
