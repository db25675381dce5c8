"""Files of settings in the manner of vm-bhyve and rc.conf(5): ``key="value"`` on lines of their own."""

from __future__ import annotations

import re
import shlex


def guest_settings(text: str) -> dict[str, str]:
    """As vm-bhyve reads its files: lines that begin with a lower-case letter; what follows a ``#`` is dropped, even
    within quotes, and quotes are; the first of two equal keys counts."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if re.match("[a-z]", line) and "=" in line:
            name, _, value = line.partition("#")[0].rstrip(" ").replace('"', "").partition("=")
            found.setdefault(name, value)
    return found


def rc_settings(text: str) -> dict[str, str]:
    """As sh(1) reads rc.conf: the last of two equal keys counts. ``key+=`` of sysrc(8) does not stand in files."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = re.match(r"\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)", line)
        if match is None:
            continue
        try:
            words = shlex.split(match[2], comments=True)
        except ValueError:
            continue
        found[match[1]] = words[0] if words else ""
    return found


def is_yes(value: str) -> bool:
    """vm-bhyve takes everything for yes but these."""
    return value.lower() not in ("", "no", "false", "off", "0")


class Settings:
    """The settings of a guest, which remember what was asked for: the rest is what nothing was made of."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values
        self._used: set[str] = set()

    def get(self, key: str, default: str = "") -> str:
        """A value; an empty one is as good as none."""
        self._used.add(key)
        return self._values.get(key, "") or default

    def yes(self, key: str, default: str = "no") -> bool:
        return is_yes(self.get(key, default))

    def unused(self) -> dict[str, str]:
        """What nobody asked for."""
        return {key: value for key, value in self._values.items() if key not in self._used}
