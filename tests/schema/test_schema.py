"""The JSON Schema of a site's file: takes what the models take, and refuses what they refuse."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from hivewright.commands import schema as command
from hivewright.schema.json_schema import site_schema
from site_keys import PROJECTS, files

SCHEMA = site_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def faults(values: dict[str, Any]) -> list[str]:
    return [f"{fault.json_path}: {fault.message}" for fault in VALIDATOR.iter_errors(values)]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_it_takes_every_file_of_a_good_site(project: Path) -> None:
    found = files(project)
    assert found
    assert not {name: faults(values) for name, values in found.items() if faults(values)}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"defaults": {"memory": "1G"}},
        {"template": {"small": {"nic": {"lan": {"dns": ["192.0.2.53"]}}}}},
        {"vm": {"web1": {"rng": True, "vnc": False, "cloud_init": {}}}},
        {"vm": {"web1": {"topology": "quad", "pin": {"0": "4-7"}, "serial": {"com2": {}}}}},
        {"host": {"alpha": {"freebsd": "14.3", "network": {"lan": {"uplink": "ix0"}}, "shutdown_timeout": "5m"}}},
    ],
)
def test_it_takes_partial_files_and_layers(values: dict[str, Any]) -> None:
    assert not faults(values)


@pytest.mark.parametrize(
    "values",
    [
        {"machines": {}},
        {"vm": {"web1": {"memroy": "1G"}}},
        {"vm": {"Web 1": {}}},
        {"vm": {"web1": {"memory": 1024}}},
        {"vm": {"web1": {"memory": "1GB"}}},
        {"vm": {"web1": {"cpus": 0}}},
        {"vm": {"web1": {"autostart": "yes"}}},
        {"vm": {"web1": {"serial": {"com5": {}}}}},
        {"vm": {"web1": {"disk": {"root": {"bus": "scsi"}}}}},
        {"vm": {"web1": {"host": None}}},
        {"host": {"alpha": {}}},
        {"host": {"alpha": {"freebsd": "14.3", "network": {"lan": {"uplnik": "ix0"}}}}},
        {"network": {"lan": {"uplink": "ix0"}}},
        {"network": {"lan": {"kind": "manual"}}},
        {"storage": {"fast": {"kind": "zfs", "path": "/srv"}}},
        {"profile": {"mine": {}}},
    ],
    ids=lambda values: json.dumps(values),
)
def test_it_refuses_what_the_models_refuse(values: dict[str, Any]) -> None:
    assert faults(values)


def test_defaults_are_written_as_a_person_writes_them() -> None:
    tables = SCHEMA["$defs"]
    assert tables["Host"]["properties"]["reserve_memory"]["default"] == "1G"
    assert tables["RestartLimit"]["properties"]["within"]["default"] == "10m"
    for table in tables.values():
        for node in table["properties"].values():
            if "default" in node:
                jsonschema.Draft202012Validator(node | {"$defs": tables}).validate(node["default"])


def test_every_key_is_described() -> None:
    missing = [
        (name, key)
        for name, table in SCHEMA["$defs"].items()
        for key, node in table["properties"].items()
        if key != "kind" and not node.get("description")
    ]
    assert not missing


def test_the_command_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    assert command.run(parser.parse_args([])) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA
