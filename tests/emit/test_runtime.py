"""The runtime as it is emitted: once, complete, with the manual pages of the host, and named by every host."""

from __future__ import annotations

import hashlib
import re

import pytest

import plans
from hivewright.emit.render import render
from hivewright.emit.runtime import ABI, runtime_artifacts, runtime_reference
from hivewright.emit.verify import REQUIRED, verify_runtime
from hivewright.plan import MANIFEST, parse_manifest, runtime_line
from projects import CHECKOUT, LIBRARY, files_below

PROGRAMS = ("/sbin/hivectl", "/rc.d/hivewright")


def test_it_holds_the_files_of_the_runtime_and_the_pages_of_section_8() -> None:
    expected = {f"root/{path}": text for path, text in files_below(CHECKOUT / "templates" / "runtime").items()}
    for path in (CHECKOUT / "docs" / "man").glob("*.8"):
        expected[f"root/usr/local/share/man/man8/{path.name}"] = path.read_bytes()
    artifacts = runtime_artifacts()
    # Those of verbs are another test's matter.
    made = {path for path in artifacts if path == MANIFEST or "/man8/hivectl-" in path}
    assert {path: artifact.content for path, artifact in artifacts.items() if path not in made} == expected
    assert set(REQUIRED) <= set(artifacts)
    assert verify_runtime(artifacts) == []


def test_programs_can_be_run_and_parts_cannot() -> None:
    for path, artifact in runtime_artifacts().items():
        assert artifact.mode == (0o755 if path.endswith(PROGRAMS) else 0o644), path


def test_its_manifest_is_sorted_and_has_no_line_of_a_runtime() -> None:
    lines = runtime_artifacts()[MANIFEST].content.decode().splitlines()
    assert lines == sorted(lines)
    entries, complete = parse_manifest(runtime_artifacts()[MANIFEST].content)
    assert complete
    assert set(entries) == set(runtime_artifacts()) - {MANIFEST}


def test_the_manifest_of_a_host_names_abi_and_digest_of_the_runtime() -> None:
    digest = hashlib.sha256(runtime_artifacts()[MANIFEST].content).hexdigest()
    assert runtime_reference() == f"# runtime {ABI} {digest}\n"
    for plan in (plans.ALPHA, plans.BARE):
        assert render(plan)[MANIFEST].content.decode().splitlines(keepends=True)[0] == runtime_reference()


def test_another_runtime_changes_nothing_else_of_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    before = render(plans.ALPHA)
    monkeypatch.setattr("hivewright.emit.render.runtime_reference", lambda: runtime_line(ABI, b"another"))
    after = render(plans.ALPHA)
    assert [path for path in after if after[path] != before[path]] == [MANIFEST]


def test_no_file_of_a_host_is_one_of_the_runtime() -> None:
    assert set(render(plans.ALPHA)) & set(runtime_artifacts()) == {MANIFEST}


def test_the_runtime_and_the_scripts_have_one_abi() -> None:
    said = re.findall(r"(?m)^hive_abi=(.*)$", (LIBRARY / "lib" / "runtime.subr").read_text())
    assert said == [str(ABI)]
    start = render(plans.ALPHA)["root/usr/local/etc/hivewright/vms/web1/start"].content.decode()
    assert f"\nruntime {ABI}\n" in start


def entries(path: str) -> list[list[str]]:
    """The lines of a table of the system, as words."""
    content = runtime_artifacts()[f"root/usr/local/etc/{path}"].content.decode()
    return [line.split() for line in content.splitlines() if not line.startswith("#")]


def test_newsyslog_renames_no_log_of_a_guest() -> None:
    """bhyve keeps its log open; the log of the boot is nobody's once the guests are started."""
    rotated = [["/var/log/hivewright/service.boot.log", "root:wheel", "640", "7", "1000", "*", "BN"]]
    assert entries("newsyslog.conf.d/hivewright.conf") == rotated


def test_cron_bounds_the_logs_of_guests() -> None:
    logs = ["*/5", *["*"] * 4, "root", "/usr/local/sbin/hivectl", "_logs"]
    assert entries("cron.d/hivewright") == [logs, [*["*"] * 5, "root", "/usr/local/sbin/hivectl", "_metrics"]]
    assert {f"root/usr/local/libexec/hivewright/verbs/{verb}" for verb in ("_logs", "_metrics")} <= set(
        runtime_artifacts()
    )
