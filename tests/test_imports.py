"""Who may import whom, which package is used where, and what a verb loads."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import BASE, write_files
from projects import CHECKOUT

PACKAGE = CHECKOUT / "compiler" / "hivewright"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the compiler: its modules, and the parts they may import beside their own."""

    modules: str
    imports: str = ""


PARTS = {
    "values": Part("units quote report wording manifest plan parallel data explain"),
    "cache": Part("cache", "package"),
    "source": Part("source syntax parsing locate printer", "values cache"),
    "model": Part("model model.base model.devices model.disk model.firmware model.guest model.host "
                  "model.limits model.machine model.marks model.network model.nic model.numa model.site model.sriov "
                  "model.storage model.storage_values model.tpm model.vm", "values"),
    "site": Part("site", "values model"),
    "load": Part("load recurring resolve tables variants references faults keys", "values source model site"),
    "schema": Part("schema reference", "values model"),
    "shared": Part("extra_args passed waves", "values model"),
    "rules": Part("rules rules.addresses rules.arguments rules.buses rules.capacity rules.devices rules.firmware "
                  "rules.further rules.gateways rules.kinds rules.limits rules.passthrough rules.pitfalls "
                  "rules.guest rules.images rules.machine rules.networks rules.numa rules.order rules.placement "
                  "rules.clones rules.iscsi "
                  "rules.properties rules.shutdown rules.sriov rules.storage rules.survey rules.taps rules.tpm "
                  "rules.versions",
                  "values model site shared"),
    "allocate": Part("allocate lock numbering slots", "values source model site shared"),
    "lower": Part("lower lower.blocks lower.boot lower.command lower.context lower.debug lower.devd lower.devices "
                  "lower.disks lower.firmware lower.iscsi lower.limits "
                  "lower.freebsd lower.guest lower.host lower.loader lower.machine lower.nat lower.network lower.numa "
                  "lower.passthrough lower.rates lower.seed lower.sriov lower.switches lower.tpm lower.yaml_text",
                  "values model site shared allocate"),
    "render": Part("render inventory verify template_check", "values"),
    "output": Part("output compare files", "values"),
    "pipeline": Part("pipeline tracing digests", "values site allocate lower render"),
    "stamp": Part("stamp", "values cache source package"),
    "commands": Part("commands commands.build commands.check commands.compilation commands.diff commands.explain "
                     "commands.front commands.new commands.schema commands.show commands.verdict",
                     "values source site load schema rules allocate lower output pipeline stamp"),
    "cli": Part("cli __main__", "package"),
    "package": Part(""),
}  # fmt: skip
"""What is imported for types only counts as well. The package itself holds the version and nothing else."""

PACKAGES = {
    "cookiecutter": "commands.new",
    "jinja2": "render template_check",
    "pydantic": "model.base model.devices model.disk model.firmware model.guest model.host model.limits model.machine "
    "model.network model.nic "
    "model.numa model.marks model.site model.sriov model.storage model.tpm model.vm load recurring faults keys",
    "pydantic_core": "model.base model.marks",
    "tomli": "locate lock parsing syntax",
    "yaml": "lower.yaml_text rules.guest",
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
PART_OF = {name: part for part, content in PARTS.items() for name in content.modules.split() or [""]}


def imports(module: str) -> Iterator[tuple[str, ast.AST]]:
    """Dotted names that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports by a relative name"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield (full if full.removeprefix("hivewright.") in MODULES else str(node.module)), node


def test_every_module_is_in_one_part() -> None:
    listed = [name for content in PARTS.values() for name in content.modules.split() or [""]]
    assert sorted(listed) == sorted(MODULES)


def test_parts_import_only_parts_before_them() -> None:
    order = list(PARTS)
    for part, content in PARTS.items():
        for other in content.imports.split():
            assert other == "package" or order.index(other) < order.index(part), f"{part} imports {other}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_imports_only_what_its_part_may(module: str) -> None:
    allowed = {PART_OF[module], *PARTS[PART_OF[module]].imports.split()}
    for name, _ in imports(module):
        top, _, rest = name.partition(".")
        if top == "hivewright":
            assert PART_OF[rest] in allowed, f"{module} imports {rest}"
        elif top not in sys.stdlib_module_names:
            assert module in PACKAGES.get(top, "").split(), f"{module} imports {top}"


def test_what_is_allowed_is_used() -> None:
    """A part or package that nothing imports any more leaves the tables."""
    used: set[tuple[str, str]] = set()
    for module in MODULES:
        for name, _ in imports(module):
            top, _, rest = name.partition(".")
            used.add((PART_OF[module], PART_OF[rest]) if top == "hivewright" else (top, module))
    for part, content in PARTS.items():
        assert {other for other in content.imports.split() if (part, other) not in used} == set(), part
    for package, names in PACKAGES.items():
        assert {name for name in names.split() if (package, name) not in used} == set(), package


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


NOT_LOADED = ("quote", "manifest", "plan", "parallel", "explain", "locate", "printer", "keys", "faults", "syntax")
"""Of those parts, what a check without a fault does without."""

CHECK = {
    f"hivewright.{name}".rstrip(".")
    for part in ("values", "cache", "source", "model", "site", "load", "shared", "rules", "allocate", "package")
    for name in PARTS[part].modules.split() or [""]
} - {f"hivewright.{name}" for name in NOT_LOADED}
CHECK |= {
    f"hivewright.{name}"
    for name in ("cli", "commands", "commands.check", "commands.front", "commands.verdict", "stamp")
}
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
    assert {name for name in found if name.partition(".")[0] == "hivewright"} == CHECK
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
    assert {name for name in found if name.startswith("hivewright.")} == {
        f"hivewright.{name}"
        for name in ("cache", "cli", "commands", "commands.build", "data", "report", "source", "stamp")
    }
