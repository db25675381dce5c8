"""unzip(1) and tar(1), of which Linux's read other formats than FreeBSD's; loaded when one of them is called."""

from __future__ import annotations

import lzma
import tarfile
import zipfile

from .reply import Reply, Result, UnmodelledError, fail


def unzip(words: list[str]) -> Result:
    """``unzip -Z1 FILE`` and ``unzip -p FILE`` (unzip(1) of the base system)."""
    if len(words) != 2 or words[0] not in ("-Z1", "-p"):
        raise UnmodelledError("anything but -Z1 and -p")
    try:
        with zipfile.ZipFile(words[1]) as archive:
            names = archive.namelist()
            if words[0] == "-Z1":
                return Reply("".join(f"{name}\n" for name in names))
            return Reply(b"".join(map(archive.read, names)).decode("utf-8", "surrogateescape"))
    except (OSError, zipfile.BadZipFile) as error:
        return fail(f"unzip: {words[1]}: {error}")


def tar(words: list[str]) -> Result:
    """``tar -tf FILE`` and ``tar -xOqf FILE MEMBER`` of bsdtar(1), which reads a zip as well."""
    form, name, *members = words
    if (form, len(members)) not in (("-tf", 0), ("-xOqf", 1)):
        raise UnmodelledError("anything but -tf FILE and -xOqf FILE MEMBER")
    try:
        files = _files(name)
    except (OSError, tarfile.TarError, lzma.LZMAError, EOFError) as error:
        return fail(f"tar: Error opening archive: {error}")
    if not members:
        return Reply("".join(f"{file}\n" for file in files))
    wanted = next((data for file, data in files.items() if file.removeprefix("./") == members[0]), None)
    if wanted is None:
        return fail(f"tar: {members[0]}: Not found in archive\ntar: Error exit delayed from previous errors.")
    return Reply(wanted.decode("utf-8", "surrogateescape"))


def _files(name: str) -> dict[str, bytes]:
    if zipfile.is_zipfile(name):
        with zipfile.ZipFile(name) as archive:
            return {file: archive.read(file) for file in archive.namelist()}
    with tarfile.open(name) as members:
        return {each.name: found.read() if (found := members.extractfile(each)) else b"" for each in members}
