"""The ledger: one SQLite file with every generation and test of a run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from neuromodels.errors import StorageError
from neuromodels.store.records import GenerationRecord, RunRecord, TestRecord

SCHEMA_VERSION = 2
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
_TYPES = {"str": "TEXT NOT NULL", "int": "INTEGER NOT NULL", "float": "REAL NOT NULL"}


class Ledger:
    """The tables ``runs``, ``generations`` and ``tests`` of one run.

    Parameters
    ----------
    path
        The SQLite file; made when missing, unless `read_only`.
    read_only
        Open beside a writer, or in a folder that cannot be written.
    """

    def __init__(self, path: Path, *, read_only: bool = False):
        self.path = path
        with self._explain_errors():
            self._connection = _open_to_read(path) if read_only else _open_to_write(path)
            self._refuse_newer()
            if self._version() < SCHEMA_VERSION:
                if read_only:  # the file stays as it is
                    self._connection = _copy_in_memory(self._connection)
                self._migrate()

    def close(self, *, finished: bool = False) -> None:
        """Close the file; a finished ledger is left as one plain file, without its journal."""
        with self._explain_errors():
            if finished:
                with suppress(sqlite3.OperationalError):  # somebody reads it: the journal stays
                    self._connection.execute("PRAGMA journal_mode = DELETE")
            self._connection.close()

    def sync(self) -> None:
        """Wait until every row written so far survives a power cut."""
        with self._explain_errors():
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def add(self, *records: RunRecord | GenerationRecord | TestRecord) -> None:
        """Write rows, all or none; a row with the same key is replaced."""
        with self._explain_errors(), self._connection:
            for record in records:
                table, _ = _KEYS[type(record)]
                names = [each.name for each in fields(record)]
                self._connection.execute(
                    f"INSERT OR REPLACE INTO {table} ({', '.join(names)})"
                    f" VALUES ({', '.join('?' * len(names))})",
                    astuple(record),
                )

    def rewind(self, condition: str, seed: int, generation: int) -> None:
        """Forget what a search wrote after its first `generation` generations."""
        with self._explain_errors(), self._connection:
            where = "WHERE condition = ? AND seed = ? AND generation"
            key = (condition, seed, generation)
            self._connection.execute(f"DELETE FROM generations {where} >= ?", key)
            self._connection.execute(
                f"DELETE FROM tests {where} > ? OR (condition = ? AND seed = ? AND kind = 'final')",
                (*key, condition, seed),
            )

    def reopen(self, seed: int, conditions: Iterable[str]) -> None:
        """Mark conditions under a seed as unfinished and forget their final scores."""
        with self._explain_errors(), self._connection:
            for condition in conditions:
                key = (condition, seed)
                self._connection.execute(
                    "UPDATE runs SET status = 'unfinished' WHERE condition = ? AND seed = ?", key
                )
                self._connection.execute(
                    "DELETE FROM tests WHERE condition = ? AND seed = ? AND kind = 'final'", key
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
            )
            return [record(*row) for row in rows]

    def _version(self) -> int:
        return int(self._connection.execute("SELECT version FROM schema_version").fetchone()[0])

    def _refuse_newer(self) -> None:
        found = self._version()
        if found > SCHEMA_VERSION:
            self._connection.close()
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
            for version in range(self._version(), SCHEMA_VERSION):
                for statement in MIGRATIONS[version]:
                    self._connection.execute(statement)
            self._connection.execute("UPDATE schema_version SET version = ?", (SCHEMA_VERSION,))

    @contextmanager
    def _explain_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StorageError(
                str(self.path),
                f"cannot be read or written: {error}",
                cure="Check the disk's space and permissions, then resume the run.",
            ) from error


def _open_to_write(path: Path) -> sqlite3.Connection:
    # several threads may write, one at a time, see neuromodels.experiment.side_by_side
    connection = sqlite3.connect(path, timeout=30, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # see Ledger.sync
    with connection:
        for statement in _schema():
            connection.execute(statement)
    return connection


def _copy_in_memory(connection: sqlite3.Connection) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:")
    connection.backup(copy)
    connection.close()
    return copy


def _open_to_read(path: Path) -> sqlite3.Connection:
    uri = path.resolve().as_uri()
    try:
        connection = sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=30)
        connection.execute("SELECT version FROM schema_version").fetchone()
    except sqlite3.OperationalError:
        # a journal in a folder without write permission: nobody writes, so read what is there
        connection = sqlite3.connect(f"{uri}?immutable=1", uri=True)
    return connection


def _schema() -> Iterable[str]:
    for record, (table, key) in _KEYS.items():
        columns = ", ".join(f"{f.name} {_TYPES.get(str(f.type), 'REAL')}" for f in fields(record))
        yield f"CREATE TABLE IF NOT EXISTS {table} ({columns}, PRIMARY KEY ({key}))"
    yield "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)"
    yield (
        f"INSERT INTO schema_version SELECT {SCHEMA_VERSION}"
        " WHERE NOT EXISTS (SELECT 1 FROM schema_version)"
    )
