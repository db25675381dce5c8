"""Addresses of a NIC: one or several, normalised."""

from typing import Any

import pytest
from pydantic import ValidationError

from hivewright.model.addresses import is_link_local
from hivewright.model.nic import Nic


def nic(**keys: Any) -> Nic:
    return Nic.model_validate({"network": "lan", **keys})


def test_one_address_and_an_array_of_one_are_the_same() -> None:
    assert nic(ipv4="192.0.2.10/24").ipv4 == nic(ipv4=["192.0.2.10/24"]).ipv4 == ("192.0.2.10/24",)


def test_the_first_of_several_is_the_main_one() -> None:
    several = nic(ipv4=["192.0.2.11/24", "192.0.2.10/24"], ipv6=["2001:DB8::1/64", "2001:db8::2/64"])
    assert several.main4 == "192.0.2.11"
    assert several.fixed6 == ("2001:db8::1/64", "2001:db8::2/64")
    assert (nic(ipv4="dhcp").main4, nic(ipv6="auto").fixed6) == ("", ())


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "an array has texts in quotes here, one at least"),
        (["192.0.2.10/24", 7], "an array has texts in quotes here, one at least"),
        (7, "text in quotes, or several in an array"),
        (["dhcp", "192.0.2.10/24"], '"dhcp" stands alone'),
        (["192.0.2.10/24", "192.0.2.10/25"], "192.0.2.10 is there twice"),
        (["192.0.2.10/24", "192.0.2.11"], "with its prefix length"),
        (["192.0.2.10/24", "192.0.2.255/24"], "broadcast"),
    ],
)
def test_what_is_no_list_of_addresses_is_refused(value: object, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        nic(ipv4=value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("address", "expected"),
    [("fe80::1", True), ("febf::1", True), ("fe8::1", False), ("fe9::1", False), ("fec0::1", False), ("::1", False)],
)
def test_link_local_addresses(address: str, expected: bool) -> None:
    assert is_link_local(address) is expected
