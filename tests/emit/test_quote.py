"""Quoting: each language reads back what went in, or the quoter refuses."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hivewright.emit import quote, render
from shells import SHELLS, run_shell

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
NASTY = st.text(st.sampled_from("'\"\\$`~ *?[]{}()<>|&;!#%=:,\t\n\r-a"), max_size=12)
WORDS = st.lists(TEXT | NASTY, min_size=1, max_size=100)
QUOTERS = [quote.quote_sh, quote.quote_loader, quote.quote_devd, quote.quote_markdown]


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=25)
@given(words=WORDS)
def test_a_shell_reads_back_the_words(shell: str, words: list[str]) -> None:
    script = f"printf '%s\\0' {' '.join(quote.quote_sh(word) for word in words)}"
    assert run_shell(shell, script) == b"".join(word.encode() + b"\0" for word in words)


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=25)
@given(words=WORDS, label=TEXT)
def test_a_shell_reads_back_a_line_and_not_its_label(shell: str, words: list[str], label: str) -> None:
    script = f"printf '%s\\0' {quote.quote_sh(quote.shell_words(words, label))}\n"
    assert run_shell(shell, script) == b"".join(word.encode() + b"\0" for word in words)


@pytest.mark.parametrize("word", ["-s", "0:4:0,virtio-blk,/dev/zvol/a", "a=b", "web-1_2.x@y%+"])
def test_safe_words_stay_bare(word: str) -> None:
    assert quote.quote_sh(word) == word


@pytest.mark.parametrize(
    ("word", "quoted"),
    [("", "''"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("é", "'é'"), ("~", "'~'"), ("a\n", "'a\n'"), (7, "7")],
)
def test_other_words_are_quoted(word: str | int, quoted: str) -> None:
    assert quote.quote_sh(word) == quoted


def test_a_line_keeps_empty_words_and_blanks() -> None:
    assert quote.shell_words(("a", "", "b c")).text == "a '' 'b c'"
    assert quote.shell_words(("",)).text == "''"
    assert quote.shell_words(("a b",)).text == "'a b'"
    assert quote.shell_words(()).text == ""


def test_a_call_is_one_of_ours() -> None:
    assert quote.shell_call("sparse_file", ("root",), "disk.root").text == "sparse_file root  # disk.root"
    for verb in ("rm -rf", "", "a;b", "A", "x=1"):
        with pytest.raises(ValueError, match="not a call"):
            quote.shell_call(verb, ())


def test_a_nul_cannot_be_said() -> None:
    with pytest.raises(ValueError, match="NUL"):
        quote.quote_sh("a\0b")


@pytest.mark.parametrize("quoter", QUOTERS)
@pytest.mark.parametrize("value", [None, True, False, ["a"], ("a",), 1.5, b"a", {}])
def test_what_is_not_a_word_raises(quoter: quote.Quoter, value: object) -> None:
    with pytest.raises(TypeError):
        quoter(value)


@pytest.mark.parametrize("quoter", QUOTERS)
@pytest.mark.parametrize(
    "marker",
    [
        quote.shell_words(("a",)),
        quote.loader_setting("a", "b"),
        quote.devd_statement("notify", 1),
        quote.markdown_code("a"),
    ],
)
def test_a_marker_passes_only_in_its_own_language(quoter: quote.Quoter, marker: object) -> None:
    own = {
        quote.ShellText: quote.quote_sh,
        quote.LoaderText: quote.quote_loader,
        quote.DevdText: quote.quote_devd,
        quote.MarkdownText: quote.quote_markdown,
    }
    if own[type(marker)] is quoter:  # type: ignore[index]
        assert quoter(marker)
    else:
        with pytest.raises(TypeError):
            quoter(marker)


@given(TEXT | NASTY)
def test_a_comment_is_one_printable_line(text: str) -> None:
    line = quote.quote_sh(quote.comment(text))
    assert line.isprintable()
    assert len(line.splitlines()) <= 1


def test_a_comment_keeps_readable_text_as_it_is() -> None:
    assert quote.comment("vms/wéb.toml  [vm.web1]").text == "vms/wéb.toml  [vm.web1]"
    assert quote.comment("a\nb\x1b[31m\u2028c").text == "a b [31m c"


@given(TEXT | NASTY)
def test_loader_reads_back_the_value_or_it_is_refused(text: str) -> None:
    try:
        line = quote.loader_setting("hw.vmm.maxcpu", text).text
    except ValueError:
        assert len(text) > 128 or re.search(r'["\\$]|[^ -~]', text)
    else:
        match = re.fullmatch(r'hw\.vmm\.maxcpu="([^"\\$]*)"', line)
        assert match is not None
        assert match[1] == text


def test_loader_takes_128_characters() -> None:
    assert quote.quote_loader("x" * 128) == f'"{"x" * 128}"'
    with pytest.raises(ValueError, match="128"):
        quote.quote_loader("x" * 129)


@pytest.mark.parametrize("name", ["", "a b", 'a"', "a=b", "1a", "a\n"])
def test_loader_refuses_names(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        quote.loader_setting(name, "YES")


@given(TEXT | NASTY)
def test_rc_conf_is_read_back_by_a_shell_or_it_is_refused(text: str) -> None:
    try:
        line = quote.rc_setting("gateway_enable", text).text
    except ValueError:
        assert re.search(r'["\\$`]|[^ -~]', text)
    else:
        assert shlex.split(line) == [f"gateway_enable={text}"]
        assert quote.quote_sh(quote.rc_setting("gateway_enable", text)) == line


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("held", "found"), [("", " /b c"), ("files=/a;", "/a /b c")])
def test_rc_conf_adds_to_what_is_there(shell: str, held: str, found: str) -> None:
    line = quote.rc_setting("files", "/b c", append=True).text
    assert line == 'files="${files-} /b c"'
    assert run_shell(shell, f'set -u; {held}{line}; printf %s "$files"\n').decode() == found


@pytest.mark.parametrize("name", ["", "A", "a-b", "a b", "1a", "a=b", "a\n"])
def test_rc_conf_refuses_names(name: str) -> None:
    with pytest.raises(ValueError, match="not a variable"):
        quote.rc_setting(name, "YES")


@given(TEXT | NASTY)
def test_devd_reads_back_the_string_or_it_is_refused(text: str) -> None:
    try:
        quoted = quote.quote_devd(text)
    except ValueError:
        assert text == "" or text.endswith("\\") or re.search(r'"|[^\t -~]', text)
    else:
        assert quoted == f'"{text}"'
        assert re.fullmatch(r'"[^"\n]+(?<!\\)"', quoted)


def test_devd_conditions_use_the_keyword_where_there_is_one() -> None:
    assert quote.devd_condition("cdev", "vmm/.*").text == 'match "cdev" "vmm/.*"'
    assert quote.devd_condition("device-name", "ppt[0-9]+").text == 'device-name "ppt[0-9]+"'
    assert quote.devd_statement("attach", 100).text == "attach 100"


@pytest.mark.parametrize(
    "make",
    [
        lambda: quote.devd_statement("options", 1),
        lambda: quote.devd_condition('x" "', "a"),
        lambda: quote.devd_condition("cdev", ""),
    ],
)
def test_devd_refuses_what_it_cannot_say(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        make()


def test_markdown_cells_are_plain_text() -> None:
    assert quote.quote_markdown("tap_web1_lan /dev/zvol/a-b (x)") == "tap_web1_lan /dev/zvol/a-b (x)"
    assert quote.quote_markdown("_a_ *b* | `c` <d> [e]") == r"\_a\_ \*b\* \| \`c\` \<d\> \[e\]"
    assert quote.quote_markdown(3) == "3"
    assert quote.markdown_code("c|d").text == r"`c\|d`"
    assert quote.markdown_code("a`b").text == "`` a`b ``"


@given(TEXT | NASTY)
def test_markdown_rows_keep_their_number_of_cells(text: str) -> None:
    environment = render.environment(Path("templates"), quote.quote_markdown)
    row = environment.from_string("| {{ a }} | {{ b }} | {{ c }} |").render(a=text, b=quote.markdown_code(text), c=1)
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == 4
    assert len(row.splitlines()) == 1


@given(st.lists(st.from_regex(r"[a-z][a-z0-9_-]{0,30}", fullmatch=True), min_size=2, max_size=2, unique=True))
def test_mermaid_nodes_of_different_names_differ(names: list[str]) -> None:
    first, second = (quote.mermaid_node("vm", name).text for name in names)
    assert first != second
    assert re.fullmatch(r"vm_[A-Za-z0-9_]+", first)


def test_mermaid_labels_cannot_end_early() -> None:
    assert quote.mermaid_node("vm", "end", 'a"b#<').text == 'vm_end["a#34;b#35;#60;"]'


# iovctl.conf


def test_settings_of_iovctl() -> None:
    assert quote.ucl_setting("device", "ix0").text == 'device : "ix0";'
    assert quote.ucl_setting("num_vfs", 8).text == "num_vfs : 8;"
    assert quote.ucl_setting("passthrough", True).text == "passthrough : true;"
    assert quote.quote_ucl(quote.ucl_section("VF-10")) == "VF-10"


@pytest.mark.parametrize("value", ['a"b', "a b", "${ABI}", "a;", "a\nb", "", "a\\"])
def test_ucl_takes_plain_text_only(value: str) -> None:
    with pytest.raises(ValueError, match="cannot say"):
        quote.ucl_setting("mode", value)


@pytest.mark.parametrize("name", ["VF-01", "VF-", "vf-1", "PF ", "X"])
def test_other_sections_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no section"):
        quote.ucl_section(name)


@pytest.mark.parametrize("name", ["Mac", "mac addr", "", "mac:"])
def test_other_keys_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        quote.ucl_setting(name, "x")


@pytest.mark.parametrize("value", ["text", 1, True, None])
def test_ucl_takes_nothing_that_was_not_made_for_it(value: object) -> None:
    with pytest.raises(TypeError, match="has no word"):
        quote.quote_ucl(value)
