"""``hivewright report``: the site as a page of HTML."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from hivewright import cli
from projects import CHECKOUT, Project

pytest_plugins = ["project_fixtures"]

VOID = ("meta", "br")


class Reader(HTMLParser):
    """The text of a page by its elements; raises where one ends that is not open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: list[str] = []
        self.text: list[str] = []
        self.links: list[str] = []
        self.anchors: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.links += [str(value) for key, value in attrs if key in ("href", "src")]
        self.anchors += [f"#{value}" for key, value in attrs if key == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_example_is_one_page_that_needs_no_other_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["-q", "-C", str(CHECKOUT), "report"]) == 0
    page = capsys.readouterr().out
    reader = Reader(page)
    assert "script" not in reader.names
    hosts = [f"#host-{name}" for name in ("alpha", "beta", "delta", "epsilon", "gamma")]
    assert reader.links == reader.anchors == [*hosts, "#site"]
    for word in ("web1", "192.0.2.10/24", "Public web server", "/dev/nmdm-web1.1", "pkg install edk2-bhyve", "@prod"):
        assert word in "".join(reader.text), word
    assert cli.main(["-q", "-C", str(CHECKOUT), "report"]) == 0
    assert capsys.readouterr().out == page


def test_nothing_of_a_site_becomes_markup(project: Project) -> None:
    hostile = "<script>alert('1')</script> & \\u0007"
    project.edit(
        "vms/web.toml", 'memory = "4G"\n', f'memory = "4G"\ndescription = "{hostile[:-7]}"\nalias = "<b>x</b>"\n'
    )
    reader = Reader(project.succeed("-q", "report").out)
    assert not {"script", "b"} & set(reader.names)
    assert "<script>alert('1')</script> &" in "".join(reader.text)
    assert "<b>x</b>" in "".join(reader.text)


def test_addresses_are_ordered_as_numbers(project: Project) -> None:
    project.edit("vms/web.toml", '"192.0.2.10/24"', '["192.0.2.10/24", "192.0.2.9/24"]\nipv6 = "2001:db8::9/64"')
    text = Reader(project.succeed("-q", "report").out).text
    where = [text.index(address) for address in ("192.0.2.9/24", "192.0.2.10/24", "2001:db8::9/64")]
    assert where == sorted(where)


def test_it_goes_into_a_file(project: Project, tmp_path: Path) -> None:
    target = tmp_path / "site.html"
    assert project.succeed("-q", "report", "-o", str(target)).out == ""
    assert target.read_text().startswith("<!DOCTYPE html>\n")
    done = project.run("-q", "report", "-o", str(tmp_path / "none" / "site.html"))
    assert (done.status, done.out) == (1, "")
    assert done.err == f"hivewright: cannot write {tmp_path}/none/site.html: No such file or directory\n"


def test_a_site_with_errors_has_no_page(project: Project) -> None:
    project.edit("vms/web.toml", 'memory = "4G"', 'memory = "4"')
    done = project.run("-q", "report")
    assert (done.status, done.out) == (1, "")
    assert "error[KEY004]" in done.err
