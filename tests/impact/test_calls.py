"""Generated sh is read back as what it was made of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hivewright.emit.quote import shell_call, shell_words
from hivewright.impact.calls import Call, difference, read_calls

WORD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@given(words=st.lists(WORD, min_size=1, max_size=5))
def test_calls_and_options_are_read_as_they_were_quoted(words: list[str]) -> None:
    call, option = shell_call("prepare", words, "disk.a, b").text, shell_words(words, "cpus").text
    script = f'{{  # all\n{call}\nset -- "$@" {option}\n}}\n'
    calls = [call for call in read_calls(script.encode()) if call.verb not in "{}"]
    assert calls == [Call("prepare", tuple(words), "disk.a, b"), Call("set", tuple(words), "cpus")]
    assert [call.keys for call in calls] == [("disk.a", "b"), ("cpus",)]


def test_a_line_that_is_no_call_is_one_of_its_own() -> None:
    assert read_calls(b"if true; then\n\tvm a b\n") == [Call("?", ("if true; then",)), Call("vm", ("a", "b"))]
    assert read_calls(b"'open\n") == [Call("?", ("'open",))]


def test_nothing_is_read_of_a_file_that_is_not_there() -> None:
    assert read_calls(None) == read_calls(b"#!/bin/sh\n# a comment\n\n") == []


def same(old: str, new: str) -> bool:
    found = difference(read_calls(old.encode()), read_calls(new.encode()))
    return found == ((), ())


def test_comments_and_the_order_of_lines_mean_nothing() -> None:
    assert same("prepare a  # x\nprepare b\n", "# why\nprepare b  # y\n\nprepare a\n")
    assert not same("prepare a\nprepare a\n", "prepare a\n")


def test_the_order_of_named_words_means_nothing_and_that_of_others_does() -> None:
    assert same("volume a b 1 sparse x=1 y=2\n", "volume a b 1 y=2 x=1 sparse\n")
    assert not same("on crash restart 5 600\n", "on crash restart 600 5\n")


def test_what_a_device_is_given_may_have_any_order_and_ports_of_a_controller_may_not() -> None:
    assert same('set -- "$@" -s 0:3:0,nvme,/a,ser=x,ro\n', 'set -- "$@" -s 0:3:0,nvme,/a,ro,ser=x\n')
    assert not same('set -- "$@" -s 0:3:0,ahci,hd:/a,hd:/b\n', 'set -- "$@" -s 0:3:0,ahci,hd:/b,hd:/a\n')
    assert not same('set -- "$@" -l bootrom,/a,/b\n', 'set -- "$@" -l bootrom,/b,/a\n')
