"""Scenarios of images whose names do not say what they hold."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from typing import Literal

from host.play import Play
from host.scenario import scenario

SIGNED = "https://images.example.net/server.img.xz?sig=x#top"
CONVERTED = "https://images.example.net/server.img"
FILE = "/srv/vms/signed1/root.img"
CACHED = "/var/cache/hivewright/signed"
RAW = b"what a guest boots\n" * 10
ZSTD = b"\x28\xb5\x2f\xfd\x20" + bytes([len(RAW)]) + (len(RAW) << 3 | 1).to_bytes(3, "little") + RAW
"""A frame of one block that is stored (RFC 8878)."""
HEADER = b"QFI\xfb\x00\x00\x00\x03" + bytes(96)
QCOW2 = HEADER + RAW
BACKED = HEADER[:15] + b"\x68" + HEADER[16:] + b"/etc/master.passwd"
OUTSIDE = HEADER[:79] + b"\x04" + HEADER[80:] + RAW
"""Images that read another file: one behind them, and one with their data."""


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return stream.getvalue()


TAR = bytes(257) + b"ustar\x0000" + RAW
PACKED = {
    "xz": lzma.compress(RAW),
    "gzip": gzip.compress(RAW),
    "bzip2": bz2.compress(RAW),
    "zstd": ZSTD,
    "zstd after a frame to skip": b"\x5d\x2a\x4d\x18\x01\x00\x00\x00!" + ZSTD,
    "zip": zipped({"server.raw": RAW}),
    "nothing": RAW,
}
REFUSED = {
    b"": "it is empty",
    QCOW2: 'it is a qcow2 image, whatever its name says; write format = "qcow2" for it in the site',
    lzma.compress(QCOW2): 'it is a qcow2 image, whatever its name says; write format = "qcow2" for it in the site',
    BACKED: "it is a qcow2 image that reads another file; make it whole where that file is",
    OUTSIDE: "it is a qcow2 image that reads another file",
    lzma.compress(b""): "it is empty",
    lzma.compress(gzip.compress(RAW)): "it is packed by gzip; unpack it, and give the path of the image",
    zipped({}): "there is no file in it",
    zipped({"a.raw": RAW, "b.raw": RAW}): "there is not one file in it, but these: a.raw; b.raw; write one of them as",
    b"7z\xbc\xaf\x27\x1c" + RAW: "it is packed by 7-Zip; unpack it",
    TAR: "it is a tar archive; write as its member in the site which file of it is the image",
    gzip.compress(TAR): "it is a tar archive; write as its member",
    b"KDMV" + RAW: 'it is a vmdk image, whatever its name says; write format = "vmdk" for it in the site',
    b"KDMV" + bytes(60) + RAW: "it is a VMDK image that reads another file; make it whole where that file is",
    b"COWD" + RAW: "it is a VMDK image that reads another file",
    b"# Disk DescriptorFile\n": "it is a VMDK image that reads another file",
    b"conectix" + RAW: 'it is a vhd image, whatever its name says; write format = "vhd" for it in the site',
    b"vhdxfile" + RAW: "it is a vhdx image",
    b"<<< Oracle VM VirtualBox Disk Image >>>\n": "it is a vdi image",
}


def archived(files: dict[str, bytes], packer: Literal["w:", "w:gz", "w:xz"] = "w:") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=packer) as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


FILES = {"README": b"Read this.\n", "disks/server.vmdk": b"KDMV\1\0\0\0\3\0\0\0\10" + RAW, "disks/other.vmdk": QCOW2}
ARCHIVES = {
    "zip": zipped(FILES),
    "tar": archived(FILES),
    "tar.gz": archived(FILES, "w:gz"),
    "tar.xz": archived({f"./{name}": data for name, data in FILES.items()}, "w:xz"),
}
NO_MEMBER = {
    RAW: "it is no archive, so disks/server.vmdk is not in it; delete its member in the site",
    gzip.compress(RAW): "tar cannot read it as an archive; is there a member to be taken out of it?",
    zipped(
        {"a": RAW, "b": RAW}
    ): "there is no disks/server.vmdk in it, but for example a; b; write one of them as its member",
    archived(
        {f"{number:02}": RAW for number in range(12)}
    ): "there is no disks/server.vmdk in it, but for example 00; 01; 02; 03; 04; 05; 06; 07; 08; 09; write",
    archived({"disks/server.vmdk": QCOW2}): "it is a qcow2 image, whatever its name says",
    archived({"disks/server.vmdk": b""}): "it is empty",
    archived({"disks/server.vmdk": gzip.compress(RAW)}): "it is packed by gzip; unpack it",
}


def serve(play: Play, url: str, data: bytes) -> None:
    play.host.call("set", name="urls", value={url: data.decode("latin-1")})


def begins_with(play: Play, path: str, data: bytes) -> bool:
    with play.host.path(path).open("rb") as stream:
        return stream.read(len(data) + 3) == data + b"\0\0\0"


@scenario()
def unpacked_by_contents(play: Play) -> None:
    """What packs an image is told by its first bytes, whatever the URL ends in."""
    for kind, data in PACKED.items():
        serve(play, SIGNED, data)
        tool = kind.split()[0]
        says = ["image signed: fetching", *(["image signed: unpacking"] if tool != "nothing" else [])]
        says += ["filling it from the image signed", "creating the file", "making the UEFI variables", "started"]
        play.hivectl("start", "signed1", says=says)
        if tool != "nothing":
            play.ran(f"unzip -p {CACHED}.part.N" if tool == "zip" else f"{tool} -dc {CACHED}.part.N")
        assert begins_with(play, FILE, RAW), kind
        play.down("signed1")
        play.sh(f"rm -r {FILE} /var/db/hivewright/signed1 /var/cache/hivewright")


@scenario()
def refused_by_contents(play: Play) -> None:
    """What bhyve cannot read is refused before it is on a disk, and nothing of it is taken for an image later."""
    for data, refusal in REFUSED.items():
        serve(play, SIGNED, data)
        outcome = play.hivectl("start", "signed1", status=1)
        assert f"signed1: provisioning failed: image signed: {refusal}" in outcome.err, (data[:8], outcome)
        play.never("bhyve")
        assert not play.host.path(FILE).exists()
        assert not play.host.path(CACHED).exists()
    play.nothing_left()
    serve(play, SIGNED, RAW)
    play.hivectl("start", "signed1")
    assert begins_with(play, FILE, RAW)
    play.down("signed1")


@scenario()
def qcow2_converted(play: Play) -> None:
    """A qcow2 image is converted, packed or not; another image is none, whatever the site says."""
    serve(play, CONVERTED, RAW)
    refusal = "image converted: its format is qcow2 in the site, and it is no qcow2 image; if it is a raw one, leave"
    play.hivectl("start", "converted1", status=1, says=["fetching", f"converted1: provisioning failed: {refusal}"])
    play.never("qemu-img")
    for data in (QCOW2, gzip.compress(QCOW2)):
        serve(play, CONVERTED, data)
        play.hivectl("start", "converted1")
        play.ran("qemu-img convert -f qcow2 -O raw /var/cache/hivewright/converted.new.N")
        assert begins_with(play, "/srv/vms/converted1/root.img", RAW)
        play.down("converted1")
        play.sh("rm -r /srv/vms/converted1 /var/db/hivewright/converted1 /var/cache/hivewright")
    play.sh("rm /usr/local/bin/qemu-img")
    refusal = "image converted: it is a qcow2 image and qemu-img is missing; install it: pkg install qemu-tools"
    play.hivectl("start", "converted1", status=1, says=["fetching", "unpacking", refusal])
    play.nothing_left()


@scenario()
def member_of_an_archive(play: Play) -> None:
    """Of an archive the file that the site names is taken, however the archive is packed; another member, another
    image."""
    url, place = "https://images.example.net/appliance", "/srv/vms/member1/root.img"
    for data, refusal in NO_MEMBER.items():
        serve(play, url, data)
        outcome = play.hivectl("start", "member1", status=1)
        assert f"member1: provisioning failed: image appliance: {refusal}" in outcome.err, outcome
        play.never("bhyve")
        assert not play.host.path("/var/cache/hivewright/appliance").exists()
    play.nothing_left()
    for kind, data in ARCHIVES.items():
        serve(play, url, data)
        outcome = play.hivectl("start", "member1")
        assert "image appliance: taking disks/server.vmdk out of it\n" in outcome.out, outcome
        play.ran("tar -xOqf /var/cache/hivewright/appliance.part.N disks/server.vmdk")
        assert begins_with(play, place, RAW), kind
        play.down("member1")
        play.sh(f"rm -r {place} /var/db/hivewright/member1")
        if kind != "tar.xz":
            play.sh("rm -r /var/cache/hivewright")
    assert '"name": "appliance", "state": "ready"' in play.hivectl("image", "list", "--json").out
    script = play.host.path("/usr/local/etc/hivewright/vms/member1/provision")
    script.write_text(script.read_text().replace("vmdk:disks/server.vmdk", "qcow2:disks/other.vmdk"))
    assert '"name": "appliance", "state": "other"' in play.hivectl("image", "list", "--json").out
    assert "taking disks/other.vmdk out of it" in play.hivectl("start", "member1").out
    assert begins_with(play, place, RAW)
    play.down("member1")


@scenario()
def variables_of_an_image(play: Play) -> None:
    """UEFI variables that were prepared are fetched like a disk's image, once, and the guest has its own of them."""
    own = play.host.path("/var/db/hivewright/enrolled1/vars.fd")
    says = ["image signed: fetching", f"fetch: {SIGNED}: Not Found", f"image signed: cannot fetch {SIGNED}"]
    play.hivectl("start", "enrolled1", status=1, says=says)
    assert not own.exists()
    play.nothing_left()
    serve(play, SIGNED, PACKED["xz"])
    says = ["image signed: fetching", "image signed: unpacking", "making the UEFI variables", "started"]
    play.hivectl("start", "enrolled1", says=says)
    assert own.read_bytes() == RAW
    play.down("enrolled1")
    assert "signed" in play.hivectl("image", "list").out
    own.write_bytes(b"what the guest wrote\n")
    play.sh("rm -r /var/cache/hivewright /var/db/hivewright/enrolled1/provisioned")
    play.hivectl("start", "enrolled1")
    play.never("fetch")
    assert own.read_bytes() == b"what the guest wrote\n", "the copy is the guest's"
    play.down("enrolled1")


@scenario()
def image_of_the_host(play: Play) -> None:
    """A file of the host is looked at before it is copied, and stays as it is."""
    image = play.host.path("/srv/images/server")
    image.parent.mkdir(parents=True)
    image.write_bytes(QCOW2)
    says = ["creating the volume", "local1: provisioning failed: image local: it is a qcow2 image"]
    play.hivectl("start", "local1", status=1, says=says)
    play.never("cp /srv/images/server", "bhyve")
    image.write_bytes(PACKED["bzip2"])
    play.hivectl("start", "local1")
    play.order("bzip2 -dc /srv/images/server", "dd if=/var/cache/hivewright/local of=/dev/zvol/zroot/vms/local1/root")
    assert image.read_bytes() == PACKED["bzip2"]
    play.down("local1")


@scenario()
def image_of_an_older_runtime(play: Play) -> None:
    """Older runtimes went by names: what they left as an image is looked at before a disk is made from it."""
    source = f"{SIGNED} none raw\n"
    for left in (QCOW2, PACKED["xz"]):
        play.sh("mkdir -p /var/cache/hivewright")
        play.host.path(CACHED).write_bytes(left)
        play.host.path(f"{CACHED}.source").write_text(source)
        serve(play, SIGNED, PACKED["xz"])
        play.hivectl("start", "signed1")
        play.ran("fetch")
        assert begins_with(play, FILE, RAW)
        assert play.host.path(f"{CACHED}.source").read_text() == f"{SIGNED} none raw raw\n"
        play.down("signed1")
        play.sh(f"rm -r {FILE} /var/db/hivewright/signed1 /var/cache/hivewright")
    play.sh("mkdir -p /var/cache/hivewright")
    play.host.path(CACHED).write_bytes(RAW)
    play.host.path(f"{CACHED}.source").write_text(source)
    play.hivectl("start", "signed1")
    play.never("fetch", "lockf * /var/cache/hivewright/signed.lock")
    assert begins_with(play, FILE, RAW)
    play.down("signed1")


@scenario()
def disk_of_an_older_runtime(play: Play) -> None:
    """A disk that was filled with an image as it came is told of when it is provisioned: no guest boots from it."""
    says = (
        f"disk root: {FILE} begins like a file of qcow2, and no guest boots from such a disk. Remove it, then: hivectl"
    )
    volume = "zroot/vms/local1/root"
    play.sh("mkdir -p /srv/vms/signed1 /srv/images /var/db/hivewright/signed1 /var/db/hivewright/local1")
    play.host.path(FILE).write_bytes(QCOW2)
    play.sh(f"truncate -s 1G {FILE}; echo root {FILE} >/var/db/hivewright/signed1/disks")
    play.hivectl("provision", "signed1", says=[says, "making the UEFI variables"])
    serve(play, SIGNED, RAW)
    play.sh(f"rm {FILE}")
    play.hivectl("provision", "--recreate", "root", "signed1")
    play.hivectl("start", "signed1", says="started")
    assert begins_with(play, FILE, RAW)
    play.down("signed1")
    play.host.path("/srv/images/server").write_bytes(PACKED["gzip"])
    play.sh(f"zfs create -p -o volmode=dev zroot/vms/local1; zfs create -V 1G {volume}")
    play.sh(f"dd if=/srv/images/server of=/dev/zvol/{volume}; echo root {volume} >/var/db/hivewright/local1/disks")
    says = f"disk root: /dev/zvol/{volume} begins like a file of gzip, and no guest boots from such a disk. Remove it"
    play.hivectl("provision", "local1", says=[says, "making the UEFI variables"])
    play.never("zfs destroy")


@scenario()
def origin_of_an_older_runtime(play: Play) -> None:
    """The volume of an image that was filled with the image as it came: no clone is made of it."""
    serve(play, CONVERTED, QCOW2)
    play.made("cloned1")
    (origin,) = [name for name in play.names("volume") if "/Images/" in name]
    play.sh("zfs destroy -r zroot/vms/cloned1; rm -r /var/db/hivewright/cloned1")
    play.host.path("/tmp/image").write_bytes(QCOW2)
    play.sh(f"dd if=/tmp/image of=/dev/zvol/{origin}; zfs inherit hivewright:image {origin}")
    says = f"cloned1: disk root: the volume of its image, {origin}, begins like a file of qcow2, since an older runtime"
    play.hivectl("provision", "cloned1", status=1, says=says)
    play.never("zfs clone")
    play.sh(f"zfs destroy -r {origin}")
    play.hivectl("start", "cloned1")
    play.order(f"zfs clone * {origin}@whole", "bhyve ... cloned1")
    play.down("cloned1")
