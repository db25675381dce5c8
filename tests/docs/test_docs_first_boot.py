"""The guide to first-boot data says what the table of readers says."""

from __future__ import annotations

import re

import tomli

from hivewright.model.readers import FEATURES, READERS
from projects import CHECKOUT

GUIDE = (CHECKOUT / "docs" / "first-boot.md").read_text(encoding="utf-8")
NAMES = """
cloud-init nuageinit-14.1 nuageinit-14.4 cloudbase-init ignition autoinstall preseed unattend
"""
COLUMNS = [reader for name, reader in READERS.items() if name in NAMES.split()]


def test_it_has_every_reader() -> None:
    assert set(re.findall(r"`([a-z-]+(?:-[0-9.]+)?)`", GUIDE)) >= set(READERS)


def test_it_says_what_each_reader_follows() -> None:
    for feature, what in FEATURES.items():
        row = ["no" if reader is None or feature in reader.lacks else "yes" for reader in COLUMNS]
        assert f"| {what} | {' | '.join(row)} |" in GUIDE


def test_its_ways_to_wait_for_a_first_boot_are_those_that_a_scenario_runs() -> None:
    played = CHECKOUT / "tests" / "host" / "scenarios" / "first_boot"
    section = GUIDE.partition("\n## Ready when the first boot is over\n")[2].partition("\n## ")[0]
    (script,) = re.findall(r"^```sh\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    assert script == (played / "hooks" / "first-boot.sh").read_text(encoding="utf-8")
    site = tomli.loads((played / "site.toml").read_text(encoding="utf-8"))["vm"]
    shown = [tomli.loads(text)["vm"] for text in re.findall(r"^```toml\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)]
    assert [*shown[0], *shown[1]] == ["db1", "mail1"]
    for name, table in (shown[0] | shown[1]).items():
        data = table.pop("cloud_init")
        assert table.items() <= site[name].items()
        assert data.items() <= site[name]["cloud_init"].items()


def test_readers_of_one_column_are_alike() -> None:
    rows = [reader._replace(title="") for reader in READERS.values() if reader is not None and reader.plain_accounts]
    assert rows == [rows[0]] * 3 + [rows[3]] * 3
