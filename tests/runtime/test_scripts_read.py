"""Scripts are read as data: how they are worded is free, they are never run, and no part takes one for text."""

from __future__ import annotations

import random
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hivewright.emit.quote import quote_sh
from projects import CHECKOUT
from runtime_parts import PLACE, RUNTIME, code_of, library_at, name_of
from shells import SHELLS

SCRIPTS = {
    path.parent.name: path.parent
    for path in sorted((CHECKOUT / "build").glob("*/root/usr/local/etc/hivewright/vms/*/start"))
}
"""The scripts of the example's guests."""
FACTS = "digest hook nic tap disk names slot cpus memory vnc gdb console"
MISLEADING = (
    "# prepare disk root /dev/zvol/other/place rw",
    '# set -- "$@" -s 0:29:0,virtio-blk,/dev/zvol/other/place',
    "# vm other 0123",
    '# run /usr/sbin/bhyve other; it\'s "odd" `here` $(there) \\',
    "# prepare tap lan tap-other br-lan 1500 persistent",
)
TRAPS = "make_tap zfs reboot : >/nonexistent/x"


class Reader:
    """The library, with scripts of guests, in a folder of the test."""

    def __init__(self, directory: Path, shell: str) -> None:
        self.library = library_at(directory / "library")
        self.etc = directory / "etc"
        self.shell = SHELLS[shell]
        part = self.library / "lib" / "runtime.subr"
        part.write_text(part.read_text().replace("hive_etc=/usr/local/etc/hivewright", f"hive_etc='{self.etc}'"))

    def put(self, guest: str, text: str, kind: str = "start") -> None:
        path = self.etc / "vms" / guest / kind
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(PLACE, str(self.library)))

    def run(self, script: str, *before: str) -> str:
        text = f'set -u\n. "{self.library}/lib/runtime.subr"\nload_part lib/script.subr\n{script}\n'
        done = subprocess.run([*before, *self.shell, "-c", text], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), (self.shell, done)
        return done.stdout

    def starts(self, *guests: str, facts: str = FACTS, sought: tuple[str, ...] = ()) -> list[str]:
        tabs = "\t".join(sought)
        script = f"sought={shlex.quote(tabs)}; read_starts '{facts}' {' '.join(guests)}; printf '%s\\n' \"$facts\""
        return self.run(script).splitlines()


@pytest.fixture(params=SHELLS)
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> Reader:
    return Reader(tmp_path, request.param)


@pytest.fixture
def dash(tmp_path: Path) -> Reader:
    return Reader(tmp_path, "dash")


def quoted(word: str, chance: random.Random) -> str:
    """A word for sh, quoted in one of the ways there are."""
    if word == "$@":
        return '"$@"'
    if not word:
        return "''"
    plain = re.sub(r'([\\"$`])', r"\\\1", word)
    each = "".join(f"\\{character}" for character in word)
    cut = chance.randrange(len(word))
    return chance.choice([shlex.quote(word), f'"{plain}"', each, f"{shlex.quote(word[:cut])}{shlex.quote(word[cut:])}"])


def reworded(text: str, seed: int) -> str:
    """A script that says the same: otherwise quoted, wrapped, indented and ordered, with misleading comments."""
    chance = random.Random(seed)
    groups: list[list[str]] = []
    for line in text.splitlines():
        words = shlex.split(line.replace('"$@"', "'$@'"), comments=True)
        if not words or line.startswith("#"):
            continue
        if words[0] in ("{", "}", "set", ".", "begin", "runtime", "vm", "run"):
            written = line.partition("  #")[0]
            if words[0] == "set" and len(words) > 2:
                written = " ".join(["set --", *(quoted(word, chance) for word in words[2:])])
            groups.append([written])
            continue
        pieces = [quoted(word, chance) for word in words[1:]]
        joint = chance.choice([" ", "  ", " \\\n\t"])
        written = joint.join(["\t" * chance.randrange(3) + words[0], *pieces])
        if groups and groups[-1][0].split()[0] in ("prepare", "nic", "on"):
            groups[-1].append(written)
        else:
            groups.append([written])
    lines = ["#!/bin/sh"]
    for group in groups:
        chance.shuffle(group)
        for line in group:
            if line != "{" and chance.random() < 0.5:
                lines.append(chance.choice(MISLEADING))
            tail = chance.choice(["", "", "  # " + TRAPS, ";"]) if line not in ("{", "}") else ""
            lines.append(line + tail)
    return "\n".join(lines) + "\n"


def test_wording_order_and_comments_are_free(reader: Reader) -> None:
    scripts = {guest: (place / "start").read_text() for guest, place in SCRIPTS.items()}
    assert len(scripts) > 8
    sought = ("/dev/zvol/zroot/vms/db1/root", "/dev/zvol/other/place")
    for guest, text in scripts.items():
        reader.put(guest, text)
    plain = reader.starts(*scripts, sought=sought)
    kinds = {line.split("\t")[1] for line in plain}
    assert {"digest", "hook", "nic", "tap", "disk", "names", "slot", "cpus", "memory", "vnc", "console", "end"} <= kinds
    assert [line for line in plain if "other" in line] == []
    for seed in range(3):
        for guest, text in scripts.items():
            reader.put(guest, reworded(text, seed))
        assert sorted(reader.starts(*scripts, sought=sought)) == sorted(plain)


def test_provision_scripts_are_read_the_same_way(reader: Reader) -> None:
    text = (SCRIPTS["db1"] / "provision").read_text()
    expected = ["db1\tend\twhole", "db1\tprotected"] + [
        f"db1\tmakes\t{disk}\tzroot/vms/db1/{disk}" for disk in ("data", "root", "wal")
    ]
    expected += [f"db1\tuuid\t{line.split()[3]}" for line in text.splitlines() if line.startswith("vm db1 ")]
    source = "https://images.example.net/FreeBSD-15.0-amd64-cloudinit-1.raw.xz"
    expected += [f"db1\timage\tfreebsd\t{source}\tsha256:{'0123456789abcdef' * 3}0123456789abcde3\traw"]
    for each in (text, reworded(text, 1)):
        reader.put("db1", each, "provision")
        lines = reader.run("read_provisions db1; printf '%s\\n' \"$facts\"").splitlines()
        assert sorted(lines) == sorted(expected)


ODD = [
    "a b",
    " a",
    "a  b ",
    "it's",
    '"x"',
    "$HOME",
    "$(id)",
    "`id`",
    "*",
    "[a]",
    "#a",
    "\\",
    "a\\nb",
    "~",
    "é",
    "-n",
    ";&|",
]


@pytest.mark.slow
@pytest.mark.parametrize("odd", ODD)
def test_a_path_comes_out_as_it_was_written(odd: str, reader: Reader) -> None:
    path = f"/srv/{odd}/disk.img"
    calls = [
        f"prepare disk root {quote_sh(path)} rw",
        "set --",
        f'set -- "$@" -s {quote_sh(f"0:3:0,virtio-blk,{path},ser=x")}',
        'run /usr/sbin/bhyve "$@" web1',
    ]
    reader.put("web1", script(*calls))
    assert reader.starts("web1", facts="disk names slot", sought=("/srv", path)) == [
        f"web1\tnames\t{path}",
        f"web1\tdisk\troot\t{path}",
        f"web1\tnames\t{path}",
        "web1\tslot\t3",
        "web1\tend\twhole",
    ]
    # As readers take it from there.
    taken = reader.run("read_starts disk web1; vm=web1; fact_of disk root; printf '<%s>' \"$answer\"")
    assert taken == f"<{path}>"


def script(*calls: str) -> str:
    head = ["set -u", "{", f". {PLACE}/start.subr", "runtime 2", "vm web1 0123", 'begin "$@"']
    return "\n".join([*head, *calls, "}", ""])


RUN = 'run /usr/sbin/bhyve "$@" web1'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "fact"),
    [
        ("-c cpus=4,sockets=1,cores=4,threads=1", "cpus\t4"),
        ("-c 2", "cpus\t2"),
        ("-m 1536M", "memory\t1536M"),
        ("-G 127.0.0.1:1234", "gdb\t127.0.0.1:1234"),
        ("-G w::1:1234", "gdb\t::1:1234"),
        ("-s 0:29:0,fbuf,tcp=127.0.0.1:5901,w=800,h=600", "vnc\t127.0.0.1:5901"),
        ("-s 0:29:0,fbuf,rfb=unix:/var/run/x.sock,w=8", "vnc\tunix:/var/run/x.sock"),
        ("-l com1,/dev/nmdm-web1.1A", "console\tcom1\t/dev/nmdm-web1.1A"),
        ("-l com2,stdio", "console\tcom2\tstdio"),
        ("-l com3,tcp=[::1]:4000", "console\tcom3\ttcp=[::1]:4000"),
        ("-o console=/dev/nmdm-web1.1A", "console\tcom1\t/dev/nmdm-web1.1A"),
        ("-s 4,virtio-rnd", "slot\t4"),
        ("-s 04:1,virtio-rnd", "slot\t4"),
        ("-s 00:05:0,virtio-rnd", "slot\t5"),
        ("-o pci.0.6.0.device=virtio-rnd", "slot\t6"),
        ("-s 2:6:0,virtio-rnd", ""),
        ("-o pci.2.6.0.device=virtio-rnd", ""),
        ("-l bootrom,/rom,/vars", ""),
        ("-l com1x,stdio", ""),
        ("-o vcpu.0.cpuset=4", ""),
    ],
)
def test_what_words_of_bhyve_say(words: str, fact: str, dash: Reader) -> None:
    dash.put("web1", script("set --", f'set -- "$@" {words}', RUN))
    found = dash.starts("web1", facts="cpus memory gdb vnc console slot")
    wanted = fact.split("\t")[0]
    assert [line for line in found if line.split("\t")[1] == wanted or not fact] == [
        f"web1\t{fact}" if fact else "web1\tend\twhole"
    ]


@pytest.mark.parametrize(
    ("words", "disks"),
    [
        ("-s 3,virtio-blk,/a,ser=x", "rw /a"),
        ("-s 3,virtio-blk,/a,ro,ser=x", "ro /a"),
        ("-s 3,nvme,/a,maxq=4,ser=x", "rw /a"),
        ("-s 3,nvme,ram=512", ""),
        ("-s 3,ahci-hd,/a", "rw /a"),
        ("-s 3,ahci-cd,/a", "ro /a"),
        ("-s 3,ahci,hd:/a,ser=x,cd:/b,hd:/c", "rw /a, ro /b, rw /c"),
        ("-s 3,virtio-scsi,/dev/cam/ctl1.0,iid=2", "rw /dev/cam/ctl1.0"),
        ("-s 3,virtio-9p,share=/a", ""),
        ("-s 3,virtio-net,tap0,mac=00:11:22:33:44:55", ""),
        ("-s 31,lpc -l com1,/dev/nmdm0A -l bootrom,/rom,/vars", ""),
        ("-o pci.0.3.0.device=virtio-blk -o pci.0.3.0.path=/a", "rw /a"),
        ("-o pci.0.3.0.path=/a -o pci.0.3.0.ro=true", "ro /a"),
        ("-o pci.0.3.0.port.0.type=cd -o pci.0.3.0.port.0.path=/a", "ro /a"),
        ("-o pci.0.30.0.ro=true -o pci.0.3.0.path=/a", "rw /a"),
    ],
)
def test_which_words_of_bhyve_are_disks(words: str, disks: str, reader: Reader) -> None:
    reader.put("web1", script("set --", f'set -- "$@" {words}', RUN))
    expected = [f"web1\thas\t{each.replace(' ', chr(9))}" for each in disks.split(", ") if each]
    assert reader.starts("web1", facts="has") == [*expected, "web1\tend\twhole"]


def test_what_is_shared_and_what_is_a_unit_stands_in_the_step(reader: Reader) -> None:
    steps = ("prepare disk a /a shared", "prepare disk b /b shared-ro", "prepare disk c /c rw")
    unit = "prepare lun d 192.0.2.5 iqn.2026-01.net.example:x 1 shared"
    reader.put("web1", script(*steps, unit, "set --", RUN))
    link = "/var/run/hivewright/web1/disk-d"
    assert reader.starts("web1", facts="shared unit") == [
        "web1\tshared\t/a",
        "web1\tshared\t/b",
        f"web1\tunit\tiqn.2026-01.net.example:x/1\t{link}",
        f"web1\tshared\t{link}",
        "web1\tend\twhole",
    ]


def test_a_script_that_cannot_be_read_hides_no_other(reader: Reader) -> None:
    good = script("prepare disk root /srv/a rw", "set --", RUN)
    for guest, text in (("a", good), ("b", good[:-20]), ("c", "if then\n"), ("d", "")):
        reader.put(guest, text.replace("web1", guest))
    assert reader.starts("a", "b", "c", "none", "d", "a", facts="disk") == [
        "a\tdisk\troot\t/srv/a",
        "a\tend\twhole",
        "b\tend\tbroken",
        "c\tend\tbroken",
        "none\tend\tmissing",
        "d\tend\tbroken",
        "a\tdisk\troot\t/srv/a",
        "a\tend\twhole",
    ]


def test_nothing_is_run(reader: Reader, tmp_path: Path) -> None:
    """A call that this runtime does not know is nothing, even where there is a program of its name."""
    mark = tmp_path / "mark"
    reader.put("web1", script(f"touch {mark}", f"env touch {mark}", "set --", RUN))
    assert reader.starts("web1", facts="disk") == ["web1\tend\twhole"]
    assert not mark.exists()


def test_who_reads_stays_who_he_was(reader: Reader) -> None:
    reader.put("web1", script("set --", RUN))
    shown = 'printf "%s|" "$PATH" "${hive_reading-no}" "$*" "$vm" "$-" "$(command -v begin prepare run)"'
    assert reader.run(f"set -- one; read_starts disk web1; {shown}") == reader.run(f"set -- one; {shown}")


@pytest.mark.needs("strace")
def test_any_number_of_scripts_takes_one_process_and_no_command(dash: Reader, tmp_path: Path) -> None:
    names = [f"guest{number}" for number in range(200)]
    text = (SCRIPTS["db1"] / "start").read_text()
    for name in names:
        dash.put(name, text)
    record = tmp_path / "trace"
    calls = ("strace", "-f", "-qq", "-o", str(record), "-e", "trace=clone,clone3,fork,vfork,execve")
    said = dash.run(f"read_starts '{FACTS}' {' '.join(names)}; printf '%s\\n' \"$facts\"", *calls)
    assert len([line for line in said.splitlines() if line.endswith("\tend\twhole")]) == 200
    traced = record.read_text()
    assert len(re.findall(r"\b(?:clone|clone3|fork|vfork)\(", traced)) == 1
    assert len(re.findall(r"\bexecve\(", traced)) == 1


def uses_of_scripts() -> Iterator[tuple[str, str]]:
    """The lines of the runtime that name files of /usr/local/etc/hivewright."""
    for path in RUNTIME:
        for line in code_of(path).splitlines():
            if re.search(r"\$hive_etc/(?:vms|host\.conf)", line):
                yield name_of(path), line.strip()


def test_no_part_takes_a_script_for_text() -> None:
    uses = list(uses_of_scripts())
    assert len(uses) > 10
    for name, line in uses:
        reads = re.search(r"<\s*\"?\$|\b(?:grep|sed|awk|cat|first_line|has_line|read_lines|read)\b", line)
        assert not reads, (name, line)
    readers = {name for name, line in uses if re.search(r"^\. |read_script|command \.", line)}
    assert readers == {"lib/script.subr", "lib/host.subr"}
    texts = "\n".join(code_of(path) for path in RUNTIME)
    # What is read line by line: files of state; a file that a function was told is no script (above).
    files = set(re.findall(r"done <\"?(\$[^\s\"]+)", texts))
    state = {name for name in files if re.match(r"\$(?:run|db|hive_run|hive_db)/", name)}
    assert files - state == {"$1", "$1/memory.meta", "$1/record", "$2", "$file"}
