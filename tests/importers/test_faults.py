"""Imports that would give a site with errors: they are told at what the other tool has, since no TOML is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from hivewright import cli
from vm_bhyve_host import NIC, host

GUEST = (
    'loader="uefi"\ncpu=1\nmemory=1G\ndisk0_type="virtio-blk"\ndisk0_name="disk0.img"\n'
    f'{NIC}network0_mac="58:9c:fc:00:00:0{{0}}"\nuuid="{{0}}1234567-89ab-cdef-0123-456789abcdef"\n'
)


def faults(kind: str, tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What an import says that is refused; the folder stays empty."""
    (tmp_path / "new").mkdir()
    assert cli.main(["-C", str(tmp_path / "new"), "import", kind, str(path)]) == 1
    assert list((tmp_path / "new").iterdir()) == []
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == "hivewright: the site would have these errors, so nothing was written"
    assert not [line for line in said if ".toml" in line]
    return said[:-1]


def test_a_value_is_told_at_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = GUEST.format(1).replace('cdef"', 'cdeX"')
    said = faults("vm-bhyve", tmp_path, host(tmp_path / "old", {"web": text, "db": GUEST.format(2)}), capsys)
    form = '"uuid": a UUID is written "01234567-89ab-cdef-0123-456789abcdef"'
    assert said[0] == f"error[KEY004]: /zroot/vm/web/web.conf:9: {form}"
    assert said[1].startswith(
        ' = help: it would be uuid = "11234567-89ab-cdef-0123-456789abcdex" in the site; change it'
    )
    assert said[-1] == "1 error"


def test_what_clashes_is_told_at_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = GUEST.format(1)
    said = faults("vm-bhyve", tmp_path, host(tmp_path / "old", {"web": text, "db": text}), capsys)
    assert "error[VM014]: /zroot/vm/web/web.conf:8 and /zroot/vm/db/db.conf:8: " in "\n".join(said)
    assert "nic.public.mac" in "\n".join(said)
    assert said[-1] == "2 errors"


def test_a_network_is_told_at_the_guests_that_have_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alone = GUEST.format(2).replace("public", "dmz")
    old = host(tmp_path / "old", {"web": GUEST.format(1), "db": alone})
    with (old / "zroot/vm/.config/system.conf").open("a") as file:
        file.write('mtu_public="400"\n')
    said = faults("vm-bhyve", tmp_path, old, capsys)
    assert said[0] == 'error[KEY005]: /zroot/vm/web/web.conf: "mtu" must be at least 576, not 400'
    assert "it would be network.public.mtu = 400 in the site" in said[1]


def test_what_all_have_is_told_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = "bhyve -c 1 -m 1G -s 0,hostbridge -s 3,virtio-blk,/dev/da{0} -s 31,lpc -l com1,/dev/cuau0 vm{0}\n".format
    script = tmp_path / "start.sh"
    script.write_text(command(1) + command(2))
    said = faults("args", tmp_path, script, capsys)
    assert said[0] == f"error[DEV023]: {script}:1, {script}:2: vm1 and vm2 are both on /dev/ttyu0 of host1"


def test_what_the_site_has_is_told_where_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = tmp_path / "new"
    (new / "site").mkdir(parents=True)
    text = '[site]\nname = "x"\n[host.h]\nfreebsd = "14.3"\n[vm.a]\nhost = "h"\nmemory = "1G"\n'
    (new / "site/site.toml").write_text(text + 'uuid = "11234567-89ab-cdef-0123-456789abcdef"\n')
    assert cli.main(["-C", str(new), "import", "vm-bhyve", str(host(tmp_path / "old", {"web": GUEST.format(1)}))]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error[VM010]: /zroot/vm/web/web.conf:9: a and web have the same UUID")
    assert "also: " in said
    assert "site/site.toml:8:8\n" in said
