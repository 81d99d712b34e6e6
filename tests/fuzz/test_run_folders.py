"""Damaged run folders: every command ends, says what is wrong, and leaves the rest as it was."""

from __future__ import annotations

import json
import operator
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from fuzz.budget import fuzz
from fuzz.checkout import files_in
from fuzz.terminal import said

RUN = "runs/one"
FILES = (
    "study.json",
    "provenance.json",
    "ledger.sqlite",
    "key",
    "lock",
    "sweep.json",
    "ledger.sqlite-wal",
    *(f"checkpoints/plastic-seed{n}{end}.npz" for n in (1, 2) for end in ("", ".previous")),
    *(
        f"{folder}/{condition}-seed1.npz"
        for folder in ("solutions", "recordings", "centres", "starts", "fronts", "archives")
        for condition in ("plastic", "random")
    ),
    "measures/weights-plastic-seed1.npz",
    "solutions",
    "checkpoints",
    "measures",
)
ODD = ("study.json.neuromodels-part", "\x1b[31m", "\u202e.npz", "x" * 200, "a\nb", "\udcff", "é")
"""Names of files that nobody expects."""
LOOKING = (
    ("report", RUN),
    ("report", RUN, "--json"),
    ("report", RUN, "--html", "page.html"),
    ("report", "runs/swept"),
    ("status",),
    ("status", RUN, "--json"),
    ("compare", RUN),
    ("compare", RUN, "runs/swept", "--json"),
    *(
        ("export", RUN, "--table", table, "--out", "table.csv")
        for table in ("generations", "tests", "runs", "fronts", "archives")
    ),
    ("export", RUN, "--table", "solutions", "--out", "table.nc"),
    ("export", "runs", "--table", "tests", "--out", "table.csv"),
    ("watch", RUN, "--once"),
    ("watch", "runs/swept", "--once"),
    ("figure", "fig1", "--run", RUN, "--out", "fig1.png"),
)
CHANGING = (
    ("resume", RUN),
    ("resume", RUN, "--extend", "2"),
    ("resume", RUN, "--budget", "7"),
    ("resume", "runs/swept"),
    ("run", "studies/small.toml", "--out", RUN),
    ("run", "studies/small.toml", "--start", RUN),
    ("measure", RUN, "weights", "--trials", "20"),
)


@dataclass(frozen=True)
class Damage:
    """What is done to one file.

    Parameters
    ----------
    kind
        The name of a function below.
    file
        In the run folder.
    where
        Of the file, between 0 and 1.
    what
        What takes the place of something.
    """

    kind: str
    file: str
    where: float = 0.0
    what: Any = None


def cut(path: Path, damage: Damage) -> None:
    """Leave the first part of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(damage.where * len(content))])


def flip(path: Path, damage: Damage) -> None:
    """Change bytes in a row."""
    content = bytearray(path.read_bytes())
    place = int(damage.where * len(content))
    content[place : place + len(damage.what)] = damage.what
    path.write_bytes(bytes(content))


def remove(path: Path, damage: Damage) -> None:
    """Remove a file, or a folder with all in it."""
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def become_folder(path: Path, damage: Damage) -> None:
    """Put a folder in the place of a file."""
    path.unlink()
    path.mkdir()


def become_link(path: Path, damage: Damage) -> None:
    """Put a link in the place of a file, to another, to itself or to nothing."""
    path.unlink()
    path.symlink_to(damage.what if isinstance(damage.what, str) else path.name)


def become_pipe(path: Path, damage: Damage) -> None:
    """Put a pipe in the place of a file; whoever opens it waits."""
    path.unlink()
    os.mkfifo(path)


def swap(path: Path, damage: Damage) -> None:
    """Put another file in the place of one."""
    other = path.parents[len(Path(damage.file).parts) - 1] / str(damage.what)
    if other.is_file():
        path.write_bytes(other.read_bytes())


def rewrite(path: Path, damage: Damage) -> None:
    """Put another content in the place of one."""
    path.write_bytes(damage.what if isinstance(damage.what, bytes) else str(damage.what).encode())


def set_value(path: Path, damage: Damage) -> None:
    """Put another value in the place of one of a JSON file."""
    change_value(path, damage, lambda owner, key: operator.setitem(owner, key, damage.what))


def drop_value(path: Path, damage: Damage) -> None:
    """Remove a value of a JSON file."""
    change_value(path, damage, operator.delitem)


def change_value(path: Path, damage: Damage, change: Callable[[Any, Any], None]) -> None:
    """Change a JSON file at one place."""
    try:
        table = json.loads(path.read_text())
    except ValueError:
        return
    places = list(leaves(table))
    if places:
        change(*places[int(damage.where * (len(places) - 1))])
        path.write_text(json.dumps(table))


def set_cell(path: Path, damage: Damage) -> None:
    """Put another value in the place of one of a ledger."""
    with sqlite3.connect(path) as connection:
        tables = {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            for table in ("generations", "runs", "schema_version", "tests")
        }
        cells = [(table, name) for table, names in tables.items() for name in names]
        table, name = cells[int(damage.where * (len(cells) - 1))]
        value = damage.what if isinstance(damage.what, int | float | str | bytes) else None
        with suppress(sqlite3.Error, OverflowError):  # not what SQLite refuses by itself
            connection.execute(f"UPDATE OR IGNORE {table} SET {name} = ?", (value,))
    connection.close()


def add_odd(path: Path, damage: Damage) -> None:
    """Add a file of a name that nobody expects."""
    (path.parent / os.fsdecode(os.fsencode(str(damage.what)))).write_bytes(b"mine")


KINDS = {
    made.__name__: made
    for made in (
        *(cut, flip, remove, become_folder, become_link, become_pipe, swap, rewrite),
        *(set_value, drop_value, set_cell, add_odd),
    )
}


def leaves(value: Any):
    """Yield the owner and key of every value in a JSON value, tables and lists too."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(pairs):
        yield value, key
        if isinstance(inner, dict | list):
            yield from leaves(inner)


DEEP = b"[" * 100_000
CONTENTS = (
    *(
        b"",
        b"\x00",
        b"{}",
        b"[]",
        b"null",
        b"nan",
        DEEP,
        b'{"a":' * 50_000,
        b"\xff\xfe",
        b"PK\x03\x04",
    ),
    *(
        b"SQLite format 3\x00",
        b"\x00" * 4096,
        b"1" * 10_000,
        b'{"digest": 1, "name": 3}',
        b"x" * 32,
    ),
    *(b'{"schema": 1, "name": "a", "keys": [], "settings": []}', b'{"schema": 1}'),
)
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.integers(-3, 12),
    st.floats(),
    st.sampled_from(["", "plastic", "random", "nan", "\x1b[31m", "\u202e", "../x", "/", "x" * 300]),
    st.text(max_size=6),
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "low", "per", "x", ""]), inner, max_size=3)
    ),
    max_leaves=5,
)
JSON = ("study.json", "provenance.json", "sweep.json")
PLACES = ("remove", "become_folder", "become_link", "become_pipe")
where = st.floats(0, 0.999)
damages = st.one_of(
    st.builds(Damage, st.just("set_value"), st.sampled_from(JSON), where, VALUES),
    st.builds(Damage, st.just("drop_value"), st.sampled_from(JSON), where),
    st.builds(Damage, st.just("set_cell"), st.just("ledger.sqlite"), where, PLAIN),
    st.builds(Damage, st.just("cut"), st.sampled_from(FILES), where),
    st.builds(
        Damage, st.just("flip"), st.sampled_from(FILES), where, st.binary(min_size=1, max_size=8)
    ),
    st.builds(
        Damage,
        st.sampled_from(PLACES),
        st.sampled_from(FILES),
    ),
    st.builds(
        Damage,
        st.just("become_link"),
        st.sampled_from(FILES),
        where,
        st.sampled_from(["/dev/null", "/dev/zero", "nothing", "."]),
    ),
    st.builds(Damage, st.just("swap"), st.sampled_from(FILES), where, st.sampled_from(FILES)),
    st.builds(Damage, st.just("rewrite"), st.sampled_from(FILES), where, st.sampled_from(CONTENTS)),
    st.builds(Damage, st.just("add_odd"), st.sampled_from(FILES), where, st.sampled_from(ODD)),
)
commands = st.sampled_from(LOOKING) | st.sampled_from(CHANGING)
cases = st.tuples(
    st.sampled_from([RUN, RUN, RUN, "runs/swept"]),
    st.lists(damages, min_size=1, max_size=2),
    st.lists(commands, min_size=1, max_size=3),
)
NEW = ("table.csv", "table.nc", "page.html", "fig1.png")
"""Files that a command makes."""
FOUND = [
    (RUN, [Damage("set_cell", "ledger.sqlite", 0.8, "")], [("report", RUN)]),
    (RUN, [Damage("set_cell", "ledger.sqlite", 0.875, "")], [("report", RUN)]),
    (RUN, [Damage("become_link", "provenance.json", 0, "/dev/zero")], [("resume", RUN)]),
    (RUN, [Damage("become_pipe", "provenance.json")], [("resume", RUN)]),
    (
        RUN,
        [Damage("set_value", "provenance.json", 0, True)],
        [("report", RUN, "--html", "page.html")],
    ),
    (
        RUN,
        [Damage("swap", "solutions/plastic-seed1.npz", 0, "recordings/plastic-seed1.npz")],
        [("resume", RUN, "--extend", "2")],
    ),
    (RUN, [Damage("become_pipe", "lock")], [("status",)]),
]
"""Cases that showed a fault once."""


def harm(folder: Path, damage: Damage) -> None:
    """Damage one file of a run, where it is there."""
    path = folder / damage.file
    needed = path.parent if damage.kind == "add_odd" else path
    if needed.exists() and (path.is_file() or damage.kind in ("remove", "add_odd")):
        KINDS[damage.kind](path, damage)


def rows_of(folder: Path) -> list:
    """Return the final scores in a ledger."""
    with sqlite3.connect(folder / "ledger.sqlite") as connection:
        columns = "condition, seed, kind, generation, score, low, high"
        rows = connection.execute(f"SELECT {columns} FROM tests ORDER BY 1, 2, 3, 4").fetchall()
    connection.close()
    return rows


@pytest.fixture
def check(checkout):
    here, put_back = checkout
    run = here / RUN
    undisturbed = {command: said(command)[1] for command in LOOKING if command[0] == "report"}
    scores = rows_of(run)
    (run / "measures").mkdir()
    whole = files_in(here)

    def check(case):
        harmed, damaged, asked = case
        put_back()
        for damage in damaged:
            harm(here / harmed, damage)
        before = kept_in(here)
        for command in asked:
            code, output, complaints = said(command)
            assert "out of memory" not in complaints
            if command in LOOKING:
                assert_kept(before, kept_in(here))
                assert_same_numbers(command, code, output)
            else:
                before = kept_in(here)
        assert_nothing_lost(here, damaged, harmed, asked)

    def assert_same_numbers(command, code, output):
        """Of a whole study and ledger there is one table, if there is any."""
        names = (f"{RUN}/study.json", f"{RUN}/ledger.sqlite", f"{RUN}/solutions/plastic-seed1.npz")
        now = files_in(here)
        is_whole = all(now.get(name) == whole[name] for name in names)
        if command == ("report", RUN) and is_whole and code == 0:
            assert undisturbed[command].splitlines()[3:8] == output.splitlines()[3:8]

    def assert_nothing_lost(here, damaged, harmed, asked):
        """Whatever was not damaged is there after a command that may write."""
        wounded = {damage.file for damage in damaged}
        if harmed != RUN or wounded & {"study.json", "ledger.sqlite", "sweep.json"}:
            return
        if any("--extend" in command or "--budget" in command for command in asked):
            return
        if (here / RUN / "ledger.sqlite-wal").is_file() or "ledger.sqlite-wal" in wounded:
            return
        assert rows_of(run) == scores

    return check


def kept_in(here: Path) -> dict[str, bytes]:
    """Return the files that no command that looks may change."""
    found = files_in(here)
    return {
        name: content
        for name, content in found.items()
        if not name.startswith(NEW) and not name.endswith(("-shm", "-wal", ".pyc"))
    }


def assert_kept(before: dict[str, bytes], after: dict[str, bytes]) -> None:
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert not changed, f"changed by a command that only looks: {sorted(changed)}"


def test_any_damage(check):
    fuzz("run folders", cases, check, few=30, found=FOUND)
