"""Databases of CBSD: SQLite files, which are only read."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from hivewright.importers.forms import UnreadableError
from hivewright.importers.request import RequestError

Row = dict[str, str]
"""A row of a table: column -> value as text. ``0`` and nothing both mean that nothing is set."""

MAGIC = b"SQLite format 3\0"
_PATIENCE = 2
"""Seconds to wait for somebody who writes."""


def is_database(path: Path) -> bool:
    """Whether a file begins as a database does."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


class Database:
    """A database and how it is called for people. Raises ``UnreadableError``; a table that is not there has no rows."""

    def __init__(self, path: Path, place: str) -> None:
        self.path, self.place = path, place
        self.tables: dict[str, list[Row]] = {}

    def read(self, needed: str, columns: Iterable[str], others: Iterable[str] = ()) -> None:
        """Reads a table that must be there with some columns, and others where they are."""
        try:
            import sqlite3
        except ImportError:
            raise RequestError("this Python cannot read SQLite: install its module sqlite3 (py311-sqlite3)") from None
        if not self.path.is_file():
            raise UnreadableError(self.place, "there is no such file")
        if not is_database(self.path):
            raise UnreadableError(self.place, "this is no database of SQLite")
        address = f"{self.path.resolve().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE)) as connection:
                connection.execute("BEGIN")
                names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
                for table in (needed, *others):
                    self.tables[table] = _rows(connection, table) if table in names else []
                if needed not in names:
                    raise UnreadableError(self.place, f"it has no table {needed}; is it a database of CBSD's bhyve?")
                self._check(needed, {row[1] for row in connection.execute(f"PRAGMA table_info({needed})")}, columns)
        except sqlite3.OperationalError as error:
            reason = "somebody writes it just now; try again" if "lock" in str(error) else str(error)
            raise UnreadableError(self.place, f"it cannot be read: {reason}") from None
        except sqlite3.DatabaseError as error:
            raise UnreadableError(self.place, f"it cannot be read: {error}") from None

    def _check(self, table: str, there: set[str], columns: Iterable[str]) -> None:
        missing = [column for column in columns if column not in there]
        if missing:
            raise UnreadableError(
                self.place, f"its table {table} has no column {missing[0]}; it is of another release of CBSD"
            )


def _rows(connection: object, table: str) -> list[Row]:
    """All rows in the order in which they were added."""
    import sqlite3

    assert isinstance(connection, sqlite3.Connection)
    cursor = connection.execute(f'SELECT * FROM "{table}"')
    names = [column[0] for column in cursor.description]
    found = []
    for row in cursor:
        values = ("" if value is None else value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                  for value in row)  # fmt: skip
        found.append(dict(zip(names, values, strict=True)))
    return found


def is_set(value: str) -> bool:
    """Columns are filled with 0, or with nothing, where nothing is meant."""
    return value not in ("", "0")


def is_on(value: str) -> bool:
    """A switch: columns of boolean type hold either spelling."""
    return value.lower() in ("1", "true")
