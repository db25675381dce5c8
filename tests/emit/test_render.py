"""The rendered files: as people see them (snapshots), as shells read them, and as shellcheck judges them."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_snapshot.plugin import Snapshot  # type: ignore[import-untyped]

import plans
from hivewright.emit.render import CRON, DEVD, FRAGMENTS, LOADER, render
from hivewright.emit.runtime import runtime_reference
from hivewright.plan import HIVE, INVENTORY, MANIFEST, RC_SERVICES, Artifact, HostPlan, Option, VmPlan
from programs import linter
from projects import CHECKOUT
from shells import SHELLS, run_shell
from whole_hosts import text_of

SCRIPTS = ("start", "stop", "provision")
VMS = {vm.name: vm for vm in plans.ALPHA.vms}
SNAPSHOTS = CHECKOUT / "tests" / "snapshots" / "render"

RECORDER = r"""
for call in begin finish home on prepare runtime vm; do
	eval "$call() { :; }"
done
run() { printf '%s\0' "$@"; }
"""
"""Stands for the runtime: every call does nothing and ``run`` prints its words."""


def own(plan: HostPlan) -> dict[str, Artifact]:
    """What is rendered for a host, without MANIFEST, which follows from it."""
    return {path: item for path, item in render(plan).items() if path != MANIFEST}


def script(vm: str, name: str) -> str:
    return render(plans.ALPHA)[f"{HIVE}vms/{vm}/{name}"].content.decode()


@pytest.mark.parametrize("plan", [plans.ALPHA, plans.BARE], ids=lambda plan: plan.name)
def test_the_rendered_files_are_these(plan: HostPlan, snapshot: Snapshot) -> None:
    snapshot.snapshot_dir = SNAPSHOTS
    snapshot.assert_match(text_of(own(plan)), f"{plan.name}.txt")


def test_modes_follow_from_what_a_file_is() -> None:
    modes = {path: artifact.mode for path, artifact in own(plans.ALPHA).items()}
    private = {path for path in modes if "/seed/" in path}
    runnable = {path for path in modes if path.endswith(SCRIPTS) or "/hooks/" in path}
    assert private
    assert runnable
    for path, mode in modes.items():
        assert mode == (0o600 if path in private else 0o755 if path in runnable else 0o644), path


def test_what_acts_by_lying_on_a_host_is_on_every_host() -> None:
    """Shipping removes nothing from a host, but replaces what was there by what says nothing."""
    bare, full = own(plans.BARE), own(plans.ALPHA)
    named = (f"{HIVE}vms/", f"{HIVE}iovctl/")
    assert set(bare) == {path for path in full if not path.startswith(named)}
    assert len(bare) == 2 + len((LOADER, DEVD, CRON, *FRAGMENTS, *RC_SERVICES))
    said = {}
    for path, artifact in bare.items():
        said[path] = [line for line in artifact.content.decode().splitlines() if line and not line.startswith("#")]
    del said[INVENTORY]
    assert {path: lines for path, lines in said.items() if lines} == {
        f"{HIVE}host.conf": ["host bare"],
        f"{HIVE}dnsmasq.conf": ["interface=lo0"],
    }


def test_the_manifest_lists_every_file_below_root() -> None:
    artifacts = render(plans.ALPHA)
    first, *lines = artifacts[MANIFEST].content.decode().splitlines()
    assert f"{first}\n" == runtime_reference()
    assert [line.split(" ")[0] for line in lines] == sorted(
        path.removeprefix("root/") for path in artifacts if path.startswith("root/")
    )


def test_the_same_plan_gives_the_same_bytes() -> None:
    assert render(plans.ALPHA) == render(plans.ALPHA)


def changed_lines(before: dict[str, Artifact], after: dict[str, Artifact]) -> dict[str, int]:
    """The number of lines that differ, by path; MANIFEST aside, it follows from the others."""
    assert set(before) == set(after)
    return {
        path: sum(
            left != right
            for left, right in zip(before[path].content.splitlines(), after[path].content.splitlines(), strict=True)
        )
        for path in before
        if path != MANIFEST and before[path] != after[path]
    }


def with_web(vm: VmPlan) -> HostPlan:
    return replace(plans.ALPHA, vms=(plans.DATABASE, vm, plans.WINDOWS))


def test_another_memory_changes_two_lines_of_start_and_one_of_the_inventory() -> None:
    options = (plans.WEB.options[0], Option(("-m", "16G"), ("memory",), "memory"), *plans.WEB.options[2:])
    after = render(with_web(replace(plans.WEB, memory=16 * plans.GIB, options=options, digest="77" * 32)))
    assert changed_lines(render(plans.ALPHA), after) == {f"{HIVE}vms/web1/start": 2, INVENTORY: 1}


def test_a_further_guest_changes_no_file_of_another() -> None:
    before = render(replace(plans.ALPHA, vms=(plans.WEB, plans.WINDOWS)))
    after = render(plans.ALPHA)
    assert set(before) < set(after)
    differing = {path for path in before if before[path] != after[path]}
    assert differing == {INVENTORY, MANIFEST, f"{HIVE}host.conf"}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("vm", VMS)
def test_every_shell_parses_every_script(shell: str, name: str, vm: str) -> None:
    assert run_shell(shell, script(vm, name), "-n") == b""


def recorded(shell: str, text: str) -> list[str]:
    """The words that bhyve gets from a start script in a shell."""
    runtime = ". /usr/local/libexec/hivewright/start.subr\n"
    assert text.count(runtime) == 1
    output = run_shell(shell, text.replace(runtime, RECORDER))
    return output.decode().split("\0")[:-1]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("vm", VMS)
def test_bhyve_gets_the_words_of_the_plan(shell: str, vm: str) -> None:
    words = [word for option in VMS[vm].options for word in option.words]
    assert recorded(shell, script(vm, "start")) == ["/usr/sbin/bhyve", *words, vm]


@settings(max_examples=15)
@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1, max_size=3),
        min_size=1,
        max_size=20,
    ),
    st.text(),
)
def test_whatever_the_words_and_labels_bhyve_gets_them(lines: list[list[str]], label: str) -> None:
    options = tuple(Option(tuple(words), (), label) for words in lines)
    text = render(with_web(replace(plans.WEB, options=options)))[f"{HIVE}vms/web1/start"].content.decode()
    words = [word for line in lines for word in line]
    for shell in SHELLS:
        assert recorded(shell, text) == ["/usr/sbin/bhyve", *words, "web1"]


def test_shellcheck_has_no_objection(tmp_path: Path) -> None:
    files = []
    for vm in VMS:
        for name in SCRIPTS:
            files.append(tmp_path / f"{vm}-{name}")
            files[-1].write_text(script(vm, name))
    # SC1091: the runtime is where the host has it, not here. SC2016: values with $ stand in single quotes on purpose.
    command = [linter("shellcheck"), "--shell=sh", "--exclude=SC1091,SC2016", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", ["boot/loader.conf.d/hivewright.conf", "usr/local/etc/rc.conf.d/routing/hivewright"])
def test_every_setting_has_its_reason_above_it(name: str) -> None:
    lines = render(plans.ALPHA)[f"root/{name}"].content.decode().splitlines()
    settings = [number for number, line in enumerate(lines) if "=" in line and not line.startswith("#")]
    assert settings
    assert all(lines[number - 1].startswith("# ") and lines[number - 2] == "" for number in settings)
