"""Disks that may be others by name or lie elsewhere, who owns a guest, and what hivectl alone follows."""

from __future__ import annotations

from plan_changes import Plan, of

pytest_plugins = ["project_fixtures", "plan_fixtures"]

ROOT = 'size = "20G"\nimage = "small"'


def test_a_disk_by_another_name_would_start_empty_and_one_of_another_size_is_another(plan: Plan) -> None:
    there, other = "[vm.web1.disk.data]", "[vm.web1.disk.stuff]"
    found = of(plan.change((there, other)), "web1")
    assert (found["consequence"], found["keys"]) == ("data", ["disk.data", "disk.stuff"])
    assert any("disk stuff would start empty" in reason for reason in found["reasons"])
    assert found["steps"] == [
        "hivectl stop web1",
        "if it is disk data by another name, zfs rename -p zroot/vms/web1/data zroot/vms/web1/stuff, and once the "
        "files are installed hivectl provision --adopt stuff web1; if not, nothing of this",
        "install the files of alpha",
        "hivectl start web1",
    ]
    found = of(plan.change(('size = "40G"', 'size = "41G"')), "web1")
    assert (found["consequence"], found["keys"]) == ("next-boot", ["disk.data", "disk.stuff"])


def test_a_disk_that_moves_is_carried_along_by_its_operator(plan: Plan) -> None:
    found = of(plan.change(('"zroot/vms"', '"zroot/guests"')), "web1")
    assert found["consequence"] == "data"
    assert found["steps"] == [
        "hivectl stop web1",
        "zfs rename -p zroot/vms/web1/data zroot/guests/web1/data, or begin anew, with the old one kept: "
        "hivectl provision --recreate data web1",
        "zfs rename -p zroot/vms/web1/root zroot/guests/web1/root, or begin anew, with the old one kept: "
        "hivectl provision --recreate root web1",
        "install the files of alpha",
        "hivectl start web1",
    ]


def test_a_guest_whose_owner_nobody_looks_for_could_run_twice(plan: Plan) -> None:
    """And of a guest that has one host alone nobody has to look."""
    hosts = 'hosts = ["alpha", "beta"]'
    found = plan.change((hosts, f"{hosts}\nowner_check = false"))
    for host in ("alpha", "beta"):
        assert of(found, "pair1", host)["consequence"] == "data"
        assert of(found, "pair1", host)["keys"] == ["owner_check"]
    plan.project.succeed("-q", "build")
    found = plan.change((f"{hosts}\nowner_check = false", hosts))
    assert of(found, "pair1")["consequence"] == "nothing"
    assert of(found, "pair1")["reasons"] == ["each start looks who owns it"]
    plan.project.succeed("-q", "build")
    assert of(plan.change((hosts, 'host = "alpha"')), "pair1")["consequence"] == "nothing"


def test_what_hivectl_alone_follows_is_named(plan: Plan) -> None:
    web = 'description = "Web server"'
    found = of(plan.change((web, f'{web}\nalias = "WWW"\nlogin.user = "root"')), "web1")
    assert (found["consequence"], found["keys"]) == ("nothing", ["alias", "login.user"])
    assert found["reasons"] == ["hivectl follows it"]
