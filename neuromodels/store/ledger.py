"""The ledger: one SQLite file with every generation and test of a run."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, fields
from pathlib import Path
from types import NoneType
from typing import Any

from neuromodels.errors import DamagedRun, RunNotFound, StorageError
from neuromodels.store.records import BOOTSTRAP, OWN, GenerationRecord, RunRecord, TestRecord

SCHEMA_VERSION = 5
_COUNT = "INTEGER NOT NULL DEFAULT 0"
MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: (
        *(
            f"ALTER TABLE generations ADD COLUMN {name} {_COUNT}"
            for name in ("nan", "explosion", "silence", "timeout", "restart")
        ),
        f"ALTER TABLE tests ADD COLUMN failures {_COUNT}",
        "UPDATE generations SET nan = failures",  # the one kind there was
    ),
    2: (
        f"ALTER TABLE generations ADD COLUMN outside {_COUNT}",
        *(
            f"ALTER TABLE tests ADD COLUMN {name} {_COUNT}"
            for name in ("nan", "explosion", "silence", "timeout", "outside")
        ),
        "ALTER TABLE tests ADD COLUMN rate REAL",
    ),
    3: (
        "ALTER TABLE tests ADD COLUMN silent_trials TEXT NOT NULL DEFAULT '{}'",
        f"ALTER TABLE runs ADD COLUMN source TEXT NOT NULL DEFAULT '{OWN}'",
    ),
    4: (
        f"ALTER TABLE tests ADD COLUMN interval_kind TEXT NOT NULL DEFAULT '{BOOTSTRAP}'",
        *(f"ALTER TABLE tests ADD COLUMN {name} {_COUNT}" for name in ("inputs", "exact")),
    ),
}
"""Version -> the statements that make the next version of it.

Whoever adds a column to a record raises `SCHEMA_VERSION` and adds a step here, with a default for
the rows that are there.
"""
_KEYS: dict[type, tuple[str, str]] = {
    RunRecord: ("runs", "condition, seed"),
    GenerationRecord: ("generations", "condition, seed, generation"),
    TestRecord: ("tests", "condition, seed, kind, generation"),
}
_VERSION = "schema_version"
_HEADER = 100
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
READERS_LEAVE = 3.0
"""Seconds in which somebody who reads a finished ledger is expected to be done."""
FROM_A_COPY = (
    "Put it back from a copy of the run folder, or run the study in another one with --out."
)
_TYPES = {"str": "TEXT NOT NULL", "int": "INTEGER NOT NULL", "float": "REAL NOT NULL"}
_VALUES: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "float | None": (int, float, NoneType),
}
"""What a column may hold, by the type of its field."""


class Ledger:
    """The tables ``runs``, ``generations`` and ``tests`` of one run.

    Parameters
    ----------
    path
        The SQLite file; made when missing, unless `read_only`.
    read_only
        Open beside a writer, or in a folder that cannot be written.

    Raises
    ------
    DamagedRun
        When it was cut short, or holds no whole tables.
    StorageError
        When a newer release wrote it, or the disk refuses it.
    RunNotFound
        When it is only read, and nobody has written anything into it yet.
    """

    def __init__(self, path: Path, *, read_only: bool = False):
        self.path = path
        _refuse_cut(path)
        with self._explain_errors():
            self._connection = _open_to_read(path) if read_only else _open_to_write(path)
        try:
            with self._explain_errors():
                self._take_tables(read_only)
        except BaseException:
            self._connection.close()
            raise

    def _take_tables(self, read_only: bool) -> None:
        """Make, check or renew the tables of a file that was just opened."""
        self._refuse_programs()
        is_blank = _is_blank(self._connection)
        if read_only and is_blank:
            raise RunNotFound(
                str(self.path.parent),
                "has no ledger yet",
                cure=f"`neuromodels resume {self.path.parent}` starts it.",
            )
        if not read_only:
            self._refuse_damage()
        if is_blank:
            _make_tables(self._connection)
        tables = {table for table, _ in _KEYS.values()}
        if lost := sorted(tables - _tables_in(self._connection)):
            raise DamagedRun(str(self.path), f"has lost its table {lost[0]}", cure=FROM_A_COPY)
        self._refuse_newer()
        if self._version() < SCHEMA_VERSION or self._lacks_columns():
            if read_only:  # the file stays as it is
                self._connection = _copy_in_memory(self._connection)
            self._migrate()

    def close(self, *, finished: bool = False) -> None:
        """Close the file; a finished ledger is left as one plain file, without its journal.

        Whoever just reads it is waited for, `READERS_LEAVE` seconds at most: the last one who
        closes it removes the journal, but a reader may not.
        """
        with self._explain_errors():
            end = time.monotonic() + READERS_LEAVE
            while finished and not self._drop_journal() and time.monotonic() < end:
                time.sleep(0.05)
            self._connection.close()

    def _drop_journal(self) -> bool:
        """Whether the journal is gone; it stays while somebody reads."""
        try:
            self._connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError:
            return False
        return True

    def sync(self) -> None:
        """Wait until every row written so far survives a power cut."""
        with self._explain_errors():
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def add(self, *records: RunRecord | GenerationRecord | TestRecord) -> None:
        """Write rows, all or none; a row with the same key is replaced."""
        with self._explain_errors(), self._connection:
            self._insert(*records)

    def _insert(self, *records: RunRecord | GenerationRecord | TestRecord) -> None:
        for record in records:
            table, _ = _KEYS[type(record)]
            names = [each.name for each in fields(record)]
            self._connection.execute(
                f"INSERT OR REPLACE INTO {table} ({', '.join(names)})"
                f" VALUES ({', '.join('?' * len(names))})",
                astuple(record),
            )

    def rewind(self, condition: str, seed: int, generation: int) -> None:
        """Forget what a search wrote after its first `generation` generations.

        A final score stays until `finish` replaces it.
        """
        with self._explain_errors(), self._connection:
            where = "WHERE condition = ? AND seed = ? AND generation"
            key = (condition, seed, generation)
            self._connection.execute(f"DELETE FROM generations {where} >= ?", key)
            self._connection.execute(f"DELETE FROM tests {where} > ? AND kind != 'final'", key)

    def finish(
        self,
        run: RunRecord,
        final: TestRecord,
        followers: Iterable[str] = (),
        more: Iterable[GenerationRecord | TestRecord] = (),
    ) -> None:
        """Replace the final score of a condition under a seed, all or nothing.

        Parameters
        ----------
        followers
            Conditions that test its solution: their scores are of the one before, and forgotten.
        more
            Rows of a search that becomes known as a whole.
        """
        with self._explain_errors(), self._connection:
            for condition in (run.condition, *followers):
                key = (condition, run.seed)
                self._connection.execute(
                    "DELETE FROM tests WHERE condition = ? AND seed = ? AND kind = 'final'", key
                )
                self._connection.execute(
                    "UPDATE runs SET status = 'unfinished' WHERE condition = ? AND seed = ?", key
                )
            self._insert(run, final, *more)

    def forget(self, condition: str, seed: int) -> None:
        """Remove every row of a condition under a seed."""
        with self._explain_errors(), self._connection:
            for table, _ in _KEYS.values():
                where = "WHERE condition = ? AND seed = ?"
                self._connection.execute(f"DELETE FROM {table} {where}", (condition, seed))

    @property
    def is_blank(self) -> bool:
        """Whether no generation and no test was stored yet."""
        with self._explain_errors():
            return not any(
                self._connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchall()
                for table in ("generations", "tests")
            )

    def runs(self) -> list[RunRecord]:
        """Return one row per condition and seed."""
        return self._read(RunRecord, "")

    def generations(self, condition: str, seed: int) -> list[GenerationRecord]:
        """Return the generations of a search in order."""
        return self._read(GenerationRecord, "WHERE condition = ? AND seed = ?", condition, seed)

    def tests(self, kind: str, condition: str | None = None) -> list[TestRecord]:
        """Return test rows of a kind, ``curve`` or ``final``."""
        if condition is None:
            return self._read(TestRecord, "WHERE kind = ?", kind)
        return self._read(TestRecord, "WHERE kind = ? AND condition = ?", kind, condition)

    def run(self, condition: str, seed: int) -> RunRecord | None:
        """Return the row of a condition under a seed, if there is one."""
        rows = self._read(RunRecord, "WHERE condition = ? AND seed = ?", condition, seed)
        return rows[0] if rows else None

    def _read(self, record: type, where: str, *values: Any) -> list[Any]:
        table, key = _KEYS[record]
        columns = ", ".join(f.name for f in fields(record))
        with self._explain_errors():
            rows = self._connection.execute(
                f"SELECT {columns} FROM {table} {where} ORDER BY {key}", values
            ).fetchall()
            return [self._checked(record, row) for row in rows]

    def _refuse_programs(self) -> None:
        """Refuse views and triggers: no ledger has any, and they run when a table is used."""
        self._connection.execute("PRAGMA trusted_schema = OFF")
        known = "('table', 'index')"
        query = f"SELECT type FROM sqlite_master WHERE type NOT IN {known} OR sql LIKE '%VIRTUAL%'"
        if found := self._connection.execute(query).fetchall():
            raise DamagedRun(str(self.path), f"must hold tables only, and has a {found[0][0]}")

    def _checked(self, record: type, row: tuple[Any, ...]) -> Any:
        """Return a record whose values are of its kinds: SQLite keeps anything in any column."""
        for each, value in zip(fields(record), row, strict=True):
            kind = each.type if isinstance(each.type, str) else each.type.__name__
            if not isinstance(value, _VALUES[kind]):
                must = f"is damaged: its column {each.name} holds {type(value).__name__}"
                raise DamagedRun(str(self.path), must, value, FROM_A_COPY)
        return record(*row)

    def _version(self) -> int:
        found = self._connection.execute(f"SELECT version FROM {_VERSION}").fetchall()
        versions = [row[0] for row in found]
        if len(versions) != 1 or not isinstance(versions[0], int) or versions[0] < 1:
            raise DamagedRun(str(self.path), "is damaged", versions, FROM_A_COPY)
        return versions[0]

    def _refuse_damage(self) -> None:
        """Refuse to go on in a damaged file; milliseconds, as nothing but pages is looked at."""
        (verdict,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise DamagedRun(str(self.path), f"is damaged ({verdict})", cure=FROM_A_COPY)

    def _refuse_newer(self) -> None:
        found = self._version()
        if found > SCHEMA_VERSION:
            raise StorageError(
                str(self.path),
                f"must have schema version {SCHEMA_VERSION} or older",
                found,
                "A newer release of neuromodels wrote it (see provenance.json); install that one.",
            )

    def _migrate(self) -> None:
        """Bring the tables to the present version, all steps or none."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            found = self._version()
            for version, statements in sorted(MIGRATIONS.items()):
                for statement in statements:
                    if _is_due(self._connection, statement, is_newer=version >= found):
                        self._connection.execute(statement)
            self._connection.execute("UPDATE schema_version SET version = ?", (SCHEMA_VERSION,))

    def _lacks_columns(self) -> bool:
        """Whether a column is missing: for a while two versions went by the number 5."""
        return any(
            _is_due(self._connection, statement, is_newer=False)
            for statements in MIGRATIONS.values()
            for statement in statements
        )

    @contextmanager
    def _explain_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            must = f"cannot be read or written: {error}"
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
                raise DamagedRun(str(self.path), must, cure=FROM_A_COPY) from error
            raise StorageError(
                str(self.path),
                must,
                cure="Check the disk's space and permissions, then resume the run.",
            ) from error
        except UnicodeDecodeError as error:  # a name in a damaged schema, in SQLite's own message
            must = "is damaged: it holds a text that is none"
            raise DamagedRun(str(self.path), must, cure=FROM_A_COPY) from error


def _open_to_write(path: Path) -> sqlite3.Connection:
    # several threads may write, one at a time, see neuromodels.experiment.side_by_side
    connection = sqlite3.connect(path, timeout=30, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # see Ledger.sync
    return connection


def _is_due(connection: sqlite3.Connection, statement: str, *, is_newer: bool) -> bool:
    """Whether a ledger needs a statement of `MIGRATIONS`: one that adds a column, if it has none.

    Parameters
    ----------
    is_newer
        Whether the statement makes a version that the ledger has not reached.
    """
    added = re.match(r"ALTER TABLE (\w+) ADD COLUMN (\w+)", statement)
    if added is None:
        return is_newer
    return added[2] not in _columns_in(connection, added[1])


def _columns_in(connection: sqlite3.Connection, table: str) -> set[str]:
    rows = connection.execute(f"PRAGMA table_info({_quoted(table)})")
    return {name for _, name, *_ in rows}


def _make_tables(connection: sqlite3.Connection) -> None:
    """Make all tables, or none: a full disk may end this anywhere."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for table in _tables_in(connection):  # earlier releases could leave some, without rows
            connection.execute(f"DROP TABLE {_quoted(table)}")
        for statement in _schema():
            connection.execute(statement)


def _is_blank(connection: sqlite3.Connection) -> bool:
    """Whether nothing was ever written into a ledger: its version comes with its tables."""
    found = _tables_in(connection)
    versions = connection.execute("SELECT 1 FROM schema_version") if _VERSION in found else []
    return not list(versions) and not any(
        connection.execute(f"SELECT 1 FROM {_quoted(table)} LIMIT 1").fetchall()
        for table in found - {_VERSION}
    )


def _quoted(table: str) -> str:
    """Return the name of a table as a part of a statement."""
    return '"' + table.replace('"', '""') + '"'


def _tables_in(connection: sqlite3.Connection) -> set[str]:
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {name for (name,) in found}


def _refuse_cut(path: Path) -> None:
    """Refuse a file whose last page is cut short: SQLite would read zeros in its place."""
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise DamagedRun(str(path), "is no file", cure=FROM_A_COPY)
        with open(path, "rb") as file:
            header = file.read(_HEADER)
            size = file.seek(0, os.SEEK_END)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(str(path), f"cannot be read: {error.strerror}") from error
    page = int.from_bytes(header[16:18], "big")
    page = 65536 if page == 1 else page
    is_database = len(header) == _HEADER and header.startswith(b"SQLite format 3\0") and page
    if size and not (is_database and size % page == 0):
        raise DamagedRun(
            str(path), "is damaged: it was cut short, or is no ledger", cure=FROM_A_COPY
        )


def _copy_in_memory(connection: sqlite3.Connection) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:")
    connection.backup(copy)
    connection.close()
    return copy


def _open_to_read(path: Path) -> sqlite3.Connection:
    uri = path.resolve().as_uri()
    try:
        connection = sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=30)
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        # a journal in a folder without write permission: nobody writes, so read what is there
        connection = sqlite3.connect(f"{uri}?immutable=1", uri=True)
    return connection


def _schema() -> Iterable[str]:
    for record, (table, key) in _KEYS.items():
        columns = ", ".join(f"{f.name} {_TYPES.get(str(f.type), 'REAL')}" for f in fields(record))
        yield f"CREATE TABLE {table} ({columns}, PRIMARY KEY ({key}))"
    yield f"CREATE TABLE {_VERSION} (version INTEGER NOT NULL)"
    yield f"INSERT INTO {_VERSION} VALUES ({SCHEMA_VERSION})"
