"""Configs of ignition: what is no form of the specification is found, and merging follows its rules."""

from __future__ import annotations

from typing import Any

import pytest

from hivewright.values.ignition import VERSIONS, faults_of, merge_configs


def faults(version: str = "3.5.0", **keys: Any) -> list[str]:
    return list(faults_of({"ignition": {"version": version}, **keys}))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_known(version: str) -> None:
    assert faults(version) == []


@pytest.mark.parametrize(
    "config", [None, [], {}, {"ignition": {}}, {"ignition": {"version": "2.3.0"}}, {"ignition": 3}]
)
def test_a_config_has_a_version(config: object) -> None:
    (fault,) = faults_of(config)
    assert "ignition.version" in fault


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"storage": {"files": [{"path": "/a", "mode": True}]}}, "storage.files[0].mode is not a whole number"),
        ({"storage": {"files": [{"path": "a"}]}}, "storage.files[0].path is not absolute"),
        ({"storage": {"files": [{}]}}, "storage.files[0].path is missing"),
        ({"storage": {"file": []}}, "storage.file is no key of the specification"),
        ({"storage": []}, "storage is not an object"),
        ({"storage": {"files": {}}}, "storage.files is not a list"),
        (
            {"systemd": {"units": [{"name": "a.service", "enabled": "yes"}]}},
            "systemd.units[0].enabled is not true or false",
        ),
        ({"systemd": {"units": [{"name": "a"}, {"name": "a"}]}}, "systemd.units has a twice"),
        ({"passwd": {"users": [{"name": "a", "groups": [1]}]}}, "passwd.users[0].groups[0] is not text"),
        (
            {"storage": {"files": [{"path": "/a"}], "links": [{"path": "/a", "target": "/b"}]}},
            "/a is in storage.files and in storage.links",
        ),
    ],
)
def test_what_is_wrong_is_said(keys: dict[str, Any], fault: str) -> None:
    assert faults(**keys) == [fault]


def test_keys_came_with_versions() -> None:
    keys = {"kernelArguments": {"shouldExist": ["quiet"]}}
    assert faults("3.3.0", **keys) == []
    assert faults("3.2.0", **keys) == ["kernelArguments came with version 3.3.0"]
    luks = {"storage": {"luks": [{"name": "data", "device": "/dev/vda", "discard": True}]}}
    assert faults("3.4.0", **luks) == []
    assert faults("3.2.0", **luks) == ["storage.luks[0].discard came with version 3.4.0"]
    assert faults("3.1.0", **luks) == ["storage.luks came with version 3.2.0"]


def test_null_is_as_absent() -> None:
    assert faults(storage={"files": [{"path": "/a", "mode": None}]}) == []
    assert merge_configs({"storage": {"files": [{"path": "/a", "mode": 1}]}}, {"storage": {"files": None}}) == {
        "storage": {"files": [{"path": "/a", "mode": 1}]}
    }


def test_lists_of_words_are_joined_and_contents_replaced() -> None:
    parent = {
        "passwd": {"users": [{"name": "a", "sshAuthorizedKeys": ["1", "2"]}]},
        "storage": {"files": [{"path": "/a", "contents": {"source": "data:,1", "compression": "gzip"}, "mode": 1}]},
    }
    child = {
        "passwd": {"users": [{"name": "a", "sshAuthorizedKeys": ["2", "3"]}]},
        "storage": {"files": [{"path": "/a", "contents": {"source": "data:,2"}}]},
    }
    assert merge_configs(parent, child) == {
        "passwd": {"users": [{"name": "a", "sshAuthorizedKeys": ["1", "2", "3"]}]},
        "storage": {"files": [{"path": "/a", "contents": {"source": "data:,2"}, "mode": 1}]},
    }


def test_the_parent_is_not_changed() -> None:
    parent = {"storage": {"files": [{"path": "/a"}]}}
    merge_configs(parent, {"storage": {"directories": [{"path": "/a"}]}})
    assert parent == {"storage": {"files": [{"path": "/a"}]}}
