"""The faults that rules find between VMs of different hosts show in the claims of these VMs."""

from __future__ import annotations

from pathlib import Path

import pytest

import site_parts
from hivewright import rules
from hivewright.allocation.allocate import allocate
from hivewright.site import Site
from hivewright.site.load import load
from hivewright.source import find_project, read_site
from projects import CHECKOUT
from site_parts import assert_claims_tell, check, spread

ERRORS = CHECKOUT / "tests" / "errors"


def bad_sites() -> dict[str, Site]:
    """The sites with one fault of each kind, as far as rules look at them."""
    found = {}
    for case in sorted(ERRORS.rglob("bad")):
        site = load(read_site(find_project(case))).rest
        if len(site.vms) > 1:
            found[str(case.relative_to(ERRORS))] = site
    return found


@pytest.fixture(name="sites", scope="module")
def load_bad_sites() -> dict[str, Site]:
    return bad_sites()


def test_every_fault_between_hosts_shows_in_claims(sites: dict[str, Site]) -> None:
    told = [name for name, site in sites.items() if check(site)]
    assert len(told) > 50


def fails(sites: dict[str, Site]) -> list[str]:
    """The sites with a fault that no claim tells."""
    found = []
    for name, site in sites.items():
        for each in (site, spread(site)):
            for vm in each.vms:
                try:
                    assert_claims_tell(each, vm)
                except AssertionError:
                    found.append(name)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*rules.CLAIMS, "prefixes"])
def test_no_claim_is_made_in_vain(kind: str, sites: dict[str, Site], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a fault would be overlooked: by the rules, or, for what locks hold as well, when numbers are given."""
    if kind == "prefixes":
        monkeypatch.setattr(site_parts, "site_claims", lambda site: rules.site_claims(site)._replace(prefixes={}))
    else:
        monkeypatch.setattr(rules, "CLAIMS", {key: claims for key, claims in rules.CLAIMS.items() if key != kind})
    assert fails(sites) or kind in ("interface", "console", "vnc")  # which locks hold; rules compare them on one host


def test_an_interface_that_the_lock_of_another_host_holds_is_refused(tmp_path: Path) -> None:
    """Rules compare interfaces on one host; those of locks are free in the whole site."""
    vm = 'memory = "1G"\n[vm.{0}.nic.lan]\nnetwork = "lan"\n'
    text = (
        '[site]\nname = "example"\n[host.alpha]\nfreebsd = "14.3"\n[host.beta]\nfreebsd = "14.3"\n'
        '[network.lan]\nkind = "bridge"\nuplink = "none"\n'
        f'[vm.web1]\nhost = "alpha"\n{vm.format("web1")}'
    )
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "site.toml").write_text(text)
    site = load(read_site(find_project(tmp_path))).site
    assert site is not None
    locks = allocate(site, {}).locks
    (tap,) = locks["web1"].taps.values()
    other = f'[vm.web2]\nhost = "beta"\n{vm.format("web2")}tap = "{tap}"\n'
    (tmp_path / "site" / "site.toml").write_text(text + other)
    both = load(read_site(find_project(tmp_path))).site
    assert both is not None
    assert rules.check_rules(both) == []
    assert [each.code for each in allocate(both, locks).diagnostics] == ["LOCK005"]
    assert f"interface {tap}" in rules.site_claims(both).alone["web2"]
