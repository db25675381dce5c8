"""What a serial port of a guest is connected to."""

import re
from typing import Annotated

from hivewright.model.base import described, reader
from hivewright.values.serial_lines import not_a_line


def _device_path(text: str) -> str:
    if re.fullmatch(r"/dev(/(?!\.\.?(/|$))[A-Za-z0-9_.:-]+)+", text) is None:
        raise ValueError('a device of the host is a path below /dev, for example "/dev/cuau0"')
    if (what := not_a_line(text)) is not None:
        raise ValueError(f'{text} is {what}; a console is on a serial line such as "/dev/cuau0", or on an nmdm(4)')
    if re.fullmatch("/dev/nmdm.*(?<![AB])", text):
        raise ValueError(f'an nmdm(4) has two ends, of which this is none, for example "{text}A"')
    return text


HostDevice = Annotated[str, reader(_device_path, '"/dev/cuau0"'), described("^/dev/", "/dev/cuau0")]
