"""Addresses of a NIC: one or several, normalised."""

from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
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


EDGES = (0, (1 << 24) - 1, 1 << 24, (127 << 24) - 1, 127 << 24, (128 << 24) - 1, 128 << 24, (224 << 24) - 1, 224 << 24)


@given(st.sampled_from(EDGES) | st.integers(0, (1 << 32) - 1))
@example((1 << 32) - 1)
def test_an_address_of_a_guest_is_none_of_a_group_of_the_loopback_or_of_nothing(number: int) -> None:
    ip = IPv4Address(number)
    if ip.is_multicast or ip.is_loopback or ip.is_unspecified:
        with pytest.raises(ValidationError, match="address, not one of a host"):
            nic(ipv4=f"{ip}/32")
    else:
        assert nic(ipv4=f"{ip}/32").ipv4 == (f"{ip}/32",)
