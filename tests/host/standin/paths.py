"""What bhyve(8) opens or makes by path: devices of the host, sockets, configuration files."""

from __future__ import annotations

import os
import socket

OPENED = ("hda", "virtio-input", "virtio-console")


class RefusedError(Exception):
    """bhyve ends with this message and status before or while it opens its devices."""

    def __init__(self, message: str, status: int = 4) -> None:
        super().__init__(message)
        self.status = status


def open_paths(emulation: str, conf: str) -> None:
    """Open the paths of a device."""
    for part in conf.split(","):
        path = part.rpartition("=")[2]
        if emulation == "virtio-console":
            make_socket(path)
        elif not os.path.exists(path):
            raise RefusedError(f"{emulation}: {path}: No such file or directory")


def make_socket(path: str) -> None:
    """A socket that stays when bhyve ends; one that is there already is an error."""
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
    except OSError as error:
        raise RefusedError(f"bind: {error.strerror}") from None


def variables_of(path: str) -> dict[str, str]:
    """The variables of a configuration file (bhyve_config(5))."""
    with open(path, encoding="utf-8") as stream:
        lines = [line.rstrip("\n").partition("=") for line in stream]
    return {name: value for name, equals, value in lines if equals}
