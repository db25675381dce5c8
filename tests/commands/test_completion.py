"""``hivewright completion``: what may follow, and the scripts in the shells themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from hivewright import cli
from projects import Project
from screens import Screen, completes

pytest_plugins = ["project_fixtures"]


def candidates(project: Project, *words: str) -> list[str]:
    return project.succeed("completion", "words", "--", *words).out.splitlines()


def test_verbs_flags_and_names_are_offered(project: Project) -> None:
    at = ("-C", str(project.root))
    assert candidates(project, "") == list(cli.VERBS)
    assert candidates(project, "sho") == ["show"]
    assert candidates(project, *at, "show", "") == ["db1", "mail1", "web1"]
    assert candidates(project, *at, "show", "web1", "w") == ["web1"]
    assert candidates(project, *at, "show", "--host", "") == ["alpha", "beta"]
    assert "--origin" in candidates(project, "show", "--")
    assert candidates(project, "plan", "--fail-on", "d") == ["data"]
    assert candidates(project, *at, "bundle", "a") == ["alpha"]
    assert candidates(project, *at, "move", "web1", "") == ["alpha", "beta"]
    assert candidates(project, *at, "list", "") == [
        "vms", "hosts", "networks", "storage", "images", "users", "profiles",
    ]  # fmt: skip
    assert candidates(project, *at, "list", "networks", "") == ["lan"]
    assert candidates(project, "explain", "LOCK00")[:2] == ["LOCK001", "LOCK002"]
    assert candidates(project, "completion", "") == ["bash", "zsh", "fish", "tcsh"]


def test_what_other_tools_have_is_offered(tmp_path: Path, project: Project) -> None:
    (tmp_path / "web.xml").touch()
    assert candidates(project, "import", "lib") == ["libvirt"]
    assert candidates(project, "import", "libvirt", f"{tmp_path}/w") == [f"{tmp_path}/web.xml"]
    assert "--ssh" in candidates(project, "import", "libvirt", "--")


def test_tags_and_folders_are_offered_whatever_else_is_wrong(project: Project) -> None:
    project.edit("vms/web.toml", "[vm.web1]\n", '[vm.web1]\ntags = ["web", "prod"]\nunknown = 1\n')
    at = ("-C", str(project.root))
    assert candidates(project, *at, "get", "@") == ["@prod", "@web"]
    assert candidates(project, "-C", f"{project.root}/s") == [f"{project.root}/site/"]
    assert candidates(project, *at, "bundle", "alpha", "-o", f"{project.root}/no/") == []
    project.add("vms/broken.toml", "[vm.\n")
    assert "web1" in candidates(project, *at, "get", "")


def test_nothing_is_offered_outside_a_project(tmp_path: Path, project: Project) -> None:
    assert candidates(project, "-C", str(tmp_path / "nowhere"), "show", "") == []


SHELLS: dict[str, tuple[Sequence[str], str]] = {
    "bash": (("bash", "--norc", "--noprofile"), "source {script}"),
    "zsh": (("zsh", "-f"), "autoload -Uz compinit; compinit -D -u; source {script}"),
    "fish": (("fish", "--no-config"), "source {script}"),
    "tcsh": (("tcsh", "-f"), "source {script}"),
}


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_a_tab_completes_in_the_shell_itself(shell: str, project: Project, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(project.succeed("completion", shell).out)
    (tmp_path / "screen").mkdir()
    screen = Screen(tmp_path / "screen")
    program, load = SHELLS[shell]
    project.edit("vms/web.toml", "[vm.web1]\n", '[vm.web1]\ntags = ["web", "prod"]\n')
    wanted = {
        "hivewright sho": "show",
        "hivewright show we": "show web1",
        "hivewright get @pr": "@prod",
    }
    completes(screen, project.root, program, load.format(script=script), wanted)
