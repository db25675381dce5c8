"""What bhyve(8) opens or makes by path: devices of the host, sockets, configuration files."""

from __future__ import annotations

import os
import socket

OPENED = ("hda", "virtio-input", "virtio-console")


def open_paths(emulation: str, conf: str) -> str:
    """Open the paths of a device; the message of the first that cannot be, or nothing."""
    for part in conf.split(","):
        path = part.rpartition("=")[2]
        if emulation == "virtio-console":
            message = make_socket(path)
        else:
            message = "" if os.path.exists(path) else f"{emulation}: {path}: No such file or directory"
        if message:
            return message
    return ""


def make_socket(path: str) -> str:
    """A socket that stays when bhyve ends; the message when one is there already."""
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
    except OSError as error:
        return f"bind: {error.strerror}"
    return ""


def variables_of(path: str) -> dict[str, str]:
    """The variables of a configuration file (bhyve_config(5))."""
    with open(path, encoding="utf-8") as stream:
        lines = [line.rstrip("\n").partition("=") for line in stream]
    return {name: value for name, equals, value in lines if equals}
