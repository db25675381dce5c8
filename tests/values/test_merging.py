"""User-data is merged as cloud-init merges it, where a file says how."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hivewright.values.merging import merge_by, rules_of

DICT = (
    "",
    "replace",
    "no_replace",
    "recurse_array",
    "recurse_list,recurse_str",
    "allow_delete",
    "replace,allow_delete",
)
LIST = ("", "append", "prepend", "no_replace", "replace,recurse_dict", "recurse_array,recurse_dict,recurse_str")
STR = ("", "append")
MERGE = """
import importlib.util, json, sys
from cloudinit import mergers
done = []
for how, ours, theirs in json.load(sys.stdin):
    merger = mergers.construct(mergers.dict_extract_mergers({"merge_how": how}))
    try:
        done.append([merger.merge(ours, theirs)])
    except (KeyError, TypeError):
        done.append([])
json.dump(done, sys.stdout)
"""


def python_of_cloud_init() -> str:
    program = shutil.which("cloud-init")
    assert program is not None
    return Path(program).read_text().splitlines()[0].removeprefix("#!").strip()


def value(chance: random.Random, depth: int) -> Any:
    kind = chance.randrange(5 if depth else 3)
    if kind == 4:
        return {key: value(chance, depth - 1) for key in "abc" if chance.random() < 0.7}
    if kind == 3:
        return [value(chance, depth - 1) for _ in range(chance.randrange(4))]
    return chance.choice(["x", "yz", "", 1, True, None])


def table(chance: random.Random) -> dict[str, Any]:
    return {key: value(chance, 3) for key in "abcd" if chance.random() < 0.8}


def case(chance: random.Random) -> tuple[object, dict[str, Any], dict[str, Any]]:
    named = [("dict", chance.choice(DICT)), ("list", chance.choice(LIST)), ("str", chance.choice(STR))]
    chance.shuffle(named)
    if chance.random() < 0.3:
        named.pop()
    how: object = "+".join(f"{name}({settings})" for name, settings in named)
    if chance.random() < 0.5:
        how = [{"name": name, "settings": settings.split(",") if settings else []} for name, settings in named]
    return how, table(chance), table(chance)


@pytest.mark.slow
def test_it_is_what_cloud_init_does() -> None:
    chance = random.Random(7)
    cases = [case(chance) for _ in range(4000)]
    done = subprocess.run(
        [python_of_cloud_init(), "-c", MERGE], input=json.dumps(cases), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert sum(map(bool, results)) > 2000  # it ends with an error where the types of two values are none that fit
    for (how, ours, theirs), found in zip(cases, results, strict=True):
        rules = rules_of({"merge_how": how})
        assert rules is not None
        assert found in ([], [merge_by(rules, ours, theirs)]), (how, ours, theirs)


def test_texts_are_appended_where_both_are_some() -> None:
    rules = rules_of({"merge_type": "dict(recurse_str)+str(append)"})
    assert rules is not None
    assert merge_by(rules, {"a": "x", "b": 1}, {"a": "y", "b": "z"}) == {"a": "xy", "b": 1}


def test_a_file_that_says_nothing_has_no_rules() -> None:
    documents: list[dict[str, object]] = [{}, {"merge_how": None}, {"merge_how": ""}, {"merge_how": []}]
    for document in documents:
        assert rules_of(document) is None
    assert rules_of({"merge_how": "list(append)", "merge_type": "dict()"}) == (None, ("append",), None)


@pytest.mark.parametrize(
    ("how", "fault"),
    [
        ("dict(replace)+lists()", "names a merger 'lists'; there are dict, list, str"),
        ("dict", "has 'dict', which is no merger with its settings in parentheses"),
        ([{"name": "dict"}], "is neither one text nor a list of tables with name and settings"),
        ([7], "is neither one text nor a list"),
        (7, "is neither one text nor a list"),
    ],
)
def test_what_cloud_init_cannot_read_is_refused(how: object, fault: str) -> None:
    with pytest.raises(ValueError, match=re.escape(fault)):
        rules_of({"merge_how": how})
