"""Every scenario is found, and every transcript belongs to one."""

from __future__ import annotations

import ast
from pathlib import Path

from host.scenario import SCENARIOS

MODULES = sorted(SCENARIOS.glob("*/*.py"))


def decorated(module: Path) -> dict[str, ast.Call]:
    """The functions of a module that play on a host by themselves, with their decorator."""
    found = {}
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            for each in node.decorator_list:
                assert isinstance(each, ast.Call), f"{module}: {node.name}: @scenario needs parentheses"
                found[node.name] = each
    return found


def test_every_topic_has_a_site_and_scenarios() -> None:
    topics = {path.parent for path in MODULES}
    assert topics
    wanted = [topic / name for topic in topics for name in ("site.toml", "scenarios.py")]
    assert [path for path in wanted if not path.exists()] == []


def test_every_scenario_says_what_must_hold() -> None:
    forgotten = [
        f"{module.parent.name}/{node.name}"
        for module in MODULES
        for node in ast.parse(module.read_text()).body
        if isinstance(node, ast.FunctionDef)
        and node.name in decorated(module)
        and (not ast.get_docstring(node) or [each.arg for each in node.args.args] != ["play"])
    ]
    assert forgotten == []


def test_every_transcript_belongs_to_a_scenario() -> None:
    kept = {
        module.parent / "golden" / f"{name}.txt"
        for module in MODULES
        for name, decorator in decorated(module).items()
        if any(each.arg == "transcript" and ast.unparse(each.value) == "True" for each in decorator.keywords)
    }
    assert set(SCENARIOS.glob("*/golden/*")) == kept
