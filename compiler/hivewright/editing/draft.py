"""A guest that is made from answers: what the answers so far, and defaults for the others, make of the site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hivewright.editing.assignment import Assignment, KeyPath
from hivewright.editing.change import ChangeError, Guests
from hivewright.editing.document import changed, write_tables
from hivewright.editing.guests import Edit, Texts
from hivewright.model.readers import Reader, reader_named
from hivewright.site.profiles import Profiles
from hivewright.site.resolve import Resolver
from hivewright.site.tables import add_up
from hivewright.source import LOCKS
from hivewright.values.units import parse_size

if TYPE_CHECKING:
    from hivewright.editing.questions import Question
    from hivewright.site import Site

NONE = "none"
"""The answer that a guest has no such thing."""


class Draft:
    """The answers for a new guest, and what follows from them. Questions are in ``questions``."""

    def __init__(self, guests: Guests, site: Site, questions: Sequence[Question], file: str | None = None) -> None:
        self.guests = guests
        self.site = site
        self.questions = questions
        self.answers: dict[str, str] = {}
        self.typed: set[str] = set()
        """The answers that are no defaults: what they say is written even where a template says the same."""
        self.further: list[Assignment] = []
        """Other keys of the guest."""
        self._file = file
        self._below: dict[tuple[str, str], dict[str, Any]] = {}

    def __getitem__(self, key: str) -> str:
        """An answer, or the default where there is none yet."""
        if key in self.answers:
            return self.answers[key]
        return next(each for each in self.questions if each.key == key).default(self)

    def take_defaults(self) -> None:
        """Answers what nobody answered, in the order of the questions."""
        for question in self.questions:
            if question.key not in self.answers and question.asked(self):
                self.answers[question.key] = question.default(self)

    @cached_property
    def _tables(self) -> Any:
        return add_up(self.guests.sources.files)

    @property
    def below(self) -> Mapping[str, Any]:
        """What the defaults of the site, the profile and the templates give the guest, as it is written there."""
        return self._beneath(self.answers.get("profile", ""))

    def _beneath(self, profile: str) -> Mapping[str, Any]:
        chosen = (profile, self.answers.get("template", ""))
        if chosen not in self._below:
            own: dict[str, Any] = {"profile": chosen[0]} if chosen[0] else {}
            if chosen[1] and chosen[1] != NONE:
                own["inherit"] = words_of(chosen[1])
            self._tables.named["vm"][""], self._tables.homes["vm", ""] = own, ""
            whole = Resolver(self.guests.sources, self._tables).resolve("").values
            self._below[chosen] = {key: value for key, value in whole.items() if key not in own}
        return self._below[chosen]

    def given(self, path: KeyPath) -> Any:
        """A value of ``below``; ``None`` if that has none. The profile is the one that they give without an answer."""
        found: Any = self.below if path != ("profile",) else self._beneath("")
        for part in path:
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    def named(self, kind: str, usual: str) -> str:
        """The name of the one disk or NIC that is asked about: that of the templates if they have one."""
        there = list(self.given((kind,)) or ())
        return there[0] if there and usual not in there else usual

    @property
    def profile(self) -> Mapping[str, Any]:
        """What the profile says, with those that it extends; nothing if there is none."""
        return Profiles(self.guests.sources).whole(self["profile"])[0] if self["profile"] else {}

    @property
    def brought(self) -> Mapping[str, Any]:
        """The image that the profile brings for the architecture of the host; empty if it brings none."""
        images = self.profile.get("image")
        found = images.get(self.arch) if isinstance(images, dict) else None
        return found if isinstance(found, dict) else {}

    def least(self, what: str, otherwise: str) -> str:
        """A size, or that of the disk or memory which the profile and its image ask for at least, if that is more."""
        smallest = self.profile.get("smallest")
        wanted = smallest.get(what) if isinstance(smallest, dict) else None
        own = self.brought.get("min_size") if what == "disk" else None
        try:
            return max(otherwise, wanted or otherwise, own or otherwise, key=parse_size)
        except (TypeError, ValueError):  # a profile with a fault, which the check of the answer tells
            return otherwise

    @property
    def reader(self) -> Reader | None:
        """What reads first-boot data in the guest; nothing does where it is installed from a medium."""
        profile = self.profile
        own = self.given(("cloud_init", "reader"))
        return reader_named(own, profile.get("reader"), profile.get("os")) if self["image"] != NONE else None

    @property
    def arch(self) -> str:
        """The architecture of its host, as far as one is chosen."""
        host = self.site.hosts.get(self["host"])
        return host.arch if host is not None else "amd64"

    def values(self) -> dict[str, Any]:
        """The keys of the guest itself: answers, and defaults that nothing below it gives."""
        found: dict[str, Any] = {}
        for question in sorted(self.questions, key=lambda each: each.key != "host"):
            if question.path is None or not (question.key in self.answers or question.asked(self)):
                continue
            for path, value in question.values(self):
                if question.key in self.typed or value != self.given(path):
                    found = changed(found, path, value)
        for each in self.further:
            found = changed(found, each.path, each.value)
        return found

    @property
    def file(self) -> str:
        """The file that gets the guest: one of its own beside the others unless another was chosen."""
        if self._file is not None:
            return self._file
        folder = usual([home.rpartition("/")[0] for home in self.guests.homes.values()], "vms")
        return f"{folder}/{self['name']}.toml".lstrip("/")

    def edit(self) -> Edit:
        """The site with the guest, and with its user if that is new. Raises ``ChangeError``."""
        texts: Texts = {}
        vm, file = self["name"], self.file
        if not _is_of_site(file):
            raise ChangeError(f"{file} is no TOML file that the site reads; name one below its folder: vms/{vm}.toml")
        if self._file is None and self._exists(file):
            raise ChangeError(f"there is a file {file} already; --file {file} adds the VM to it, or name another one")
        texts[file] = self._with(file, texts, ("vm", vm), self.values())
        user = self.new_user
        if user:
            home = usual([each for path, each in self._homes("user")], "users.toml")
            key = key_of(self["key"])
            values = {"ssh_keys": [key] if key not in ("", NONE) else [], "sudo": "ALL=(ALL) NOPASSWD:ALL"}
            texts[home] = self._with(home, texts, ("user", user), values)
        return Edit(texts, {}, self.guests.locks)

    @property
    def new_user(self) -> str:
        """The user that the site has not got yet; empty if it has those that were named."""
        if not ("user" in self.answers or self.reader is not None):
            return ""
        users = [] if self["user"] == NONE else words_of(self["user"])
        return next((user for user in users if user not in self.site.users), "")

    def _homes(self, kind: str) -> list[tuple[KeyPath, str]]:
        homes: Mapping[KeyPath, str] = self._tables.homes
        return [(path, file) for path, file in homes.items() if path[0] == kind and len(path) == 2]

    def _exists(self, file: str) -> bool:
        return file in self.guests.sources.texts or self.guests.sources.text(file) is not None

    def _with(self, file: str, texts: Texts, path: KeyPath, values: Mapping[str, Any]) -> str:
        """A file with one more table at its end."""
        before = texts.get(file) or (self.guests.sources.text(file) or "")
        if before.strip():
            before = before.rstrip("\n") + "\n\n"
        return before + write_tables(path, values)


def _is_of_site(file: str) -> bool:
    parts = file.split("/")
    hidden = any(not part or part.startswith(".") for part in parts)
    return file.endswith(".toml") and not hidden and parts[0] not in (LOCKS, "profiles")


def key_of(answer: str) -> str:
    """The public key that an answer is, or that is in the file it names. Raises ``ChangeError``."""
    if not answer.startswith(("/", "~", ".")):
        return answer
    try:
        text = Path(answer).expanduser().read_text(encoding="utf-8")
    except (OSError, RuntimeError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ChangeError(f"cannot read {answer}: {reason}; give the public key itself, or the .pub file") from None
    return next((line.strip() for line in text.splitlines() if line.strip()), NONE)


def words_of(answer: str) -> list[str]:
    """What an answer names, with commas between."""
    return [word.strip() for word in answer.split(",") if word.strip()]


def usual(found: Sequence[str], otherwise: str) -> str:
    """What occurs most often, the first of several."""
    return max(dict.fromkeys(found), key=found.count) if found else otherwise
