"""From a site and its numbers to the plan of each host: the room that writes bhyve's options."""

from hivewright.lower.context import Lowered
from hivewright.lower.host.host_plan import lower, lower_host

__all__ = ["Lowered", "lower", "lower_host"]
