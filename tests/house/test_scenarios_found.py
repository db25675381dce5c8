"""Every scenario is found, and every transcript belongs to one."""

from __future__ import annotations

import ast
from pathlib import Path

from host.scenario import SCENARIOS

MODULES = sorted(SCENARIOS.glob("*/*.py"))


def decorated(module: Path) -> list[ast.FunctionDef]:
    """The scenarios of a module."""
    functions = [node for node in ast.parse(module.read_text()).body if isinstance(node, ast.FunctionDef)]
    return [node for node in functions if any(ast.unparse(each).startswith("scenario") for each in node.decorator_list)]


def keeps_transcript(node: ast.FunctionDef) -> bool:
    """Whether the decorator of a scenario says that its transcript is kept."""
    decorator = node.decorator_list[-1]
    assert isinstance(decorator, ast.Call), f"{node.name}: @scenario needs parentheses"
    assert ast.unparse(decorator.func) == "scenario", f"{node.name}: @scenario stands next to the function"
    return any(each.arg == "transcript" and ast.unparse(each.value) == "True" for each in decorator.keywords)


def test_every_topic_has_a_site_and_scenarios() -> None:
    topics = {path.parent for path in MODULES}
    assert topics
    wanted = [topic / name for topic in topics for name in ("site.toml", "scenarios.py")]
    assert [path for path in wanted if not path.exists()] == []


def test_every_scenario_says_what_must_hold() -> None:
    undocumented = [
        f"{module.parent.name}/{node.name}"
        for module in MODULES
        for node in decorated(module)
        if not ast.get_docstring(node) or not {"play", "far"} & {each.arg for each in node.args.args}
    ]
    assert undocumented == []


def test_every_transcript_belongs_to_a_scenario() -> None:
    kept = {
        module.parent / "golden" / f"{node.name}.txt"
        for module in MODULES
        for node in decorated(module)
        if keeps_transcript(node)
    }
    assert set(SCENARIOS.glob("*/golden/*")) == kept
