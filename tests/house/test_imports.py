"""Who may import whom, which package is used where, and what a verb loads."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from conftest import BASE, write_files
from projects import CHECKOUT

PACKAGE = CHECKOUT / "compiler" / "hivewright"


@dataclass(frozen=True, slots=True)
class Room:
    """A folder of the compiler: its floor, and the rooms it may import. No import leads to a higher floor."""

    floor: int
    imports: str = ""


ROOMS = {
    "package": Room(0),
    "values": Room(0),
    "diagnostics": Room(0),
    "plan": Room(0),
    "system": Room(0),
    "bhyve": Room(1, "values"),
    "model": Room(1, "values bhyve"),
    "source": Room(1, "diagnostics system"),
    "output": Room(1, "plan"),
    "emit": Room(1, "values diagnostics plan system"),
    "schema": Room(2, "values bhyve model"),
    "site": Room(2, "values diagnostics model source"),
    "rules": Room(3, "diagnostics model bhyve site"),
    "rules.devices": Room(3, "values diagnostics model bhyve site rules"),
    "rules.host": Room(3, "values diagnostics model bhyve source site rules"),
    "rules.machine": Room(3, "values diagnostics model bhyve site rules rules.devices rules.host"),
    "rules.network": Room(3, "diagnostics model bhyve rules"),
    "rules.storage": Room(3, "values diagnostics model bhyve rules"),
    "rules.__init__": Room(3, "diagnostics site rules rules.devices rules.host rules.machine rules.network "
                           "rules.storage"),
    "catalogue": Room(3, "values model bhyve source site"),
    "allocation": Room(3, "values diagnostics model bhyve source site"),
    "lower": Room(4, "values diagnostics plan model bhyve site allocation"),
    "lower.devices": Room(4, "values plan model site lower"),
    "lower.seed": Room(4, "values diagnostics model lower lower.devices"),
    "lower.guest": Room(4, "values diagnostics plan model bhyve site lower lower.devices lower.seed"),
    "lower.host": Room(4, "values diagnostics plan model bhyve site allocation lower lower.devices lower.seed "
                       "lower.guest"),
    "lower.__init__": Room(4, "lower lower.host"),
    "pipeline": Room(5, "package diagnostics plan system source output emit site rules.__init__ allocation "
                     "lower.__init__ lower.seed"),
    "editing": Room(6, "values diagnostics source model rules.__init__ site allocation pipeline"),
    "impact": Room(6, "values plan model source emit site"),
    "delivery": Room(6, "plan system source model output emit catalogue site pipeline impact"),
    "views": Room(6, "values plan site"),
    "importers": Room(6, "values diagnostics model bhyve source site allocation lower.__init__ editing"),
    "editor": Room(7, "diagnostics model source emit schema site pipeline editing"),
    "commands": Room(8, "values diagnostics plan system model bhyve source output emit schema site allocation "
                     "lower lower.seed pipeline editing impact delivery views importers editor catalogue"),
    "cli": Room(9, "package"),
}  # fmt: skip
"""Each may import those above it in this table, so there is no circle; what is imported for types only counts as well.

A room with rooms inside is two: its ``__init__``, which stands above them, and what they share, which stands below.
The package itself holds the version and nothing else.
"""

PACKAGES = {
    "cookiecutter": "commands.new",
    "jinja2": "emit.render",
    "pydantic": "catalogue.profiles "
    "model.addresses model.base model.devices model.disk model.events model.firmware model.first_boot model.guest "
    "model.host model.image model.limits model.login model.machine model.network model.nic model.numa model.profile "
    "model.site model.sriov model.storage model.tpm model.uplinks model.vm site.load "
    "site.recurring site.model_errors site.keys site.remedies editor.settings",
    "pydantic_core": "model.addresses model.base model.disk model.guest model.login model.several model.uplinks "
    "model.vm editor.settings",
    "textual": "editor.app editor.guest editor.prompts",
    "tomli": "diagnostics.locate allocation.lock source.parsing source.salvage source.syntax editing.assignment "
    "editing.document editing.tables editing.unwritten",
    "tomlkit": "editing.document",
    "yaml": "impact.seeds lower.seed.yaml_text rules.machine.first_boot",
}
"""Packages of others, and the modules that may import them."""


def modules() -> dict[str, Path]:
    """Every module by its name below the package; the package itself is the empty name."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        found[name.removesuffix("__init__").rstrip(".")] = path
    return found


MODULES = modules()


def room_of(module: str) -> str:
    """The room of its folder; of what lies at the top, the command line."""
    if not module:
        return "package"
    if f"{module}.__init__" in ROOMS:
        return f"{module}.__init__"
    return ".".join(MODULES[module].parent.relative_to(PACKAGE).parts) or "cli"


@cache
def statements(module: str) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """All import statements of a module, wherever in it."""
    nodes = ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8")))
    return tuple(node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)))


def imports(module: str) -> Iterator[tuple[str, ast.AST]]:
    """Dotted names that a module imports."""
    for node in statements(module):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        else:
            assert node.level == 0, f"{module} imports by a relative name"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield (full if full.removeprefix("hivewright.") in MODULES else str(node.module)), node


def exports(room: str) -> dict[str, str]:
    """Names that the ``__init__`` of a room hands on, with the modules they come from."""
    return {
        alias.name: str(node.module)
        for node in ast.parse(MODULES[room].read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(f"hivewright.{room}.")
        for alias in node.names
    }


def test_every_folder_is_a_room_and_says_what_it_does() -> None:
    assert {room_of(module) for module in MODULES} == set(ROOMS)
    folders = {path.parent for path in MODULES.values()}
    assert [str(path) for path in folders if not (path / "__init__.py").is_file()] == []


def test_no_import_runs_upward_and_there_is_no_circle() -> None:
    order = list(ROOMS)
    for name, room in ROOMS.items():
        for other in room.imports.split():
            assert ROOMS[other].floor <= room.floor, f"{name} imports {other}, which is above it"
            assert order.index(other) < order.index(name), f"{name} imports {other}, which comes after it"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_imports_only_what_its_room_may(module: str) -> None:
    allowed = {room_of(module), *ROOMS[room_of(module)].imports.split()}
    for name, _ in imports(module):
        top, _, rest = name.partition(".")
        if top == "hivewright":
            assert room_of(rest) in allowed, f"{module} imports {rest}"
        elif top not in sys.stdlib_module_names:
            assert module in PACKAGES.get(top, "").split(), f"{module} imports {top}"


def test_what_is_allowed_is_used() -> None:
    """A room or package that nothing imports any more leaves the tables."""
    used: set[tuple[str, str]] = set()
    for module in MODULES:
        for name, _ in imports(module):
            top, _, rest = name.partition(".")
            used.add((room_of(module), room_of(rest)) if top == "hivewright" else (top, module))
    for name, room in ROOMS.items():
        assert {other for other in room.imports.split() if (name, other) not in used} == set(), name
    for package, names in PACKAGES.items():
        assert {name for name in names.split() if (package, name) not in used} == set(), package


@pytest.mark.parametrize("room", sorted({name.partition(".")[0] for name in ROOMS} - {"package", "cli"}))
def test_what_a_room_exports_is_imported_from_the_room(room: str) -> None:
    """And inside the room from the module that has it: the ``__init__`` may not be complete yet."""
    handed_on = exports(room)
    for module in set(MODULES) - {room}:
        for node in statements(module):
            if not isinstance(node, ast.ImportFrom):
                continue
            for alias in node.names:
                if module.startswith(f"{room}."):
                    assert (node.module, alias.name in handed_on) != (f"hivewright.{room}", True), module
                else:
                    assert handed_on.get(alias.name) != node.module, f"{module} imports {alias.name}"


def test_cookiecutter_is_imported_only_by_the_functions_that_need_it() -> None:
    tree = ast.parse(MODULES["commands.new"].read_text(encoding="utf-8"))
    inside = {node for each in tree.body if isinstance(each, ast.FunctionDef) for node in ast.walk(each)}
    found = [node for name, node in imports("commands.new") if name.startswith("cookiecutter")]
    here = [ast.dump(node) for node in inside if isinstance(node, ast.ImportFrom)]
    assert len(found) == 2
    assert all(ast.dump(node) in here for node in found)


def loaded(*arguments: str) -> set[str]:
    """The modules that a command loads beyond those of a bare interpreter."""
    code = (
        "import sys; before = set(sys.modules)\nfrom hivewright.cli import main\n"
        "status = main(sys.argv[1:])\nprint(*(set(sys.modules) - before), sep='\\n')\nsys.exit(status)"
    )
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r})\n{code}"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=True, env=dict(os.environ))
    return set(done.stdout.splitlines())


ROOMS_OF_CHECK = "package values diagnostics system model bhyve source site rules rules.devices rules.host " \
    "rules.machine rules.network rules.storage rules.__init__ allocation pipeline cli"  # fmt: skip
NOT_LOADED = (
    *("diagnostics.explain", "diagnostics.locate", "diagnostics.printer"),
    *(
        "system.parallel",
        "bhyve.releases",
        "source.salvage",
        "source.syntax",
        "site.sound",
        "site.definition",
        "site.selection",
        "site.keys",
        "site.model_errors",
        "site.remedies",
    ),
    *("pipeline.changed_part", "pipeline.check_part", "pipeline.compile_host", "pipeline.compile_parts"),
    *("pipeline.compile_site", "pipeline.digests", "pipeline.in_memory", "pipeline.site_memory", "pipeline.survey"),
    *("allocation.wanted", "__main__"),
)
"""Of those rooms, what a check without a fault does without."""

CHECK = {name for name in MODULES if room_of(name) in ROOMS_OF_CHECK.split() and name not in NOT_LOADED}
CHECK |= {"commands", "commands.check"}
OTHERS = {"annotated_types", "pydantic", "pydantic_core", "tomli", "typing_extensions", "typing_inspection"}
HEAVY = {
    *("asyncio", "concurrent", "csv", "ctypes", "difflib", "email", "http", "importlib.metadata", "jinja2", "json"),
    *("logging", "multiprocessing", "optparse", "pickle", "pkgutil", "pprint", "queue", "shlex", "signal", "socket"),
    *("ssl", "subprocess", "tempfile", "tomllib", "unicodedata", "unittest", "xml", "yaml", "zipfile"),
}
"""What costs milliseconds and is of no use to a check that finds nothing."""


def test_what_a_check_loads(tmp_path: Path) -> None:
    """Of ours exactly this, of others these packages, of Python nothing that is heavy."""
    found = loaded("-C", str(write_files(tmp_path, BASE)), "check")
    ours = {name for name in found if name.partition(".")[0] == "hivewright"}
    assert ours == {f"hivewright.{name}".rstrip(".") for name in CHECK}
    tops = {name.partition(".")[0] for name in found if "__mypyc" not in name and not name.startswith("cython")}
    assert {name for name in tops if name not in sys.stdlib_module_names and name[0] != "_"} == OTHERS | {"hivewright"}
    assert found & HEAVY == set()


def test_a_check_loads_yaml_only_for_user_data(tmp_path: Path) -> None:
    vm = '[vm.web1]\nhost = "alpha"\nmemory = "1G"\n'
    folder = write_files(tmp_path, {"site.toml": f"{BASE}{vm}cloud_init = true\n", "user.yaml": "#cloud-config\n"})
    assert "yaml" not in loaded("-C", str(folder), "check")
    write_files(tmp_path, f'{BASE}{vm}cloud_init = {{ user_data = "user.yaml" }}\n')
    assert "yaml" in loaded("-C", str(folder), "check")


def test_a_build_with_nothing_to_do_loads_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = str(write_files(tmp_path / "site", BASE))
    assert {"pydantic", "jinja2"} <= loaded("-C", folder, "-q", "build")
    found = loaded("-C", folder, "-q", "build")
    assert {name for name in found if name.partition(".")[0] in (*OTHERS - {"tomli"}, "jinja2", "yaml")} == set()
    assert {name.removeprefix("hivewright.") for name in found if name.startswith("hivewright.")} == {
        *("cli", "commands", "commands.build", "pipeline", "pipeline.fingerprints", "diagnostics"),
        *("diagnostics.report", "source", "source.finding", "source.project", "system", "system.cache", "system.data"),
    }
