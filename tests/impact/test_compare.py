"""What no change of a site shows: other releases of the runtime, and guests whose former names are known."""

from __future__ import annotations

from collections.abc import Mapping

from hivewright.impact.compare import compare
from hivewright.impact.steps import steps
from hivewright.impact.trees import Files, FileTree
from hivewright.plan import GUESTS

NEWSYSLOG = "root/usr/local/etc/newsyslog.conf.d/hivewright.conf"
START = """\
#!/bin/sh
{  # sh has read all of this before it acts
vm %(name)s %(digest)s
on crash restart 5 600  # on_crash, restart_limit
prepare disk root /dev/zvol/zroot/vms/%(name)s/root rw  # disk.root
set --
set -- "$@" -m 2G  # memory
loader_file grub.cfg 'set timeout=1'  # firmware.grub
loader_file grub.cfg boot  # firmware.grub
run /usr/sbin/bhyve "$@" %(name)s
}
"""
PROVISION = "volume root zroot/vms/%(name)s/root 1073741824  # disk.root\n"


def guest(name: str, digest: str = "0", start: str = START) -> dict[str, bytes]:
    words = {"name": name, "digest": digest}
    return {
        f"{GUESTS}{name}/start": (start % words).encode(),
        f"{GUESTS}{name}/provision": (PROVISION % words).encode(),
    }


def found(old: Mapping[str, Files], new: Mapping[str, Files], **renamed: str) -> list[tuple[str, str, str, list[str]]]:
    impacts = compare(FileTree(old), new, renamed)
    return [(each.host, each.guest, each.consequence.code, each.keys) for each in impacts]


def test_another_runtime_means_nothing_for_guests_that_run_and_another_rotation_is_read() -> None:
    hosts: dict[str, Files] = {"alpha": guest("web1")}
    old, new = ({"runtime": {"root/a": content, NEWSYSLOG: b"x"}, **hosts} for content in (b"1", b"2"))
    assert found(old, new) == [("alpha", "", "nothing", ["runtime"])]
    new["runtime"] = {**new["runtime"], NEWSYSLOG: b"y"}
    assert found(old, new) == [("alpha", "", "reload", ["runtime"])]


def test_a_guest_whose_former_name_is_known_keeps_its_disks() -> None:
    old, new = {"alpha": guest("www")}, {"alpha": guest("web1")}
    assert found(old, new) == [
        ("alpha", "web1", "data", ["vm.web1"]),
        ("alpha", "www", "interruption", ["vm.www"]),
    ]
    renamed = [("alpha", name, "next-boot", ["renamed_from"]) for name in ("web1", "www")]
    assert found(old, new, web1="www") == renamed
    wanted = ["hivectl stop www", "install the files of alpha", "hivectl start web1"]
    assert steps(compare(FileTree(old), new, {"web1": "www"})) == wanted


def test_a_guest_that_says_where_it_lived_does_not_begin_anew_in_silence() -> None:
    moved = {path: b"moved_from beta  # moved_from\n" + content for path, content in guest("web1").items()}
    (here, there) = compare(FileTree({"alpha": {}, "beta": guest("web1")}), {"alpha": moved, "beta": {}})
    assert [each.reason for each in here.findings] == ["it moves here from beta, and starts when its disks are here"]
    assert (here.host, there.host) == ("alpha", "beta")
    old, new = {"alpha": guest("web1")}, {"alpha": guest("web1")}
    path = f"{GUESTS}web1/provision"
    new["alpha"][path] = b"protected  # protected\n" + new["alpha"][path]
    assert found(old, new) == [("alpha", "web1", "nothing", ["protected"])]


def test_a_guest_with_other_disks_is_not_taken_for_one_that_is_gone() -> None:
    new = {path: content.replace(b" root ", b" data ") for path, content in guest("web1").items()}
    assert found({"alpha": guest("www")}, {"alpha": new})[-1] == ("alpha", "web1", "next-boot", ["vm.web1"])


def test_another_digest_comments_and_order_mean_nothing() -> None:
    lines = START.splitlines(keepends=True)
    other = "".join([*lines[:3], "# what follows\n", lines[4], lines[3].replace("on_crash", "x"), *lines[5:]])
    new = {"alpha": guest("web1", "1", other)}
    assert found({"alpha": guest("web1")}, new) == [("alpha", "web1", "nothing", [])]


def test_lines_of_a_file_of_the_loader_have_an_order() -> None:
    lines = START.splitlines(keepends=True)
    new = {"alpha": guest("web1", "1", "".join([*lines[:7], lines[8], lines[7], *lines[9:]]))}
    assert found({"alpha": guest("web1")}, new) == [("alpha", "web1", "next-boot", ["firmware.grub"])]


def test_a_guest_may_run_with_what_was_installed_before() -> None:
    trees = {"alpha": guest("web1", "1")}
    assert compare(FileTree(trees), trees, running={"alpha": {"web1": "1"}}) == []
    (impact,) = compare(FileTree(trees), trees, running={"alpha": {"web1": "0"}})
    assert (impact.consequence.code, impact.guest, steps([impact])) == ("next-boot", "web1", ["hivectl restart web1"])


def test_a_host_that_leaves_takes_its_guests_along() -> None:
    assert found({"alpha": guest("web1")}, {}) == [
        ("alpha", "web1", "interruption", ["vm.web1"]),
        ("alpha", "", "nothing", ["host.alpha"]),
    ]


def test_files_that_say_nothing_are_as_good_as_none() -> None:
    """All hosts have the files that services read; an earlier release wrote those that said something."""
    names = ("rc.conf.d/routing/hivewright", "hivewright/pf.conf", "hivewright/dnsmasq.conf", "devd/hivewright.conf")
    idle = {f"root/usr/local/etc/{name}": b"# Nothing now.\n" for name in (*names, "rc.conf.d/ipfw/hivewright")}
    idle["root/usr/local/etc/hivewright/dnsmasq.conf"] += b"interface=lo0\n"
    said = {**idle, "root/usr/local/etc/hivewright/dnsmasq.conf": b"interface=br-lab\n"}
    alpha = guest("web1")
    assert found({"alpha": alpha}, {"alpha": {**alpha, **idle}}) == []
    assert [each[2] for each in found({"alpha": {**alpha, **said}}, {"alpha": {**alpha, **idle}})] == ["reload"]
