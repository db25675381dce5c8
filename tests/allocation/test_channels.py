"""The one device of all channels of a VM, whose address the machine may say."""

from __future__ import annotations

from builders import build_site
from hivewright.allocation.allocate import allocate
from hivewright.diagnostics import Place


def test_the_device_of_all_channels_is_where_the_machine_says_and_stays_there() -> None:
    vm = {"channel": {"one": {}, "two": {}}, "rng": True, "machine": {"channel_slot": "9"}}
    given = allocate(build_site({"web1": vm}), {}).locks
    assert dict(given["web1"].slots) == {"channels": "0:9:0", "rng": "0:3:0"}
    later = allocate(build_site({"web1": {**vm, "machine": {}, "sound": True}}), given).locks["web1"]
    assert later.slots["channels"] == "0:9:0"
    taken = allocate(build_site({"web1": {**vm, "machine": {"channel_slot": 3}}}), given)
    assert [each.code for each in taken.diagnostics] == ["LOCK005"]
    place = taken.diagnostics[0].place
    assert isinstance(place, Place)
    assert place.path == ("vm", "web1", "machine", "channel_slot")
