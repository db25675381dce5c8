"""The second opinion: a correct output passes, and every kind of damage is found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plans
from hivewright.emit.render import DEVD, LOADER, render
from hivewright.emit.runtime import runtime_artifacts, runtime_reference
from hivewright.emit.verify import REQUIRED, verify, verify_runtime
from hivewright.plan import (
    HIVE,
    MANIFEST,
    Artifact,
    Entry,
    IovPlan,
    IovSection,
    Option,
    format_manifest,
    parse_manifest,
)
from script_words import script_words, verify_words

GOOD = render(plans.ALPHA)
START = f"{HIVE}vms/web1/start"
RC = "root/usr/local/etc/rc.conf.d/routing/hivewright"


def codes(path: str, content: bytes) -> list[str]:
    """The defects found when one file holds something else and MANIFEST says so."""
    artifacts = {**GOOD, path: Artifact(GOOD[path].mode, content)}
    artifacts[MANIFEST] = Artifact(0o644, format_manifest(artifacts, runtime_reference()))
    return [diagnostic.code for diagnostic in verify(artifacts)]


def damaged(path: str, old: bytes, new: bytes) -> list[str]:
    content = GOOD[path].content
    assert old in content
    return codes(path, content.replace(old, new, 1))


def test_what_render_makes_has_no_defect() -> None:
    assert verify(GOOD) == []
    assert verify(render(plans.BARE)) == []
    assert verify_words(plans.ALPHA, GOOD) == []


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (START, b" -m 4G", b" -m $(id)"),
        (START, b" -m 4G", b" -m '4G"),
        (START, b" -m 4G", b' -m "4G"'),
        (START, b" -m 4G", b" -m 4G; reboot"),
        (START, b" -m 4G", b" -m 4G >/etc/rc.conf"),
        (START, b" -m 4G", b" -m 4G &"),
        (START, b" -m 4G", b" -m 4\\G"),
        (START, b" -m 4G", b" -m *"),
        (START, b" -m 4G", b" -m  4G"),
        (START, b" -m 4G", b" -m ~root"),
        (START, b"prepare tap", b"rm tap"),
        (START, b"run /usr", b"runs /usr"),
        (START, b'bhyve "$@" web1\n', b'bhyve "$@" web1'),
        (START, b" -m 4G", b" -m 4\x00G"),
        (START, b" -m 4G", b" -m \xff"),
        (f"{HIVE}vms/web1/stop", b"stop_within 60", b"stop_within `id`"),
        (f"{HIVE}vms/web1/provision", b"seed", b"destroy"),
        (f"{HIVE}host.conf", b"wave 10", b"prepare 10"),
        (LOADER, b'"YES"', b'"YES'),
        (LOADER, b'"YES"', b"YES"),
        (LOADER, b'="YES"', b' = "YES"'),
        (RC, b'="YES"', b'="$(id)"'),
        (RC, b'="YES"', b"=YES"),
        (RC, b'="YES"', b'="${other-} YES"'),
        (DEVD, b'"DEVFS"', b'"DEV"FS"'),
        (DEVD, b'"DEVFS"', b'""'),
        (DEVD, b"};", b"}"),
        (DEVD, b"notify 100", b"options 100"),
    ],
)
def test_damage_is_found(path: str, old: bytes, new: bytes) -> None:
    assert damaged(path, old, new) == ["HW002"]


def test_the_line_of_the_damage_is_named() -> None:
    bad = GOOD[START].content.replace(b" -m 4G", b" -m $x")
    number = bad[: bad.index(b"$x")].count(b"\n") + 1
    messages = [diagnostic.message for diagnostic in verify({**GOOD, START: Artifact(0o755, bad)})]
    assert f"{START} line {number} is not what hivewright writes: 'set -- \"$@\" -m $x  # memory'" in messages


@pytest.mark.parametrize("path", REQUIRED)
def test_a_missing_part_of_the_runtime_is_found(path: str) -> None:
    artifacts = {name: artifact for name, artifact in runtime_artifacts().items() if name != path}
    artifacts[MANIFEST] = Artifact(0o644, format_manifest(artifacts))
    assert [(item.code, item.message) for item in verify_runtime(artifacts)] == [("HW001", f"{path} is missing")]


@pytest.mark.parametrize(
    "artifacts",
    [
        {path: item for path, item in GOOD.items() if path != MANIFEST},
        {path: item for path, item in GOOD.items() if path != START},
        {**GOOD, START: Artifact(0o644, GOOD[START].content)},
        {**GOOD, START: Artifact(0o755, GOOD[START].content + b"# more\n")},
        {**GOOD, MANIFEST: Artifact(0o644, GOOD[MANIFEST].content.partition(b"\n")[2])},
        {**GOOD, MANIFEST: Artifact(0o644, GOOD[MANIFEST].content.replace(b"# runtime ", b"# runtime 1"))},
    ],
    ids=["absent", "surplus", "mode", "content", "no runtime", "another runtime"],
)
def test_a_manifest_that_does_not_fit_is_found(artifacts: dict[str, Artifact]) -> None:
    assert [diagnostic.code for diagnostic in verify(artifacts)] == ["HW003"]


def test_other_words_than_planned_are_found() -> None:
    other = replace(plans.WEB, options=(*plans.WEB.options[:-1], Option(("-l", "com2"), (), "")))
    (defect,) = verify_words(replace(plans.ALPHA, vms=(other,)), GOOD)
    assert "'com1,/dev/nmdm-web1.1A' instead of 'com2'" in defect


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@settings(max_examples=50)
@given(st.lists(st.tuples(TEXT, TEXT), max_size=10), TEXT)
def test_whatever_the_words_they_are_read_back(options: list[tuple[str, str]], label: str) -> None:
    vm = replace(plans.WEB, options=tuple(Option(words, (), label) for words in options))
    plan = replace(plans.ALPHA, vms=(vm,))
    artifacts = render(plan)
    assert verify(artifacts) == []
    assert verify_words(plan, artifacts) == []
    assert script_words(artifacts[START].content.decode()) == [word for words in options for word in words] + ["web1"]


def test_a_manifest_is_read_back() -> None:
    entries, complete = parse_manifest(GOOD[MANIFEST].content)
    assert complete
    assert set(entries) == {path for path in GOOD if path.startswith("root/")}
    assert entries[START].mode == 0o755


@pytest.mark.parametrize(
    "line",
    [
        "../../etc/passwd 0644 " + "0" * 64,
        "/etc/passwd 0644 " + "0" * 64,
        "a/./b 0644 " + "0" * 64,
        "a//b 0644 " + "0" * 64,
        "<<<<<<< HEAD",
        "a 644 " + "0" * 64,
        "a 0644 " + "0" * 63,
        "",
        "# runtime 2 " + "0" * 64,
    ],
)
def test_a_line_of_a_manifest_that_is_not_ours_is_no_entry(line: str) -> None:
    good = "a 0644 " + "1" * 64 + "\n"
    entries, complete = parse_manifest((good + line + "\n").encode())
    assert entries == {"root/a": Entry(0o644, "1" * 64)}
    assert not complete


@pytest.mark.parametrize("line", ["", "# runtime 2 " + "a" * 64 + "\n", "# runtime 12 " + "0" * 64 + "\n"])
def test_the_line_of_the_runtime_may_come_first(line: str) -> None:
    assert parse_manifest(f"{line}a 0644 {'1' * 64}\n".encode()) == ({"root/a": Entry(0o644, "1" * 64)}, True)


@pytest.mark.parametrize("line", ["# runtime", "# runtime 2 abc", "#", "# runtime two " + "0" * 64])
def test_another_comment_may_not(line: str) -> None:
    assert not parse_manifest(f"{line}\na 0644 {'1' * 64}\n".encode())[1]


IOV = IovPlan(
    "ix0",
    "/usr/local/etc/hivewright/iovctl/ix0.conf",
    (
        IovSection("PF", (("device", "ix0"), ("num_vfs", 2))),
        IovSection("DEFAULT", (("passthrough", False),)),
        IovSection("VF-0", (("passthrough", True), ("mac-addr", "58:9c:fc:00:00:01"))),
    ),
    ((0, "web1", "58:9c:fc:00:00:01"),),
)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"ix0"', b'"ix0'), (b"num_vfs : 2;", b"num_vfs : 2"), (b"VF-0 {", b"VF-x {"), (b"true", b"yes"), (b"}\n", b"")],
)
def test_damage_to_a_file_for_iovctl_is_found(old: bytes, new: bytes) -> None:
    artifacts = render(replace(plans.ALPHA, iov=(IOV,)))
    assert verify(artifacts) == []
    path = f"root{IOV.path}"
    artifacts[path] = Artifact(0o644, artifacts[path].content.replace(old, new, 1))
    artifacts[MANIFEST] = Artifact(0o644, format_manifest(artifacts, runtime_reference()))
    assert [diagnostic.code for diagnostic in verify(artifacts)] == ["HW002"]
