"""The rooms of the runtime: who may call whom, that whoever calls loads, and that no name means two things."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest

from projects import LIBRARY
from runtime_parts import HIVECTL, PARTS, VERBS, code_of, commands_of, functions, name_of

ROOMS: dict[str, tuple[str, ...]] = {
    "lib": (),
    "network": ("lib",),
    "storage": ("lib",),
    "devices": ("lib",),
    "guest": ("lib", "network", "storage", "devices"),
    "contract": ("lib", "network", "storage", "devices", "guest"),
    "shim": ("lib", "network", "storage", "devices", "guest"),
    "verbs": ("lib", "network", "storage", "devices", "guest", "shim"),
    "hivectl": ("lib", "verbs"),
}
"""Each room, and those it may call beside itself."""

CONTRACT = ("start.subr", "stop.subr", "provision.subr")
"""What generated scripts source."""

ENTRY = "lib/runtime.subr"
"""What every script sources first; it loads what all parts may use without loading it."""

CALLED_BY_SCRIPTS = {
    *("begin", "clone", "created", "debugger", "finish", "home", "hook", "hook_terms", "host", "image"),
    *("live", "loader", "loader_file", "dataset", "called", "login_by", "logs"),
    *(
        "metrics",
        "modules",
        "network",
        "nic",
        "on",
        "peer",
        "prepare",
        "replicate",
        "run",
        "runtime",
        "seed",
        "seed_file",
        "seed_secret",
        "setting",
        "starts",
        "sparse_file",
    ),
    *("moved_from", "owner", "protected", "renamed_from", "stop_within", "variables", "vm", "volume", "wave"),
}
"""Functions that generated scripts and host.conf call."""

CALLED_BY_NAME = {
    "give_up": "on_failure=give_up",
    "tell_former": "with_former_words tell_former",
    "hand_to": "with_owner_words hand_to",
    "hand_away": "with_owner_words hand_away",
    "take_back": "with_owner_words take_back",
    "keep_file": "read_files keep_file",
    "pass_file": "read_files pass_file",
    "read_present_owner": "with_owner_words read_present_owner",
    "make_need": "each_need make_need",
    "remove_need": "each_need remove_need",
    "count_volumes": "with_volumes count_volumes",
    "pause_guest": "each_guest pause_guest",
    "reset_guest": "each_guest reset_guest",
    "release_guest": "each_guest release_guest",
    "interrupt_guest": "each_guest interrupt_guest",
    "resume_guest": "each_guest resume_guest",
}
"""Functions that are called by way of a variable or a parameter, and what sets it."""

CALLED_BY_KIND = {
    "guest/prepare.subr": "prepare_",
    "guest/undo.subr": "undo_",
    "shim/request.subr": "steps_of_",
}
"""Files that call functions by the name of a step, or of a kind of thing in a journal, and how those begin."""

FILES = {name_of(path): path for path in (*PARTS, *VERBS, HIVECTL)}
WORDS = {name: code_of(path) for name, path in FILES.items()}


def room_of(name: str) -> str:
    if name in CONTRACT:
        return "contract"
    return name if name == "hivectl" else name.split("/")[0]


@cache
def definitions() -> dict[str, list[str]]:
    """Each function of the runtime with the files that define it."""
    found: dict[str, list[str]] = {}
    for name, path in FILES.items():
        for function in functions(path):
            found.setdefault(function, []).append(name)
    return found


@cache
def calls(name: str) -> frozenset[str]:
    """The functions of other files of the runtime that a file calls."""
    words = commands_of(WORDS[name]) | of_kinds(name)
    return frozenset(word for word in words if word in definitions() and name not in definitions()[word])


def of_kinds(name: str) -> set[str]:
    """The functions that a file calls by the name of a kind."""
    beginning = CALLED_BY_KIND.get(name)
    return {word for word in definitions() if beginning is not None and word.startswith(beginning)}


@cache
def loads(name: str) -> frozenset[str]:
    """The parts that a file loads, in its head or where they are needed."""
    found = set(re.findall(r"(?m)(?:^|[\s;])load_part ([a-z_/]+\.subr)", WORDS[name]))
    found |= set(re.findall(r'(?m)^\. (?:"\$hive_lib|/usr/local/libexec/hivewright)/([a-z_/]+\.subr)', WORDS[name]))
    return frozenset(found)


def closure(name: str) -> set[str]:
    """What is there once a file and all that it loads were read."""
    found: set[str] = set()
    waiting = [name, ENTRY]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting.extend(loads(each))
    return found


def called_files(name: str) -> Iterator[tuple[str, str]]:
    """The functions of other files that a file calls, with the file."""
    for function in sorted(calls(name)):
        if function in CALLED_BY_SCRIPTS and len(definitions()[function]) > 1:
            continue
        for place in definitions()[function]:
            yield function, place


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_calls_upward(room: str) -> None:
    wrong = [
        f"{name} calls {function} of {place}"
        for name in FILES
        if room_of(name) == room
        for function, place in called_files(name)
        if room_of(place) not in (room, *ROOMS[room])
    ]
    assert wrong == []


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_is_loaded_from_above(room: str) -> None:
    wrong = [
        f"{name} loads {part}"
        for name in FILES
        if room_of(name) == room
        for part in loads(name)
        if room_of(part) not in (room, *ROOMS[room])
    ]
    assert wrong == []


def test_every_room_has_its_line() -> None:
    assert {room_of(name) for name in FILES} == set(ROOMS)


def test_no_two_files_need_each_other() -> None:
    needs = {name: {place for _, place in called_files(name)} | loads(name) for name in FILES}
    needs["lib/messages.subr"].discard(ENTRY)
    done: set[str] = set()
    while len(done) < len(FILES):
        free = {name for name in FILES if name not in done and needs[name] <= done | {name}}
        assert free, f"a circle among {sorted(set(FILES) - done)}"
        done |= free


@pytest.mark.parametrize("name", FILES)
def test_whoever_calls_loads(name: str) -> None:
    """No part relies on another to have loaded what it calls."""
    there = closure(name)
    allowed = {"lib/verbs.subr"} if room_of(name) == "verbs" or name == "lib/arguments.subr" else set()
    missing = [f"{function} of {place}" for function, place in called_files(name) if place not in there | allowed]
    assert missing == []


@pytest.mark.parametrize("name", FILES)
def test_what_is_loaded_is_called(name: str) -> None:
    """A part is loaded for a function of it, or for a variable that it owns."""
    used = set(re.findall(r"[a-z_]+", WORDS[name])) | of_kinds(name)
    idle = [
        part
        for part in loads(name)
        if not used & {*functions(FILES[part]), *variables(part)} and name not in ("stop.subr", ENTRY)
    ]
    assert idle == []


def test_every_function_is_called() -> None:
    called = {function for name in FILES for function in calls(name)}
    for name, path in FILES.items():
        text = WORDS[name]
        called |= {function for function in functions(path) if len(re.findall(rf"\b{function}\b", text)) > 1}
        called |= of_kinds(name)
    for function, mention in CALLED_BY_NAME.items():
        assert any(mention in text for text in WORDS.values())
        called.add(function)
    verbs = {f"do_{name.removeprefix('verbs/')}" for name in FILES if name.startswith("verbs/")}
    assert set(definitions()) - called - CALLED_BY_SCRIPTS - verbs - {"main"} == set()


def test_no_two_parts_define_the_same_function() -> None:
    # A start script's vm selects a guest, host.conf's lists one; begin is another thing in each script that has it.
    expected = {"vm": ["lib/host.subr", "lib/names.subr"], "begin": ["provision.subr", "start.subr"]}
    assert {name: sorted(found) for name, found in definitions().items() if len(found) > 1} == expected


@pytest.mark.parametrize("name", CONTRACT)
def test_scripts_keep_their_own_words(name: str) -> None:
    """What a generated script calls is not defined anew by a part that is loaded for it, at once or later."""
    assert "lib/host.subr" not in closure(name)


def variables(name: str) -> set[str]:
    """What a part sets when it is loaded."""
    found: set[str] = set()
    for line in WORDS[name].splitlines():
        if re.match(r"[a-z_]+=", line):
            found.update(re.findall(r"(?:^|\s)([a-z_]+)=", line))
    return found


def test_every_variable_has_one_owner() -> None:
    owners: dict[str, list[str]] = {}
    for name in FILES:
        for variable in variables(name):
            owners.setdefault(variable, []).append(name)
    verbs = {"usage", "about"}
    twice = {name: found for name, found in owners.items() if len(found) > 1 and name not in verbs}
    assert twice == {}


def locals_of(body: list[str]) -> set[str]:
    return {word for line in body if line.startswith("\tlocal ") for word in line.split()[1:]}


def test_what_is_loaded_late_sets_no_local_variable() -> None:
    """A part that is loaded within a function sets its variables there: callers must have none of these names."""
    bodies = {function: body for path in FILES.values() for function, body in functions(path).items()}
    callers: dict[str, set[str]] = {}
    for function, body in bodies.items():
        found = commands_of("\n".join(re.sub(r"(^|\t)#.*", "", line) for line in body))
        for called in found & set(bodies):
            callers.setdefault(called, set()).add(function)
        if function in ("main", "do_help"):
            for verb in bodies:
                if verb.startswith("do_"):
                    callers.setdefault(verb, set()).add(function)
    late = 0
    for name, path in FILES.items():
        for function, body in functions(path).items():
            parts = [part for line in body for part in re.findall(r"load_part ([a-z_/]+\.subr)", line)]
            late += len(parts)
            around, waiting = set(), [function]
            while waiting:
                each = waiting.pop()
                if each not in around:
                    around.add(each)
                    waiting.extend(callers.get(each, ()))
            hidden = {word for each in around for word in locals_of(bodies[each])}
            owned = {word for part in parts for each in closure(part) for word in variables(each)}
            assert not hidden & owned, f"{name}: {function} is called where these are local: {hidden & owned}"
    assert late > 10


def test_nothing_is_loaded_after_the_first_step() -> None:
    """Files may be replaced while a supervisor or a verb runs: only who chooses between parts loads them in a function,
    and does so before anything else."""
    late = {
        (name, function)
        for name, path in FILES.items()
        for function, body in functions(path).items()
        if any(re.search(r"\bload_part [a-z_/]+\.subr", line) for line in body)
    }
    verbs = {("verbs/disk", "do_disk"), ("verbs/disk", "list_disks"), ("storage/altering.subr", "alter_disk")}
    assert late == {("start.subr", "begin"), *verbs}


def test_the_runtime_is_as_the_library_lies() -> None:
    assert {path.relative_to(LIBRARY).as_posix() for path in LIBRARY.rglob("*") if path.is_file()} == set(FILES) - {
        "hivectl"
    }


def test_calls_are_seen_wherever_a_command_may_stand() -> None:
    lines = (
        "f() {",
        'first_line "$x y" || say "no $(flatten z)"',
        "if ! among a; then refuse b; fi",
        "case $1 in",
        "has_line) drop_line x ;;",
        "*) patiently now & ;;",
        "esac",
        "trap 'await 1; valid_name' TERM",
        "trap host_name INT",
        "while read -r x; do observe; done",
        "}",
    )
    expected = {
        "first_line",
        "say",
        "flatten",
        "among",
        "refuse",
        "drop_line",
        "patiently",
        "now",
        "await",
        "valid_name",
    }
    expected |= {"host_name", "observe"}
    assert {word for word in commands_of("\n".join(lines)) if word in definitions()} == expected
