"""``hivewright deploy``: what was built is installed on stand-in hosts, which a stand-in for ssh reaches."""

from __future__ import annotations

import sys

import pytest

from deployments import ADDRESS, PF, RECORD, Deployment
from host.play import HIVECTL

pytest_plugins = ["project_fixtures", "host.fixtures", "deployment_fixtures"]


def test_new_hosts_get_all_of_it_and_a_second_time_nothing_changes(deployment: Deployment) -> None:
    done = deployment.run("alpha", "beta", "--yes")
    assert done.err == ""
    assert "On beta:" in done.out
    assert "give beta what its INVENTORY.md lists" in done.out
    for host in ("alpha", "beta"):
        assert f"{host}: would install: " in done.out
        assert f"{host}: installed: " in done.out
        assert f"{host}: missing: pkg install edk2-bhyve" not in done.out, "the stand-in has it"
    assert deployment.has(deployment.alpha, "alpha")
    assert deployment.has(deployment.beta, "beta")
    assert "/boot/loader.conf.d" not in done.out, "files are listed with -v"
    assert "shutdown -r now" in done.out
    again = deployment.run("alpha", "--yes")
    assert again.out.splitlines()[0] == "No guest and no host is affected."
    assert again.out.splitlines()[-1] == "alpha: all files are as they were packed"


def test_a_host_that_fails_does_not_stop_the_others(deployment: Deployment) -> None:
    deployment.beta.path(PF).parent.mkdir(parents=True)
    deployment.beta.path(PF).mkdir()
    done = deployment.run("alpha", "beta", "--yes", status=1)
    assert f"  {PF}" in done.out
    assert "beta: nothing was installed" in done.err
    assert deployment.has(deployment.alpha, "alpha")
    assert not deployment.beta.path(RECORD).exists()


def test_a_host_that_is_not_reached_does_not_stop_the_others(deployment: Deployment) -> None:
    deployment.build("hosts.toml", "[host.beta]\n", '[host.beta]\naddress = "nowhere.example.net"\n')
    done = deployment.run("alpha", "beta", "--yes", status=1)
    assert "beta: ssh: connect to host nowhere.example.net port 22: Connection refused" in done.err
    assert deployment.has(deployment.alpha, "alpha")


def answering(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return answer

    monkeypatch.setattr(sys, "stdin", Terminal())


def test_it_asks_first(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "\n")
    done = deployment.run("alpha", status=130)
    assert done.err.endswith("Install this on alpha? [y/N] ")
    assert not deployment.alpha.path(RECORD).exists()
    answering(monkeypatch, "y\n")
    deployment.run("alpha")
    assert deployment.has(deployment.alpha, "alpha")


def test_without_a_terminal_nothing_is_done_unasked(deployment: Deployment) -> None:
    done = deployment.run("alpha", status=2)
    assert "nobody can be asked" in done.err
    assert "alpha: would install: " in done.out
    assert not deployment.alpha.path(RECORD).exists()


def test_what_was_changed_on_a_host_is_shown_and_needs_a_word(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert deployment.alpha.run("kldload", "pf").status == 0
    deployment.run("alpha", "--yes")
    deployment.alpha.path(PF).write_text("pass all\n")
    deployment.build("vms/web.toml", '"4G"', '"5G"')
    done = deployment.run("alpha", "--yes", status=1)
    assert f"  ! {PF}, changed on this host" in done.out
    assert "alpha: the installation ended with status 1" in done.err
    assert deployment.alpha.path(PF).read_text() == "pass all\n"
    deployment.run("alpha", "--yes", "--overwrite")
    assert deployment.has(deployment.alpha, "alpha")
    deployment.alpha.path(PF).write_text("pass all\n")
    answering(monkeypatch, "y\n")
    deployment.run("alpha")
    assert deployment.has(deployment.alpha, "alpha"), "who answered had seen it"


def test_data_at_risk_is_left_to_people(deployment: Deployment) -> None:
    deployment.run("alpha", "--yes")
    deployment.build("vms/web.toml", 'size = "10G"', 'size = "5G"')
    done = deployment.run("alpha", "--yes", status=1)
    assert "alpha: left alone: the consequence of the change is data" in done.err
    deployment.build("vms/web.toml", 'size = "5G"', 'size = "20G"')
    done = deployment.run("alpha", "--yes", "--fail-on", "next-boot", status=1)
    assert "alpha: left alone: the consequence of the change is next-boot" in done.err
    deployment.run("alpha", "--yes")
    assert deployment.has(deployment.alpha, "alpha")


def test_guests_with_an_older_definition_are_restarted_on_request(deployment: Deployment) -> None:
    deployment.run("alpha", "--yes")
    deployment.alpha.path("/srv/vms").mkdir(parents=True)
    assert deployment.alpha.run(HIVECTL, "start", "db1").status == 0
    assert deployment.alpha.run(HIVECTL, "start", "web1").status == 0
    deployment.build("vms/web.toml", '"4G"', '"5G"')
    done = deployment.run("alpha", "--yes")
    assert "alpha: web1 runs with an older definition: hivectl restart web1" in done.out
    done = deployment.run("alpha", "--yes", "--restart", "changed")
    assert "alpha: web1: started" in done.out
    assert deployment.asked[-1] == (ADDRESS, "/usr/local/sbin/hivectl restart web1")
    deployment.run("alpha", "--yes", "--restart", "changed")
    assert deployment.asked[-1] == (ADDRESS, "/usr/local/sbin/hivectl _installed")


def test_what_was_not_built_is_not_installed(deployment: Deployment) -> None:
    deployment.project.edit("vms/web.toml", '"4G"', '"5G"')
    assert "run hivewright build" in deployment.run("alpha", "--yes", status=1).err
    assert "there is no host gamma" in deployment.run("gamma", "--yes", status=2).err
    assert deployment.asked == []


def test_the_command_on_the_host_suits_any_login_shell(deployment: Deployment) -> None:
    """csh(1) among them: one pair of single quotes, no newline, no exclamation mark."""
    deployment.run("beta", "--yes")
    command = next(command for _, command in deployment.asked if "mktemp" in command)
    assert command.startswith("/bin/sh -c '")
    assert command.count("'") == 2
    assert not set(command) & {"\n", "!"}
