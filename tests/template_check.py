"""The limits of templates, checked over Jinja's syntax tree.

Quoting is by construction only as long as an expression is a whole word in plain code: a value within quotes of the
template, next to other text, or in a comment without the filter ``comment`` would be quoted wrongly or not at all. And
``finalize`` would quote the result of a macro or of a set block twice. So templates may use text, ``{{ a.b }}``, for,
if, include and the filter ``comment`` (in comments alone), and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from jinja2 import Environment, TemplateSyntaxError, nodes

Language = Literal["sh", "loader", "devd", "rules", "ucl", "markdown"]
Mode = Literal["code", "single", "double", "comment", "span"]

_QUOTES: dict[Language, dict[str, Mode]] = {
    "sh": {"'": "single", '"': "double", "#": "comment"},
    "loader": {'"': "double", "#": "comment"},
    "devd": {'"': "double", "#": "comment"},
    "rules": {"#": "comment"},
    "ucl": {'"': "double", "#": "comment"},
    "markdown": {"`": "span"},
}
_ENDS = {"single": "'", "double": '"', "comment": "\n", "span": "`"}
_BEFORE: dict[Language, str] = {
    "sh": " \t\n",
    "loader": "\n",
    "devd": " \t\n",
    "rules": "\n",
    "ucl": "\t\n",
    "markdown": "",
}
_AFTER: dict[Language, str] = {
    "sh": " \t\n",
    "loader": "\n",
    "devd": " \t\n;",
    "rules": "\n",
    "ucl": " \n",
    "markdown": "",
}
"""Characters that may stand next to an expression in code: those that end a word. In Markdown all may."""


@dataclass(slots=True)
class _Scan:
    """Where in its language the text of a template stands."""

    language: Language
    mode: Mode = "code"
    last: str = "\n"
    after_expression: bool = False
    problems: list[str] = field(default_factory=list)

    def problem(self, node: nodes.Node, text: str) -> None:
        message = f"line {node.lineno}: {text}"
        if message not in self.problems:
            self.problems.append(message)


def check_template(source: str, language: Language, environment: Environment) -> list[str]:
    """What in a template is not allowed: ``line N: sentence``, in order; ``environment`` gives the block syntax."""
    try:
        tree = environment.parse(source)
    except TemplateSyntaxError as error:
        return [f"line {error.lineno}: {error.message}"]
    scan = _Scan(language)
    _walk(tree.body, scan)
    if scan.mode not in ("code", "comment"):
        scan.problems.append(f"line {source.count(chr(10)) + 1}: the template ends inside {_words(scan.mode)}")
    return scan.problems


def _words(mode: Mode) -> str:
    return {"code": "code", "single": "single quotes", "double": "double quotes"}.get(mode, f"a {mode}")


def _walk(body: list[nodes.Node], scan: _Scan) -> None:
    for node in body:
        handler = _HANDLERS.get(type(node))
        if handler is None:
            scan.problem(node, f"a template may not use {type(node).__name__.lower()}")
        else:
            handler(node, scan)


def _output(node: nodes.Output, scan: _Scan) -> None:
    for part in node.nodes:
        if isinstance(part, nodes.TemplateData):
            _text(part, scan)
        else:
            _expression(part, scan)


def _text(node: nodes.TemplateData, scan: _Scan) -> None:
    if scan.language == "sh" and "<<" in node.data:
        scan.problem(node, "a here-document has quoting rules of its own")
    escaped = False
    for character in node.data:
        if scan.after_expression:
            _neighbour(node, character, scan)
        if escaped:
            escaped = False
        elif scan.language == "sh" and character == "\\" and scan.mode in ("code", "double"):
            escaped = True
        elif scan.mode == "code":
            scan.mode = _opened(character, scan)
        elif character == _ENDS[scan.mode] or (scan.mode == "span" and character == "\n"):
            scan.mode = "code"
        scan.last = character
    if escaped:
        scan.problem(node, "a backslash stands before an expression or a block")


def _opened(character: str, scan: _Scan) -> Mode:
    if character == "#" and scan.last not in " \t\n":
        return "code"
    return _QUOTES[scan.language].get(character, "code")


def _neighbour(node: nodes.Node, character: str, scan: _Scan) -> None:
    scan.after_expression = False
    if _AFTER[scan.language] and character not in _AFTER[scan.language]:
        scan.problem(node, f"{character!r} is glued to the expression before it")


def _expression(node: nodes.Expr, scan: _Scan) -> None:
    is_comment = isinstance(node, nodes.Filter) and node.name == "comment" and not node.args and not node.kwargs
    value = node.node if is_comment and isinstance(node, nodes.Filter) else node
    if value is None or not _is_name(value):
        scan.problem(node, "an expression is a name, or names with dots, perhaps with the filter comment")
    if scan.mode == "comment":
        if not is_comment:
            scan.problem(node, "an expression in a comment needs the filter comment")
        return
    if scan.mode != "code":
        scan.problem(node, f"an expression stands inside {_words(scan.mode)}; its quoter brings its own")
        return
    if is_comment:
        scan.problem(node, "the filter comment is for comments alone: it does not quote")
    if scan.after_expression:
        scan.problem(node, "two expressions are glued together")
    elif _BEFORE[scan.language] and scan.last not in _BEFORE[scan.language]:
        scan.problem(node, f"the expression is glued to {scan.last!r}")
    scan.last = "x"
    scan.after_expression = bool(_AFTER[scan.language])


def _is_name(node: nodes.Node) -> bool:
    while isinstance(node, nodes.Getattr):
        node = node.node
    return isinstance(node, nodes.Name)


def _for(node: nodes.For, scan: _Scan) -> None:
    targets = node.target.items if isinstance(node.target, nodes.Tuple) else [node.target]
    if not _is_name(node.iter) or not all(isinstance(target, nodes.Name) for target in targets):
        scan.problem(node, "for takes names and goes over a name")
    if node.test is not None or node.recursive or node.else_:
        scan.problem(node, "for has no condition, no else and is not recursive")
    # Twice, because the end of the body also stands before its beginning.
    _block(node.body, node, scan)
    _block(node.body, node, scan)


def _if(node: nodes.If, scan: _Scan) -> None:
    test = node.test.node if isinstance(node.test, nodes.Not) else node.test
    if not _is_name(test):
        scan.problem(node, "if asks for a name, or for not a name")
    state = (scan.last, scan.after_expression)
    ends = []
    branches: list[list[nodes.Node]] = [node.body, node.else_]
    branches += [[branch] for branch in node.elif_]
    for body in branches:
        scan.last, scan.after_expression = state
        _block(body, node, scan)
        ends.append((scan.last, scan.after_expression))
    # The most restrictive of all ends: after an expression, or within a word.
    scan.last, scan.after_expression = max(ends, key=lambda end: (end[1], end[0] not in " \t\n"))


def _block(body: list[nodes.Node], node: nodes.Node, scan: _Scan) -> None:
    before = scan.mode
    _walk(body, scan)
    if scan.mode != before:
        scan.problem(node, f"a block that begins in {_words(before)} ends in {_words(scan.mode)}")
        scan.mode = before


def _include(node: nodes.Include, scan: _Scan) -> None:
    if not isinstance(node.template, nodes.Const) or not isinstance(node.template.value, str) or node.ignore_missing:
        scan.problem(node, "include takes the name of one template that exists")
    if scan.mode != "code" or scan.last != "\n":
        scan.problem(node, "an include stands on a line of its own")


_HANDLERS: dict[type[nodes.Node], Callable[..., None]] = {
    nodes.Output: _output,
    nodes.For: _for,
    nodes.If: _if,
    nodes.Include: _include,
}
