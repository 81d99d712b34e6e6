"""A finished search of one run, taken over by another run that would search the very same.

What is read of the first run is checked to be what the second would have written itself. Whatever
leaves a doubt is not taken over: the second run then searches on its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neuromodels.errors import NeuromodelsError
from neuromodels.store.checkpoints import Checkpoint, Checkpoints
from neuromodels.store.finished import finished_keys
from neuromodels.store.folder import KEY, PROVENANCE
from neuromodels.store.ledger import Ledger
from neuromodels.store.provenance import changed_since, sessions_in
from neuromodels.store.records import GenerationRecord, RunRecord, TestRecord
from neuromodels.store.store import Store, StoredRun


@dataclass(frozen=True)
class Rows:
    """What a ledger holds of a finished search."""

    run: RunRecord
    generations: tuple[GenerationRecord, ...]
    curve: tuple[TestRecord, ...]
    final: TestRecord


@dataclass(frozen=True)
class FinishedSearch:
    """All that a finished search leaves in its run folder."""

    rows: Rows
    checkpoints: Sequence[Checkpoint]
    solution: Mapping[str, np.ndarray]
    centres: Mapping[str, np.ndarray]


def finished_search(
    run: StoredRun, condition: str, seed: int, session: Mapping[str, Any]
) -> FinishedSearch | None:
    """Return a search that another run may take over; None where there is none.

    A search that was extended has a test point where it ended first, and one that lost workers owes
    its numbers to an accident. Neither is what a search in one piece would have written.

    Parameters
    ----------
    session
        Provenance of the session that would take it over: another compiler, processor or version
        may come to other bits.
    """
    try:
        if not _is_made_as_now(run, session):
            return None
        rows = _rows_of(run, condition, seed)
        if rows is None:
            return None
        checkpoints = _checkpoints_of(run, rows)
        arrays = run.solution(condition, seed), run.centres(condition, seed)
        is_still_so = _rows_of(run, condition, seed) == rows
    except (NeuromodelsError, OSError):
        return None
    newest = max((each.generation for each in checkpoints), default=0)
    if newest != len(rows.generations) or not is_still_so:
        return None
    return FinishedSearch(rows, checkpoints, *arrays)


def take_over(store: Store, found: FinishedSearch, source: str, followers: Iterable[str]) -> None:
    """Write a search into a run that has not begun it.

    A process that is killed meanwhile leaves a row without generations; whoever opens the run next
    forgets what there is of it, see `Store`.

    Parameters
    ----------
    source
        Name of the setting whose search it is.
    followers
        Conditions that test its solution.
    """
    rows = found.rows
    condition, seed = rows.run.condition, rows.run.seed
    taken = replace(rows.run, source=source)
    store.ledger.add(replace(taken, status="unfinished", generations=0))
    for checkpoint in found.checkpoints:
        store.checkpoint(condition, seed, checkpoint, durable=True)
    store.write_centres(condition, seed, found.centres)
    store.write_solution(condition, seed, found.solution)
    store.ledger.finish(taken, rows.final, followers, [*rows.generations, *rows.curve])
    store.note_shared(condition, seed, source)


def _is_made_as_now(run: StoredRun, session: Mapping[str, Any]) -> bool:
    sessions = sessions_in(run.folder / PROVENANCE)
    is_here = not any(_has_other_machines(each) for each in (session, *sessions))
    return bool(sessions) and is_here and all(_is_like(each, session) for each in sessions)


def _is_like(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    same_packages = one.get("packages") == other.get("packages")
    return same_packages and not changed_since(dict(one), dict(other))


def _has_other_machines(session: Mapping[str, Any]) -> bool:
    """Whether workers took part that may be of another kind than the driver's machine."""
    workers = session.get("workers", {})
    return not isinstance(workers, Mapping) or bool(workers.get("machines"))


def _rows_of(run: StoredRun, condition: str, seed: int) -> Rows | None:
    """Return the rows of a finished search that went through in one piece, else None."""
    ledger = run.ledger()
    try:
        row = ledger.run(condition, seed)
        if row is None or (condition, seed) not in finished_keys(ledger, run.table):
            return None
        generations = tuple(ledger.generations(condition, seed))
        curve, final = (_tests_of(ledger, kind, condition, seed) for kind in ("curve", "final"))
    finally:
        ledger.close()
    if len(final) != 1:
        return None
    rows = Rows(row, generations, curve, final[0])
    return rows if _is_in_one_piece(rows, run.study.test.every) else None


def _tests_of(ledger: Ledger, kind: str, condition: str, seed: int) -> tuple[TestRecord, ...]:
    return tuple(test for test in ledger.tests(kind, condition) if test.seed == seed)


def _is_in_one_piece(rows: Rows, every: int) -> bool:
    last = rows.run.generations
    due = [point for point in range(1, last + 1) if point % every == 0 or point == last]
    counted = [each.generation for each in rows.generations]
    lost = [each.timeout for each in rows.generations] + [each.timeout for each in rows.curve]
    has_lost = any(lost) or rows.final.timeout > 0
    tested = [each.generation for each in rows.curve]
    return counted == list(range(last)) and tested == due and not has_lost


def _checkpoints_of(run: StoredRun, rows: Rows) -> list[Checkpoint]:
    """Return the checkpoints of a search, opened with the key of its own folder."""
    key = (run.folder / KEY).read_bytes()
    kept = Checkpoints(run.folder / "checkpoints", run.digest, key)
    return kept.both(rows.run.condition, rows.run.seed, len(rows.generations))
