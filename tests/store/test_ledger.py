"""The ledger: rows in, rows out, and what a resumed search forgets."""

import sqlite3
from dataclasses import astuple, dataclass

import pytest

import neuromodels.store.ledger as storage_ledger
from neuromodels.errors import StorageError
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
    assert ledger.tests("final") == []
    assert len(ledger.generations("plastic", 2)) == 1


def test_rows_are_written_all_or_none(ledger):
    broken = TestRecord("plastic", 1, "curve", 1, 10, None, 0.1, 0.2, None)
    with pytest.raises(StorageError):
        ledger.add(generation(0), broken)
    assert ledger.generations("plastic", 1) == []


def test_readers_see_what_a_writer_wrote(ledger):
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
        with pytest.raises(StorageError, match="schema version 2 or older; got 99") as caught:
            Ledger(path, read_only=read_only)
        assert "A newer release" in str(caught.value)
    assert path.read_bytes() == before
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StorageError, match="cannot be read or written"):
        Ledger(path)


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
