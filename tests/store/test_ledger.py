"""The ledger: rows in, rows out, and what a resumed search forgets."""

import sqlite3
from dataclasses import astuple, dataclass, replace
from threading import Thread

import pytest

import neuromodels.store.ledger as storage_ledger
from neuromodels.errors import RunNotFound, StorageError
from neuromodels.store.ledger import Ledger
from neuromodels.store.records import GenerationRecord, RunRecord, TestRecord


def generation(number, condition="plastic", seed=1):
    return GenerationRecord(condition, seed, number, 0.1, 0.2, None, 0.3, 0.5, 0, 1.0, 0.01, 100.0)


def curve(number, kind="curve", condition="plastic"):
    return TestRecord(condition, 1, kind, number, 10, 0.5, 0.4, 0.6, None)


@pytest.fixture
def ledger(tmp_path):
    opened = Ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


def test_rows_come_back_as_they_were(ledger):
    run = RunRecord("plastic", 1, "unfinished", 10, 3, 1.5, 1, 0, 99.5, 1e9, 10, 2)
    ledger.add(generation(0), generation(1), curve(2), run)
    assert ledger.generations("plastic", 1) == [generation(0), generation(1)]
    assert ledger.tests("curve") == [curve(2)]
    assert ledger.run("plastic", 1) == run
    assert ledger.run("fixed", 1) is None


def test_floats_keep_every_bit(ledger):
    value = 0.1 + 2**-54 + 1e-17
    ledger.add(TestRecord("plastic", 1, "final", 1, 10, value, value / 3, value * 3, value / 7))
    assert ledger.tests("final")[0].loss == value / 7


def test_rewinding_forgets_what_lies_beyond_the_checkpoint(ledger):
    ledger.add(*(generation(g) for g in range(5)), curve(2), curve(4), curve(4, "final"))
    ledger.add(generation(4, seed=2), curve(4, condition="fixed"))
    ledger.rewind("plastic", 1, 3)
    assert [r.generation for r in ledger.generations("plastic", 1)] == [0, 1, 2]
    assert [(t.condition, t.generation) for t in ledger.tests("curve")] == [
        ("fixed", 4),
        ("plastic", 2),
    ]
    assert ledger.tests("final") == [curve(4, "final")], "valid until another one replaces it"
    assert len(ledger.generations("plastic", 2)) == 1


def test_rows_are_written_all_or_none(ledger):
    broken = TestRecord("plastic", 1, "curve", 1, 10, None, 0.1, 0.2, None)
    with pytest.raises(StorageError):
        ledger.add(generation(0), broken)
    assert ledger.generations("plastic", 1) == []


def test_readers_see_what_a_writer_wrote(ledger, monkeypatch):
    monkeypatch.setattr(storage_ledger, "READERS_LEAVE", 0.0)
    ledger.add(generation(0))
    reader = Ledger(ledger.path, read_only=True)
    assert len(reader.generations("plastic", 1)) == 1
    with pytest.raises(StorageError):
        reader.add(generation(1))
    ledger.close(finished=True)
    reader.close()


def test_a_finished_ledger_is_one_plain_file(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.add(generation(0))
    ledger.close(finished=True)
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.sqlite"]


def test_a_newer_or_damaged_ledger_is_one_message(tmp_path):
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    connection.close()
    before = path.read_bytes()
    for read_only in (True, False):
        with pytest.raises(StorageError, match="schema version 5 or older; got 99") as caught:
            Ledger(path, read_only=read_only)
        assert "A newer release" in str(caught.value)
    assert path.read_bytes() == before
    path.write_bytes(b"not a database at all" * 100)
    for read_only in (True, False):
        with pytest.raises(StorageError, match="is no ledger"):
            Ledger(path, read_only=read_only)


def test_a_final_score_is_replaced_with_those_that_depend_on_it(ledger):
    row = RunRecord("plastic", 1, "finished", 10, 3, 1.5, 1, 0, 99.5, 1e9, 10, 2)
    follower = RunRecord("reset", 1, "finished", 10, 0, 0.0, 1, 0, 0.0, 0.0, 10, 2)
    ledger.add(curve(2, "final"), curve(2, "final", "reset"), curve(2, "final", "fixed"), follower)
    ledger.finish(row, curve(4, "final"), ["reset"])
    assert ledger.tests("final") == [curve(2, "final", "fixed"), curve(4, "final")]
    assert (ledger.run("plastic", 1), ledger.run("reset", 1).status) == (row, "unfinished")


@pytest.fixture
def filled(tmp_path):
    """Return the path of a closed ledger with some rows."""
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.add(*(generation(g) for g in range(40)), curve(40, "final"))
    ledger.close(finished=True)
    return ledger.path


@pytest.mark.parametrize("cut", [1, 100, 4095, 4096, 3 * 4096])
@pytest.mark.parametrize("read_only", [True, False])
def test_a_ledger_cut_short_is_one_message_and_stays_as_it_is(filled, cut, read_only):
    content = filled.read_bytes()[:-cut]
    filled.write_bytes(content)
    with pytest.raises(StorageError, match=r"cut short|malformed|damaged") as caught:
        Ledger(filled, read_only=read_only).generations("plastic", 1)
    assert "from a copy" in str(caught.value)
    assert filled.read_bytes() == content


@pytest.mark.parametrize("read_only", [True, False])
def test_a_ledger_with_rows_and_no_version_is_damaged(filled, read_only):
    with sqlite3.connect(filled) as connection:
        connection.execute("DELETE FROM schema_version")
    connection.close()
    with pytest.raises(StorageError, match="is damaged"):
        Ledger(filled, read_only=read_only)


def test_tables_are_made_all_or_none(tmp_path, monkeypatch):
    path = tmp_path / "ledger.sqlite"
    made = list(storage_ledger._schema())
    for count in range(len(made)):
        with monkeypatch.context() as patch:  # a full disk ends it after some statements
            patch.setattr(storage_ledger, "_schema", lambda n=count: [*made[:n], "no statement"])
            with pytest.raises(StorageError, match="cannot be read or written"):
                Ledger(path)
        with sqlite3.connect(path) as connection:
            assert connection.execute("SELECT * FROM sqlite_master").fetchall() == []
        connection.close()
        with pytest.raises(RunNotFound, match="no ledger yet"):
            Ledger(path, read_only=True)
    Ledger(path).close()


def test_tables_that_an_earlier_release_left_half_made_are_made_anew(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE generations (condition TEXT, seed INTEGER)")
    connection.close()
    ledger = Ledger(path)
    ledger.add(generation(0))
    assert ledger.generations("plastic", 1) == [generation(0)]
    ledger.close()


def test_a_reader_at_the_end_leaves_no_journal_behind(ledger):
    ledger.add(generation(0))
    reader = Ledger(ledger.path, read_only=True)
    rows = reader._connection.execute("SELECT * FROM generations")
    rows.fetchone()
    thread = Thread(target=ledger.close, kwargs={"finished": True})
    thread.start()
    thread.join(0.3)
    assert thread.is_alive(), "it waits for the reader"
    reader.close()
    thread.join(5)
    assert [path.name for path in ledger.path.parent.iterdir()] == ["ledger.sqlite"]


@dataclass(frozen=True)
class TestOfTomorrow(TestRecord):
    """A test with one more number."""

    spread: float = 0.0


STEP = "ALTER TABLE tests ADD COLUMN spread REAL NOT NULL DEFAULT 0.25"


@pytest.fixture
def tomorrow(tmp_path, monkeypatch):
    """Return a ledger's path as today writes it, in a release whose schema is one newer."""
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path)
    ledger.add(generation(0), curve(1), curve(2))
    ledger.close(finished=True)
    keys = {**storage_ledger._KEYS, TestOfTomorrow: storage_ledger._KEYS[TestRecord]}
    monkeypatch.setattr(storage_ledger, "_KEYS", keys)
    monkeypatch.setattr(storage_ledger, "TestRecord", TestOfTomorrow)
    monkeypatch.setattr(storage_ledger, "SCHEMA_VERSION", storage_ledger.SCHEMA_VERSION + 1)
    monkeypatch.setitem(storage_ledger.MIGRATIONS, storage_ledger.SCHEMA_VERSION - 1, (STEP,))
    return path


def test_an_older_ledger_is_brought_up_to_date(tomorrow):
    ledger = Ledger(tomorrow)
    assert ledger.tests("curve") == [
        TestOfTomorrow(*astuple(curve(1)), 0.25),
        TestOfTomorrow(*astuple(curve(2)), 0.25),
    ]
    assert ledger.generations("plastic", 1) == [generation(0)]
    ledger.add(TestOfTomorrow(*astuple(curve(3)), 0.75))
    ledger.close(finished=True)
    again = Ledger(tomorrow)
    assert [test.spread for test in again.tests("curve")] == [0.25, 0.25, 0.75]
    again.close()


def test_reading_an_older_ledger_leaves_it_as_it_is(tomorrow):
    before = tomorrow.read_bytes()
    ledger = Ledger(tomorrow, read_only=True)
    assert [test.spread for test in ledger.tests("curve")] == [0.25, 0.25]
    ledger.close()
    assert tomorrow.read_bytes() == before


def test_a_step_that_fails_leaves_the_older_ledger(tomorrow, monkeypatch):
    version = storage_ledger.SCHEMA_VERSION - 1
    monkeypatch.setitem(storage_ledger.MIGRATIONS, version, (STEP, "ALTER TABLE nothing"))
    with pytest.raises(StorageError, match="cannot be read or written"):
        Ledger(tomorrow)
    monkeypatch.setitem(storage_ledger.MIGRATIONS, version, (STEP,))
    ledger = Ledger(tomorrow)
    assert [test.spread for test in ledger.tests("curve")] == [0.25, 0.25]
    ledger.close()


def test_every_version_has_its_step():
    assert sorted(storage_ledger.MIGRATIONS) == list(range(1, storage_ledger.SCHEMA_VERSION))


ADDED_LATER = ("inputs", "exact", "interval_kind")
"""Columns of tests that version 5 has and 4 had not."""


def drop_columns(connection, *names):
    for name in names:
        connection.execute(f"ALTER TABLE tests DROP COLUMN {name}")


def test_a_ledger_of_version_4_has_bootstrap_intervals_and_no_held_out_inputs(tmp_path):
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path)
    ledger.add(replace(curve(1, "final"), inputs=4, exact=1, interval_kind="t"))
    assert ledger.tests("final")[0].exact == 1
    ledger.close(finished=True)
    with sqlite3.connect(path) as connection:
        drop_columns(connection, *ADDED_LATER)
        connection.execute("UPDATE schema_version SET version = 4")
    connection.close()
    for read_only in (True, False):
        ledger = Ledger(path, read_only=read_only)
        assert ledger.tests("final") == [curve(1, "final")]
        assert ledger.tests("final")[0].interval_kind == "percentile bootstrap"
        ledger.close()


def test_a_ledger_of_version_3_is_read_without_silent_trials(tmp_path):
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path)
    ledger.add(replace(curve(1, "final"), silent_trials='{"hidden": 10}'))
    assert ledger.tests("final")[0].silent == ("hidden",)
    ledger.close(finished=True)
    with sqlite3.connect(path) as connection:
        drop_columns(connection, *ADDED_LATER)
        connection.execute("ALTER TABLE tests DROP COLUMN silent_trials")
        connection.execute("ALTER TABLE runs DROP COLUMN source")
        connection.execute("UPDATE schema_version SET version = 3")
    connection.close()
    for read_only in (True, False):
        ledger = Ledger(path, read_only=read_only)
        assert ledger.tests("final") == [curve(1, "final")]
        assert ledger.tests("final")[0].silent == ()
        ledger.close()


def test_a_ledger_of_version_2_is_read_without_kinds_of_failed_trials(tmp_path):
    """As it was written before kinds were kept of tests: their counts stay."""
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path)
    ledger.add(generation(0), replace(curve(1, "final"), failures=6, nan=6, rate=3.0))
    ledger.close(finished=True)
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE generations DROP COLUMN outside")
        drop_columns(connection, "nan", "explosion", "silence", "timeout", "outside")
        drop_columns(connection, "rate", "silent_trials", *ADDED_LATER)
        connection.execute("ALTER TABLE runs DROP COLUMN source")
        connection.execute("UPDATE schema_version SET version = 2")
    connection.close()
    for read_only in (True, False):
        ledger = Ledger(path, read_only=read_only)
        assert ledger.tests("final") == [replace(curve(1, "final"), failures=6)]
        assert ledger.generations("plastic", 1) == [generation(0)]
        ledger.close()
