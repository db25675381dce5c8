"""From files to a validated site.

Further entrances: ``load`` (files to a site), ``tables`` (kinds of tables), ``host_devices`` and
``start_order`` (what follows from a site).
"""

from hivewright.site.site import (
    Layer,
    Origin,
    Site,
    own_ports,
)

__all__ = [
    "Layer",
    "Origin",
    "Site",
    "own_ports",
]
