"""The templates keep to their limits, and the checker refuses what lies beyond them."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from hivewright.emit.quote import Quoter, quote_devd, quote_loader, quote_markdown, quote_rule, quote_sh, quote_ucl
from hivewright.emit.render import environment, quoter_of
from hivewright.system.data import data_directory
from template_check import Language, check_template

DIRECTORY = data_directory("templates")
LANGUAGES: dict[Quoter, Language] = {
    quote_sh: "sh",
    quote_loader: "loader",
    quote_devd: "devd",
    quote_rule: "rules",
    quote_ucl: "ucl",
    quote_markdown: "markdown",
}
TEMPLATES = sorted([*DIRECTORY.glob("*.j2"), *(DIRECTORY / "root").rglob("*.j2")])


def check(source: str, language: Language = "sh") -> list[str]:
    return check_template(source, language, environment(DIRECTORY, quote_sh))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_template_keeps_to_the_limits(path: Path) -> None:
    language = LANGUAGES[quoter_of(path.relative_to(DIRECTORY).as_posix())]
    assert check(path.read_text(), language) == []


def test_there_are_templates_of_every_language() -> None:
    languages = {LANGUAGES[quoter_of(path.relative_to(DIRECTORY).as_posix())] for path in TEMPLATES}
    assert languages == {"sh", "loader", "devd", "rules", "ucl", "markdown"}


@pytest.mark.parametrize(
    "source",
    [
        "run {{ a.b.c }}\n",
        "# it's {{ a | comment }}.\nrun {{ a }}\n",
        "run x#y {{ a }}\n",
        "run 'it' \"is\" {{ a }}\n",
        "run \\' {{ a }}\n",
        "{% for a in b.c %}\nrun {{ a }}\n{% endfor %}\n",
        "{% for a, b in c %}\nrun {{ a }} {{ b }}\n{% endfor %}\n",
        "run{% for a in b %} {{ a }}{% endfor %}\n",
        "{% if not a.b %}\nrun\n{% elif c %}\nstop\n{% else %}\nwait\n{% endif %}\n",
        '{% include "header.j2" %}\n',
        "{# a note #}\nrun\n",
    ],
)
def test_what_is_allowed_passes(source: str) -> None:
    assert check(source) == []


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("x='{{ a }}'\n", "inside single quotes"),
        ('run "{{ a }}"\n', "inside double quotes"),
        ('run "x \\" {{ a }}"\n', "inside double quotes"),
        ("'{% if a %}{{ b }}{% endif %}'\n", "inside single quotes"),
        ("# {{ a }}\n", "needs the filter comment"),
        ("run  # {{ a }}\n", "needs the filter comment"),
        ("run {{ a | comment }}\n", "does not quote"),
        ("run x{{ a }}\n", "glued to 'x'"),
        ("run ${{ a }}\n", "glued to '$'"),
        ("run {{ a }}x\n", "'x' is glued"),
        ("run {{ a }}>/dev/null\n", "'>' is glued"),
        ("run {{ a }}{{ b }}\n", "two expressions"),
        ("run {% for a in b %}{{ a }}{% endfor %}\n", "two expressions"),
        ("run {% if a %}{{ a }}{% endif %}x\n", "'x' is glued"),
        ("run {% if a %}x{% endif %}{{ b }}\n", "glued to 'x'"),
        ("run \\{{ a }}\n", "backslash"),
        ("cat <<EOF\n{{ a }}\nEOF\n", "here-document"),
        ("{% if a %}'{% endif %}{{ b }}'\n", "begins in code ends in single quotes"),
        ("run 'x\n", "ends inside single quotes"),
        ("{% set x = a %}\n", "may not use assign"),
        ("{% set x %}a{% endset %}\n", "may not use assignblock"),
        ("{% macro x() %}a{% endmacro %}\n", "may not use macro"),
        ("{% call x() %}a{% endcall %}\n", "may not use callblock"),
        ("{% filter upper %}a{% endfilter %}\n", "may not use filterblock"),
        ("{% block x %}a{% endblock %}\n", "may not use block"),
        ('{% extends "x" %}\n', "may not use extends"),
        ('{% import "x" as y %}\n', "may not use import"),
        ("{% with a = b %}x{% endwith %}\n", "may not use with"),
        ("run {{ a() }}\n", "an expression is a name"),
        ("run {{ a[0] }}\n", "an expression is a name"),
        ("run {{ a + b }}\n", "an expression is a name"),
        ("run {{ a ~ b }}\n", "an expression is a name"),
        ("run {{ 'a' }}\n", "an expression is a name"),
        ("run {{ a if b else c }}\n", "an expression is a name"),
        ("run {{ a | upper }}\n", "an expression is a name"),
        ("# {{ a | upper | comment }}\n", "an expression is a name"),
        ("{% if a == b %}x{% endif %}\n", "if asks for a name"),
        ("{% if a is defined %}x{% endif %}\n", "if asks for a name"),
        ("{% for a in b | sort %}x{% endfor %}\n", "over a name"),
        ("{% for a in b if a %}x{% endfor %}\n", "no condition"),
        ("{% for a in b %}x{% else %}y{% endfor %}\n", "no else"),
        ("{% include a %}\n", "one template that exists"),
        ('{% include "x" ignore missing %}\n', "one template that exists"),
        ('run {% include "x" %}\n', "on a line of its own"),
        ("{% if %}\n", "Expected an expression"),
    ],
)
def test_what_is_not_allowed_is_refused(source: str, reason: str) -> None:
    problems = check(source)
    assert any(reason in problem for problem in problems), problems
    assert all(problem.startswith("line ") for problem in problems)


@pytest.mark.parametrize(
    ("language", "source", "reason"),
    [
        ("loader", 'a="{{ b }}"\n', "inside double quotes"),
        ("loader", "a={{ b }}\n", "glued to '='"),
        ("devd", 'action "{{ b }}";\n', "inside double quotes"),
        ("devd", "# {{ b }}\n", "needs the filter comment"),
        ("markdown", "a `{{ b }}`\n", "inside a span"),
        ("markdown", "{{ b | comment }}\n", "does not quote"),
    ],
)
def test_other_languages_have_the_same_limits(language: Language, source: str, reason: str) -> None:
    problems = check(source, language)
    assert any(reason in problem for problem in problems), problems


def test_an_expression_is_quoted_and_an_unknown_name_is_an_error() -> None:
    template = environment(DIRECTORY, quote_sh).from_string("run {{ a.b }}  # {{ c | comment }}\n")
    assert template.render({"a": {"b": "x y"}, "c": "p\nq"}) == "run 'x y'  # p q\n"
    with pytest.raises(UndefinedError, match="'c' is undefined"):
        template.render({"a": {"b": "x"}})
    with pytest.raises(UndefinedError, match="has no attribute 'b'"):
        template.render({"a": {}, "c": ""})
    with pytest.raises(TypeError):
        template.render({"a": {"b": None}, "c": ""})
