"""Every consequence has a change that leads to it, and one beside it that just does not."""

from __future__ import annotations

import pytest

from hivewright.impact.consequence import Finding
from hivewright.impact.hosts import compare_host
from plan_changes import Plan, codes, of

pytest_plugins = ["project_fixtures", "plan_fixtures"]

WEB = 'memory = "2G"\norder'
ROOT = 'size = "20G"\nimage = "small"'
NIC = "[vm.web1.nic.lan]"
ALICE = "K6KH5IcGO1QL+bSsIpFGNt26"

GUEST_CASES = {
    "description": ("nothing", "", ('description = "Web server"', 'description = "Server"')),
    "stop timeout": ("nothing", "stop_timeout", ("60s", "90s")),
    "order": ("nothing", "order", ("order = 30", "order = 40")),
    "autostart": ("nothing", "autostart", (WEB, f"autostart = false\n{WEB}")),
    "a property of a disk": ("nothing", "disk.data.properties", ('compression = "zstd"', 'compression = "lz4"')),
    "a clone of an image": ("nothing", "disk.root.clone_image", (ROOT, f"{ROOT}\nclone_image = true")),
    "the same image from elsewhere": ("nothing", "disk.root.image", ("net/small-1", "net/mirror/small-1")),
    "memory": ("next-boot", "memory", (WEB, 'memory = "3G"\norder')),
    "policy": ("next-boot", "on_crash", (WEB, f'on_crash = "destroy"\n{WEB}')),
    "limit": ("next-boot", "restart_limit", (WEB, f'restart_limit = {{ count = 2, within = "60s" }}\n{WEB}')),
    "a disk more": ("next-boot", "disk.more", (NIC, f'[vm.web1.disk.more]\nstorage = "fast"\nsize = "1G"\n{NIC}')),
    "a disk less": ("next-boot", "disk.data", ("[vm.web1.disk.data]\n", "[vm.pair1.disk.data]\n")),
    "a NIC more": ("next-boot", "nic.more", (NIC, f'[vm.web1.nic.more]\nnetwork = "inner"\n{NIC}')),
    "a larger disk": ("next-boot", "disk.root.size", (ROOT, ROOT.replace("20G", "21G"))),
    "address": ("first-boot", "nic.lan.ipv4", ("192.0.2.10/24", "192.0.2.11/24")),
    "gateway": ("first-boot", "nic.lan.gateway4", ('"192.0.2.1"', '"192.0.2.2"')),
    "route": ("first-boot", "nic.lan.routes", (NIC, f'{NIC}\nroutes = [{{ to = "10.0.0.0/8", via = "192.0.2.9" }}]')),
    "key": ("first-boot", "user.alice", (ALICE, ALICE.replace("6", "7"))),
    "user": ("first-boot", "cloud_init.users", ('users = ["alice"], ', "")),
    "a smaller disk": ("data", "disk.root.size", (ROOT, ROOT.replace("20G", "19G"))),
    "a disk elsewhere": ("data", "disk.root.storage", (f'"fast"\n{ROOT}', f'"slow"\n{ROOT}')),
    "a disk of the administrator": ("data", "disk.root", (f'storage = "fast"\n{ROOT}', 'path = "/dev/ada1"')),
    "another image": ("data", "disk.root.image", (ROOT, ROOT.replace("small", "other"))),
    "no image": ("data", "disk.root.image", (ROOT, 'size = "20G"')),
    "blocks": ("data", "disk.data.properties", ('volblocksize = "16K"', 'volblocksize = "64K"')),
}  # fmt: skip
"""A change of web1: its consequence and the key that causes it."""


@pytest.mark.parametrize("case", GUEST_CASES)
def test_a_change_of_a_guest(plan: Plan, case: str) -> None:
    code, key, change = GUEST_CASES[case]
    found = of(plan.change(change), "web1")
    assert found["consequence"] == code
    if key is not None:
        assert found["keys"] == ([key] if key else [])


def test_what_changes_no_file_is_nothing(plan: Plan) -> None:
    order = ('memory = "2G"\norder = 30', 'order = 30\nmemory = "2048M"')
    assert plan.change(("# Each line", "# Every line"), order) == []


def test_a_comment_in_user_data_is_nothing_and_a_command_is(plan: Plan) -> None:
    assert plan.change(("What is checked", "What was checked"), file="extra.yaml") == []
    found = of(plan.change(('- "true"', '- "false"'), file="extra.yaml"), "web1")
    assert (found["consequence"], found["keys"]) == ("first-boot", ["cloud_init.user_data"])


def test_a_hook_of_a_start_counts_from_the_next_start_on_and_others_run_from_their_files(plan: Plan) -> None:
    found = of(plan.change(("exit 0", "exit 1"), file="hooks/after.sh"), "web1")
    assert (found["consequence"], found["keys"]) == ("nothing", ["hooks.poststop"])
    found = of(plan.change(("exit 0", "exit 1"), file="hooks/before.sh"), "web1")
    assert (found["consequence"], found["keys"]) == ("next-boot", ["hooks.prestart"])


def test_a_clone_of_another_image_is_data_and_a_larger_clone_is_not(plan: Plan) -> None:
    clone = 'size = "10G"\nimage = "small"'
    found = of(plan.change((clone, clone.replace("10G", "11G"))), "clone1")
    assert (found["consequence"], found["keys"]) == ("next-boot", ["disk.root.size"])
    found = of(plan.change((clone.replace("10G", "11G"), clone.replace("small", "other"))), "clone1")
    assert (found["consequence"], found["keys"]) == ("data", ["disk.root.image"])


def test_an_image_of_other_content_is_another_one_for_all_that_are_made_from_it(plan: Plan) -> None:
    found = plan.change(("cdef0123456789abcde1", "cdef0123456789abcdf1"))
    assert codes(found) == {"clone1": "data", "web1": "data"}
    assert of(found, "web1")["keys"] == ["image.small"]


def test_another_uuid_is_another_guest_to_its_disks(plan: Plan) -> None:
    uuid = "01234567-89ab-cdef-0123-456789abcdef"
    found = of(plan.change((WEB, f'uuid = "{uuid}"\n{WEB}')), "web1")
    assert (found["consequence"], found["keys"]) == ("next-boot", ["uuid"])
    assert found["steps"] == [
        "hivectl stop web1",
        "once the files are installed, and before web1 starts: hivectl provision --adopt web1",
        "install the files of alpha",
        "hivectl start web1",
    ]


def test_an_uplink_interrupts_the_guests_of_its_network_and_no_others(plan: Plan) -> None:
    found = plan.change(('kind = "bridge"\nuplink = "ix0"', 'kind = "bridge"\nuplink = "ix2"'))
    assert codes(found) == {"-": "interruption", "pair1": "interruption", "web1": "interruption"}
    assert of(found, None)["keys"] == of(found, "web1")["keys"] == ["network.lan.uplink"]
    assert of(found, "web1")["steps"] == ["hivectl stop web1", "install the files of alpha", "hivectl start web1"]
    assert of(found, None)["steps"] == [
        "ifconfig br-lan destroy",
        "install the files of alpha",
        "service devd restart",
        "hivectl network up",
    ]


def test_a_further_uplink_joins_while_guests_run_and_one_less_interrupts(plan: Plan) -> None:
    """The order of uplinks has no meaning; one that is there now, or is gone, is otherwise."""
    one, two = 'kind = "bridge"\nuplink = "ix0"', 'kind = "bridge"\nuplink = ["ix2", "ix0"]'
    found = plan.change((one, two))
    assert codes(found) == {"-": "reload"}
    assert of(found, None)["keys"] == ["devd/hivewright.conf", "network.lan.uplink"]
    assert of(found, None)["steps"] == ["install the files of alpha", "service devd restart", "hivectl network up"]
    plan.project.succeed("-q", "build")
    assert codes(plan.change(('["ix2", "ix0"]', '["ix0", "ix2"]'))) == {}
    found = plan.change(('["ix0", "ix2"]', '"ix2"'))
    assert codes(found) == {"-": "interruption", "pair1": "interruption", "web1": "interruption"}
    assert of(found, "web1")["keys"] == ["network.lan.uplink"]


def test_an_mtu_interrupts_and_an_address_of_the_host_does_not(plan: Plan) -> None:
    address = 'uplink = "none"\nipv4 = "198.51.100.1/24"\n'
    found = plan.change(('uplink = "none"\n', address))
    assert codes(found) == {"-": "reload"}
    assert of(found, None)["keys"] == ["network.inner.ipv4"]
    found = plan.change((address, 'uplink = "none"\n'), ("mtu = 9000", "mtu = 8000"))
    assert codes(found) == {"-": "interruption", "clone1": "interruption"}
    assert of(found, "clone1")["keys"] == ["network.inner.mtu"]


def test_what_only_hivectl_can_undo_takes_all_guests_of_the_host(plan: Plan) -> None:
    found = plan.change(("vlan = 40", "vlan = 41"))
    assert set(codes(found).values()) == {"interruption"}
    assert len(codes(found)) == 6
    assert of(found, None)["steps"][:3] == ["hivectl stop", "hivectl network down", "install the files of alpha"]


def test_virtual_functions_interrupt_the_guests_that_have_one(plan: Plan) -> None:
    found = plan.change(("vfs = 4", "vfs = 5"))
    assert codes(found) == {"-": "interruption", "desk1": "interruption"}
    assert of(found, None)["keys"] == ["sriov.ix7"]
    assert "service iovctl restart" in of(found, None)["steps"]


def test_rules_of_the_firewall_are_loaded_again(plan: Plan) -> None:
    found = plan.change(("port = 2222", "port = 2223"))
    assert codes(found) == {"-": "reload"}
    assert of(found, None)["keys"] == ["network.lab"]
    assert of(found, None)["steps"][1] == "pfctl -a hivewright -f /usr/local/etc/hivewright/pf.conf"


def test_a_description_of_the_host_changes_nothing_on_it(plan: Plan) -> None:
    assert codes(plan.change(('"Rack 1"', '"Rack 2"'))) == {}


def test_a_device_that_is_kept_from_the_boot_on_needs_one(plan: Plan) -> None:
    found = plan.change(('bind = "start"', 'bind = "boot"'))
    assert codes(found)["-"] == "host-reboot"
    assert "pptdevs" in of(found, None)["keys"]
    assert of(found, None)["steps"][-1] == "shutdown -r now"


def test_a_device_that_is_taken_at_a_start_needs_no_boot(plan: Plan) -> None:
    assert codes(plan.change(('pci = "3/0/0"', 'pci = "4/0/0"'))) == {"clone1": "next-boot"}


def test_a_guest_that_moves_could_run_twice(plan: Plan) -> None:
    passed = '[vm.clone1.passthrough.disk]\ndevice = "disk"\n'
    found = plan.change(('[vm.clone1]\nhost = "alpha"', '[vm.clone1]\nhost = "beta"'), (passed, ""))
    assert of(found, "clone1", "alpha")["consequence"] == of(found, "clone1", "beta")["consequence"] == "data"
    assert of(found, "clone1", "alpha")["steps"][0] == "hivectl stop clone1"
    assert of(found, "clone1", "beta")["steps"][-1] == "hivectl start clone1"


def test_a_guest_of_one_more_host_could_run_twice(plan: Plan) -> None:
    found = plan.change((f'host = "alpha"\n{WEB}', f'hosts = ["alpha", "beta"]\n{WEB}'))
    assert of(found, "web1", "beta")["consequence"] == "data"
    assert of(found, "web1", "alpha")["consequence"] == "nothing"


def test_a_guest_whose_home_moves_could_run_twice_and_one_of_a_host_less_could_not(plan: Plan) -> None:
    found = plan.change(('hosts = ["alpha", "beta"]', 'hosts = ["beta", "alpha"]'))
    assert [of(found, "pair1", host)["consequence"] for host in ("alpha", "beta")] == ["data", "data"]
    found = plan.change(('hosts = ["beta", "alpha"]', 'host = "alpha"'))
    assert [of(found, "pair1", host)["consequence"] for host in ("alpha", "beta")] == ["nothing", "interruption"]


def test_a_guest_that_may_be_one_renamed_would_start_empty(plan: Plan) -> None:
    text = (plan.project.root / "site" / "site.toml").read_text()
    plan.project.add("site.toml", text.replace("vm.web1", "vm.www1"))
    found = plan.change()
    assert (of(found, "www1")["consequence"], of(found, "www1")["keys"]) == ("data", ["vm.www1"])
    assert of(found, "web1")["consequence"] == "interruption"


def test_a_guest_that_says_what_it_was_called_keeps_its_disks(plan: Plan) -> None:
    plan.project.succeed("-q", "rename", "web1", "www1")
    found = plan.change()
    assert [(of(found, name)["consequence"], of(found, name)["keys"]) for name in ("www1", "web1")] == [
        ("next-boot", ["renamed_from"]),
        ("next-boot", ["renamed_from"]),
    ]
    assert of(found, "web1")["steps"] == ["hivectl stop web1", "install the files of alpha"]
    assert of(found, "www1")["steps"] == ["install the files of alpha", "hivectl start www1"]


def test_the_same_sizes_in_other_words_are_nothing(plan: Plan) -> None:
    assert codes(plan.change((ROOT, ROOT.replace("20G", "20480M")), ('"16K"', '"16384"'))) == {}


def test_a_variable_of_the_loader_needs_a_boot_of_the_host_and_a_note_about_it_does_not(plan: Plan) -> None:
    found = plan.change(('iommu = "intel"', 'iommu = "amd"'))
    assert codes(found) == {"-": "host-reboot"}
    assert of(found, None)["steps"][-1] == "shutdown -r now"
    assert codes(plan.change(('iommu = "amd"', 'iommu = "intel"'), ('"Rack 1"', '"Rack 2"'))) == {}


def test_another_build_of_bhyve_is_for_the_next_boot_of_each_guest(plan: Plan) -> None:
    found = plan.change(('iommu = "intel"', 'iommu = "intel"\nbhyve = "/usr/local/sbin/bhyve-next"'))
    causes = {(each["consequence"], *each["keys"]) for each in found if each["host"] == "alpha" and each["guest"]}
    assert causes == {("next-boot", "bhyve")}


def test_a_module_that_is_needed_no_more_may_stay(plan: Plan) -> None:
    path = plan.project.root / "build" / "alpha" / "root" / "boot" / "loader.conf.d" / "hivewright.conf"
    assert b'vmm_load="YES"\n' in path.read_bytes()
    more = path.read_bytes() + b'nothing_load="YES"\n'
    name = "root/boot/loader.conf.d/hivewright.conf"
    for pair, consequence in (((more, path.read_bytes()), 0), ((path.read_bytes(), more), 5)):
        (finding,) = compare_host({name: pair})
        assert isinstance(finding, Finding)
        assert (finding.consequence, finding.keys) == (consequence, ("nothing_load",))


def test_a_guest_that_is_new_is_no_more_than_that(plan: Plan) -> None:
    text = '[vm.new1]\nhost = "alpha"\nmemory = "1G"\n[vm.new1.disk.root]\nstorage = "fast"\nsize = "1G"\n'
    plan.project.add("new.toml", text)
    found = plan.change()
    assert codes(found) == {"new1": "next-boot", "-": "reload"}
    assert of(found, "new1")["steps"] == ["install the files of alpha", "hivectl provision new1", "hivectl start new1"]


def test_a_guest_that_leaves_is_off_before_its_files_go(plan: Plan) -> None:
    text = (plan.project.root / "site" / "site.toml").read_text()
    start, end = text.index("[vm.lab1]"), text.index("[vm.desk1]")
    plan.project.add("site.toml", text[:start] + text[end:])
    found = plan.change()
    assert of(found, "lab1")["consequence"] == "interruption"
    assert of(found, "lab1")["steps"] == ["hivectl stop lab1", "install the files of alpha"]


def test_a_host_that_is_new_needs_what_its_inventory_lists(plan: Plan) -> None:
    plan.project.add("gamma.toml", '[host.gamma]\nfreebsd = "15.0"\n[vm.far1]\nhost = "gamma"\nmemory = "1G"\n')
    found = plan.change()
    assert of(found, "far1", "gamma")["consequence"] == "next-boot"
    assert "give gamma what its INVENTORY.md lists" in of(found, None, "gamma")["steps"]


def test_a_change_in_a_template_says_so(plan: Plan) -> None:
    plan.project.add("small.toml", '[template.small]\nmemory = "3G"\n')
    found = of(plan.change((WEB, 'inherit = ["small"]\norder')), "web1")
    assert found["origins"] == ["memory (template small, small.toml)"]
