"""zfs(8) and zpool(8) of the stand-in host behave as OpenZFS 2.2 was seen to behave on FreeBSD 14."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host.checks import check, lines, runs, says
from host.sandbox import Host, HostFaultError

pytest_plugins = ["host.fixtures"]
NODE = "/dev/zvol/zroot/vms/a/root"


@pytest.fixture
def host(open_empty: Callable[..., Host]) -> Host:
    """A host on which volmode set on a volume loses its node, and a guest's dataset from which it is inherited."""
    host = open_empty(volmode_race="never")
    check(host, "zfs create -p -o volmode=dev zroot/vms/a && zfs create zroot/plain", 0)
    return host


def test_the_node_of_a_volume_with_inherited_volmode_is_there_at_once(host: Host) -> None:
    check(host, f"zfs create -V 1G zroot/vms/a/root && [ -c {NODE} ]", 0)
    check(host, "zfs snapshot zroot/vms/a/root@s && zfs clone zroot/vms/a/root@s zroot/vms/a/c", 0)
    check(host, "[ -c /dev/zvol/zroot/vms/a/c ] && zfs set volsize=2G zroot/vms/a/c", 0)
    check(host, "zfs create -V 1G zroot/plain/b && [ -c /dev/zvol/zroot/plain/b ]", 0)
    check(host, f"zfs destroy -r zroot/vms/a/root; zfs destroy -R zroot/vms/a/c; [ -e {NODE} ]", 0)


def test_the_node_of_a_volume_with_a_volmode_of_its_own_never_comes(host: Host) -> None:
    check(host, "zfs create -V 1G -o volmode=dev zroot/plain/b && sleep 600; [ -e /dev/zvol/zroot/plain/b ]", 1)
    check(host, "zfs create -V 1G zroot/plain/o && zfs snapshot zroot/plain/o@s", 0)
    check(host, "zfs clone -o volmode=dev zroot/plain/o@s zroot/plain/c; sleep 600; [ -e /dev/zvol/zroot/plain/c ]", 1)
    check(host, "zfs create -V 1G -o volmode=none zroot/plain/n && [ -e /dev/zvol/zroot/plain/n ]", 1)
    check(host, "zfs create -V 1G -o volmode=dev zroot/vms/a/same && [ -c /dev/zvol/zroot/vms/a/same ]", 0)


def test_such_a_node_may_come_late(open_empty: Callable[..., Host]) -> None:
    host = open_empty(zvol_delay=3.0, volmode_race="late")
    check(host, "zfs create -V 1G -o volmode=dev zroot/b; [ -e /dev/zvol/zroot/b ]", 1)
    check(host, "sleep 4; [ -c /dev/zvol/zroot/b ] && zfs set volsize=2G zroot/b", 0)


def test_a_missing_node_is_repaired_by_two_settings_a_second_apart(host: Host) -> None:
    repair = "zfs set volmode=none {0} && sleep {1} && zfs set volmode=dev {0}; [ -c /dev/zvol/{0} ]"
    check(host, "zfs create -V 1G -o volmode=dev zroot/plain/b", 0)
    check(host, repair.format("zroot/plain/b", 0), 1)
    check(host, repair.format("zroot/plain/b", 1) + " && zfs set volsize=2G zroot/plain/b", 0)
    check(host, "zfs create -V 1G -o volmode=dev zroot/plain/c && zpool export zroot && zpool import zroot", 0)
    check(host, "[ -c /dev/zvol/zroot/plain/c ] && zfs set volsize=2G zroot/plain/c", 0)


def test_growing_a_volume_without_its_node_panics_the_host(host: Host) -> None:
    runs(host, "a", "")
    script = "zfs create -V 1G -o volmode=dev zroot/plain/b; zfs set volsize=2G zroot/plain/b; touch /tmp/survived"
    with pytest.raises(HostFaultError, match="the host panicked: zfs set volsize of zroot/plain/b"):
        host.run("/bin/sh", "-c", script)
    assert not host.path("/tmp/survived").exists()
    assert host.wait("a").status == -9


def test_properties_have_values_and_sources(host: Host) -> None:
    check(host, "zfs set hw:owner=alpha zroot/vms && zfs create -V 1G -o hw:disk=root -s zroot/vms/a/root", 0)
    get = (
        "zfs get -Hp -o property,value,source hw:owner,hw:disk,hw:none,volmode,volsize,refreservation zroot/vms/a/root"
    )
    says(
        host,
        get,
        "hw:owner\talpha\tinherited from zroot/vms\nhw:disk\troot\tlocal\nhw:none\t-\t-\n"
        "volmode\tdev\tinherited from zroot/vms/a\nvolsize\t1073741824\tlocal\nrefreservation\t0\tdefault\n",
    )
    says(host, "zfs list -Ho name,volsize,hw:owner zroot/vms/a/root", "zroot/vms/a/root\t1G\talpha\n")
    check(host, "zfs inherit hw:disk zroot/vms/a/root && zfs inherit -r hw:owner zroot/vms", 0)
    says(host, "zfs get -H -o value hw:owner,hw:disk zroot/vms/a/root", "-\n-\n")
    says(host, "zfs get -H -s local -o name,value volmode zroot/vms/a/root zroot/vms/a", "zroot/vms/a\tdev\n")


def test_properties_are_refused_as_zfs_refuses_them(host: Host) -> None:
    check(host, "zfs create -V 1G zroot/b", 0)
    check(host, "zfs set volmode=x zroot/b", 1, "'volmode' must be one of 'default | full | geom | dev | none'")
    check(host, "zfs set colour=x zroot/b", 1, "cannot set property for 'zroot/b': invalid property 'colour'")
    check(host, "zfs set volblocksize=8K zroot/b", 1, "'volblocksize' is readonly")
    check(host, "zfs set volsize=1000 zroot/b", 1, "must be a multiple of volume block size (16K)")
    check(host, "zfs set volsize=1G zroot/plain", 1, "does not apply to datasets of this type")
    check(host, "zfs create -o Hw:x=1 zroot/c", 1, "cannot create 'zroot/c': invalid property 'Hw:x'")
    check(host, "zfs get colour zroot/b", 2, "bad property list: invalid property 'colour'")
    check(host, "zfs inherit volsize zroot/b", 1, "cannot be inherited")
    check(host, "zfs get -Hpo value volsize zroot/x", 1, "cannot open 'zroot/x': dataset does not exist")
    check(host, "zfs frobnicate", 2, "unrecognized command 'frobnicate'")


def test_datasets_are_made_as_zfs_makes_them(host: Host) -> None:
    check(host, "zfs create zroot/x/y", 1, "parent does not exist")
    check(host, "zfs create -p -o canmount=off zroot/x/y && zfs create -p zroot/x/y && [ -d /zroot/x ]", 0)
    check(host, "zfs create 'zroot/a^b'", 1, "invalid character '^' in name")
    check(host, "zfs create -V 1G zroot/b && zfs create zroot/b/c", 1, "parent is not a filesystem")
    check(host, "zfs create -V 20T zroot/large", 1, "out of space")
    check(host, "zfs create -s -V 20T zroot/large && zfs set refreservation=auto zroot/large", 1, "available space")
    says(host, "zfs list -H -o name -t volume -r zroot", "zroot/b\nzroot/large\n")


def test_an_open_volume_is_busy_for_destroy_and_export_alone(host: Host) -> None:
    check(host, "zfs create -V 1G zroot/vms/a/root && zfs snapshot zroot/vms/a/root@one zroot/vms/a/root@two", 0)
    runs(host, "a", f"-s 3,virtio-blk,{NODE}")
    check(host, "zfs destroy -r zroot/vms/a/root", 1, "cannot destroy 'zroot/vms/a/root': dataset is busy")
    says(host, "zfs list -H -o name -t snapshot", "")
    check(host, "zpool export zroot", 1, "cannot export 'zroot': pool is busy")
    check(host, "zpool export -f zroot", 1, "pool is busy")
    check(host, "zfs set volsize=2G zroot/vms/a/root", 0)
    assert lines(host, "volume") == ["volume zroot/vms/a/root 2147483648 nothing"]


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("zfs rename zroot/vms/a/root zroot/vms/a/new", "zfs rename"),
        ("zfs rollback zroot/vms/a/root@one", "zfs rollback"),
        ("zfs set volsize=512M zroot/vms/a/root", "made it smaller"),
    ],
)
def test_what_harms_a_running_guest_succeeds_and_fails_the_scenario(host: Host, verb: str, said: str) -> None:
    check(host, "zfs create -V 1G zroot/vms/a/root && zfs snapshot zroot/vms/a/root@one", 0)
    runs(host, "a", f"-s 3,virtio-blk,{NODE}")
    with pytest.raises(HostFaultError, match=f"lost disk: .*{said} while guest a has zroot/vms/a/root open"):
        host.run("/bin/sh", "-c", f"{verb}; echo $? >/tmp/status")
    assert host.path("/tmp/status").read_text() == "0\n"


def test_a_renamed_open_volume_is_gone_for_its_guest(host: Host) -> None:
    check(host, "zfs create -V 1G zroot/vms/a/root", 0)
    runs(host, "a", f"-s 3,virtio-blk,{NODE}")
    host.allow("lost disk")
    check(
        host, f"zfs rename zroot/vms/a/root zroot/vms/a/new && [ ! -e {NODE} ] && [ -c /dev/zvol/zroot/vms/a/new ]", 0
    )
    assert lines(host, "guest") == ["guest a", f"guest a lost {NODE}"]
    check(host, "zpool export zroot", 0)


def test_snapshots_are_made_together_or_not_at_all(host: Host) -> None:
    check(host, "zfs create -V 1G zroot/vms/a/root && zfs create -V 1G zroot/vms/a/data", 0)
    check(host, "zfs snapshot zroot/vms/a/root@s zroot/vms/a/data@s && zfs snapshot -r zroot/vms/a@r", 0)
    check(host, "zfs snapshot zroot/vms/a/root@t zroot/vms/a/data@s", 1, "already exists", "no snapshots were created")
    names = ["a@r", "a/data@s", "a/data@r", "a/root@s", "a/root@r"]
    says(host, "zfs list -H -o name -t snapshot -r zroot/vms", "".join(f"zroot/vms/{name}\n" for name in names))
    says(host, "zfs list -H -o name -t snapshot zroot/vms/a/root", "zroot/vms/a/root@s\nzroot/vms/a/root@r\n")


def test_rollback_wants_the_newest_snapshot(host: Host) -> None:
    check(host, "zfs create -V 1G zroot/b && echo one >/tmp/1 && echo two >/tmp/2", 0)
    check(host, "dd if=/tmp/1 of=/dev/zvol/zroot/b && zfs snapshot zroot/b@1 && dd if=/tmp/2 of=/dev/zvol/zroot/b", 0)
    check(host, "zfs snapshot zroot/b@2 && zfs rollback zroot/b@1", 1, "more recent snapshots", "use '-r'", "zroot/b@2")
    check(host, "zfs hold keep zroot/b@2 && zfs rollback -r zroot/b@1", 1, "it's being held")
    says(host, "zfs holds -H -p zroot/b@2", "zroot/b@2\tkeep\t1000000000\n")
    check(host, "zfs hold keep zroot/b@2", 1, "tag already exists")
    check(host, "zfs release keep zroot/b@2 && zfs rollback -r zroot/b@1", 0)
    says(host, "dd if=/dev/zvol/zroot/b count=1 bs=4 status=none; zfs list -Ho name -t snapshot", "one\nzroot/b@1\n")


def test_promote_moves_the_snapshot(host: Host) -> None:
    check(host, "zfs create -V 1G zroot/b && zfs snapshot zroot/b@1 && zfs clone zroot/b@1 zroot/c", 0)
    check(host, "zfs destroy zroot/b@1", 1, "snapshot has dependent clones", "zroot/c")
    check(host, "zfs promote zroot/b", 1, "not a cloned filesystem")
    check(host, "zfs promote zroot/c && zfs destroy zroot/b", 0)
    says(
        host,
        "zfs list -Hpo name,origin,volsize -t all -r zroot/c",
        "zroot/c\t-\t1073741824\nzroot/c@1\t-\t1073741824\n",
    )


def test_rename_takes_what_is_below(host: Host) -> None:
    check(host, "zfs create -V 1G zroot/vms/a/root && zfs snapshot zroot/vms/a/root@s && touch /zroot/vms/a/file", 0)
    check(
        host, "zfs rename zroot/vms/a zroot/vms/b && [ -c /dev/zvol/zroot/vms/b/root ] && [ -e /zroot/vms/b/file ]", 0
    )
    says(
        host,
        "zfs list -Ho name -t all -r zroot/vms",
        "".join(f"zroot/vms{x}\n" for x in ("", "/b", "/b/root", "/b/root@s")),
    )
    check(host, "zfs rename zroot/vms/b tank/b", 1, "datasets must be within same pool")
    check(host, "zfs rename zroot/vms/b/root@s @t && zfs list zroot/vms/b/root@t", 0)


def test_streams_carry_snapshots_and_properties(host: Host) -> None:
    check(host, "zfs create -V 1G -o hw:disk=root zroot/vms/a/root && echo hello >/tmp/1", 0)
    check(
        host,
        f"dd if=/tmp/1 of={NODE} && zfs snapshot zroot/vms/a/root@1 && zfs send -p zroot/vms/a/root@1 >/tmp/full",
        0,
    )
    check(host, "zfs receive zroot/vms/a/copy </tmp/full && [ -c /dev/zvol/zroot/vms/a/copy ]", 0)
    says(host, "zfs get -Ho value,source hw:disk zroot/vms/a/copy", "root\treceived\n")
    says(host, "zfs list -Hpo guid zroot/vms/a/copy@1 zroot/vms/a/root@1 | uniq | wc -l", "1\n")
    check(host, "zfs receive zroot/vms/a/copy </tmp/full", 1, "exists\nmust specify -F to overwrite it")
    check(
        host, "zfs snapshot zroot/vms/a/root@2 && zfs send -i @1 zroot/vms/a/root@2 | zfs receive zroot/vms/a/copy", 0
    )
    check(
        host,
        "zfs send -i @1 zroot/vms/a/root@2 | zfs receive zroot/vms/a/copy",
        1,
        "does not\nmatch incremental source",
    )
    check(host, "zfs receive zroot/x </tmp/1", 1, "invalid stream (bad magic number)")
    check(host, "head -c 200 /tmp/full | zfs receive zroot/x", 1, "incomplete stream")
    check(host, "head -c 600 /tmp/full | zfs receive zroot/x; zfs list zroot/x", 1, "dataset does not exist")
    check(host, "zfs receive -u -o volmode=none -x hw:disk zroot/plain/n </tmp/full; [ -e /dev/zvol/zroot/plain/n ]", 1)


def test_a_stream_that_broke_off_goes_on_by_its_token(host: Host) -> None:
    """zfs-receive(8), -s and -A; zfs-send(8), -t."""
    token = "zfs get -Ho value receive_resume_token zroot/vms/a/copy"
    cut = "head -c 600 /tmp/stream | zfs receive -s -u zroot/vms/a/copy"
    check(host, "zfs create -V 1G zroot/vms/a/root && zfs snapshot zroot/vms/a/root@1", 0)
    check(host, "zfs send -p zroot/vms/a/root@1 >/tmp/stream", 0)
    check(host, cut, 1, "Partially received snapshot is saved.")
    check(host, "zfs list zroot/vms/a/copy && [ ! -e /dev/zvol/zroot/vms/a/copy ]", 0)
    says(host, "zfs list -Ht snapshot -o name zroot/vms/a/copy", "")
    check(host, "zfs receive zroot/vms/a/copy </tmp/stream", 1, "must specify -F to overwrite it")
    check(host, f"zfs send -nt $({token})", 0)
    check(host, f"zfs send -t $({token}) | zfs receive -s zroot/vms/a/copy && [ -c /dev/zvol/zroot/vms/a/copy ]", 0)
    says(host, token, "-\n")
    check(host, "zfs receive -A zroot/vms/a/copy", 1, "does not have any resumable receive state to abort")
    check(host, "zfs snapshot zroot/vms/a/root@2 && zfs send -i @1 zroot/vms/a/root@2 >/tmp/stream", 0)
    check(host, cut, 1, "A resuming stream can be generated on the sending system by running:")
    check(host, "zfs receive zroot/vms/a/copy </tmp/stream", 1, "contains partially-complete state")
    check(host, f"{token} >/tmp/token; zfs destroy zroot/vms/a/root@2; zfs send -t $(cat /tmp/token)", 255, "no longer")
    check(host, "zfs send -t 1-2-3-4", 255, "resume token is corrupt")
    check(host, "zfs receive -A zroot/vms/a/copy && zfs list zroot/vms/a/copy@1", 0)


def test_pools_come_and_go_with_what_they_hold(host: Host) -> None:
    check(host, "zfs create -V 1G zroot/vms/a/root && touch /zroot/plain/file && zpool export zroot", 0)
    check(host, f"[ -e {NODE} ] || [ -e /zroot/plain ] || zpool list zroot", 1, "cannot open 'zroot': no such pool")
    check(host, "zfs list zroot/vms", 1, "dataset does not exist")
    check(host, f"zpool import zroot && [ -c {NODE} ] && [ -e /zroot/plain/file ]", 0)
    says(host, "zpool list -H -o name,health", "zroot\tONLINE\n")
    check(host, "zpool import tank", 1, "no such pool available")


@pytest.mark.parametrize(
    "script", ["zfs mount zroot", "zfs destroy -n zroot/vms", "zpool scrub zroot", "zfs bookmark a b"]
)
def test_what_is_not_modelled_fails_the_scenario(host: Host, script: str) -> None:
    with pytest.raises(HostFaultError, match="not modelled"):
        host.run("/bin/sh", "-c", f"{script} || true")
    host.allow("not modelled")
    check(host, script, 70, "the stand-in host does not model this")


def test_a_dataset_without_its_key_is_listed_and_has_no_nodes(host: Host) -> None:
    check(host, f"zfs create -V 1G zroot/vms/a/root && [ -c {NODE} ]", 0)
    host.call("key", dataset="zroot/vms", loaded=False)
    check(host, f"[ -e {NODE} ]", 1)
    check(host, "zfs list -H -o name zroot/vms/a/root", 0)
    says(host, "zfs get -H -o value keystatus,encryptionroot zroot/vms/a/root", "unavailable\nzroot/vms\n")
    check(host, "zfs create -V 1G zroot/vms/a/new 2>/dev/null", 1)
    host.call("key", dataset="zroot/vms", loaded=True)
    check(host, f"[ -c {NODE} ] && zfs create -V 1G zroot/vms/a/new", 0)
