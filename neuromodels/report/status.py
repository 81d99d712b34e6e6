"""What runs, how far it is, and when it will be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table

from neuromodels.errors import RunNotFound
from neuromodels.report.networks.status import network_row, networks_in, networks_table
from neuromodels.report.standings import (
    Key,
    Standing,
    seconds_left,
    standing_after,
    time_text,
    with_active,
)
from neuromodels.store.find import Member, members_of
from neuromodels.store.finished import finished_keys
from neuromodels.store.folder import LEDGER, LOCK
from neuromodels.store.ledger import Ledger
from neuromodels.store.lock import owner_of
from neuromodels.store.neighbours import Tell, each_whole, ignore
from neuromodels.store.records import TestRecord
from neuromodels.store.store import StoredRun
from neuromodels.study.conditions import SEARCHED
from neuromodels.study.study import Study

SCHEMA = 1


@dataclass(frozen=True)
class RunStatus:
    """How far one run is, and who writes it.

    Parameters
    ----------
    folder, study
        Where it lies or will lie, and its study.
    state
        ``running``, ``starting``, ``stopped``, ``finished`` or ``not begun``.
    owner
        Who writes it now, ``"process 12 on host"``; empty when nobody does.
    standings
        Each condition under each seed, in the order in which they are run.
    written
        When its ledger was last written, seconds since 1970; None without one.
    is_abandoned
        Whether its last writer was killed: its name is still in the lock.
    """

    folder: Path
    study: Study
    state: str
    owner: str
    standings: tuple[Standing, ...]
    written: float | None = None
    is_abandoned: bool = False

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the last search is done; None when finished or not known."""
        is_done = all(standing.is_done for standing in self.standings)
        return None if is_done else seconds_left(self.standings)

    @property
    def failures(self) -> int:
        """How many instances failed in all searches."""
        return sum(sum(standing.failures.values()) for standing in self.standings)


# -- reading ------------------------------------------------------------------------------------


def statuses(
    folder: Path, before: Iterable[RunStatus] = (), tell: Tell = ignore
) -> list[RunStatus]:
    """Return the status of every run in a folder.

    Parameters
    ----------
    folder
        A run folder, a sweep's, or one with such folders in it.
    before
        What an earlier look found: searches that were done then are not read again.
    tell
        Gets a sentence about each run that cannot be read and is left out.

    Raises
    ------
    RunNotFound
        When there is no run in it, or none that may be read.
    """
    folder = Path(folder)
    known = {status.folder: status for status in before}
    members = members_of(folder, and_sweeps=True, tell=tell)
    looks = each_whole(members, lambda member: _status(member, known.get(member.folder)), tell)
    rows = [row for _, row in looks]
    if not rows:
        raise RunNotFound(str(folder), "holds no run", cure="`neuromodels run FILE` makes one.")
    return rows


def _status(member: Member, before: RunStatus | None) -> RunStatus:
    folder, study, run = member.folder, member.study, member.run
    owner = owner_of(folder / LOCK)  # before the ledger: a run that ends meanwhile looks busy
    written = _time_written(folder)
    known = before.standings if before else ()
    standings = _standings(run, known) if run else None
    if standings is None:
        state = "starting" if owner else "not begun"
        return RunStatus(folder, study, state, owner, _waiting(study), written)
    idle = "finished" if all(each.is_done for each in standings) else "stopped"
    return RunStatus(
        folder,
        study,
        "running" if owner else idle,
        owner,
        with_active(standings, _moving(standings, known)) if owner else standings,
        written,
        is_abandoned=not owner and _is_locked(folder),
    )


def _moving(standings: Iterable[Standing], before: Iterable[Standing]) -> set[Key]:
    """Return what has grown since an earlier look, and what was worked on then."""
    then = {standing.key: standing for standing in before}
    return {
        standing.key
        for standing in standings
        if standing.key in then
        and (then[standing.key].is_active or then[standing.key].generations < standing.generations)
    }


def stored_standings(run: StoredRun) -> tuple[Standing, ...]:
    """Return where each condition under each seed of a run stands, in the order of the run."""
    return _standings(run, ()) or _waiting(run.study)


def _standings(run: StoredRun, known: Iterable[Standing]) -> tuple[Standing, ...] | None:
    """Return where everything stands, or None when the run has no ledger yet."""
    try:
        ledger = run.ledger()
    except RunNotFound:
        return None
    try:
        tests = _newest_tests(ledger, run.table)
        done = {standing.key: standing for standing in known if standing.is_done}
        return tuple(
            _standing(ledger, standing, tests.get(standing.key), done.get(standing.key))
            for standing in _waiting(run.study)
        )
    finally:
        ledger.close()


def _standing(
    ledger: Ledger, blank: Standing, test: TestRecord | None, done: Standing | None
) -> Standing:
    if done and (done.test, done.of) == (test, blank.of):
        return done
    rows = ledger.generations(blank.condition, blank.seed)
    return standing_after(blank.condition, blank.seed, blank.of, rows, test)


def _newest_tests(ledger: Ledger, table: Mapping[str, Any]) -> dict[Key, TestRecord]:
    """Return the final score of each search, else its newest point of the learning curve."""
    done = finished_keys(ledger, table)
    final = [test for test in ledger.tests("final") if (test.condition, test.seed) in done]
    return {(test.condition, test.seed): test for test in [*ledger.tests("curve"), *final]}


def _waiting(study: Study) -> tuple[Standing, ...]:
    """Return the standings of a study that was not begun."""
    budget = study.search.generations
    return tuple(
        Standing(condition, seed, of=budget if condition in SEARCHED else 0)
        for seed in study.seeds
        for condition in study.tested
    )


def _time_written(folder: Path) -> float | None:
    times = []
    for name in (LEDGER, f"{LEDGER}-wal"):
        try:
            times.append((folder / name).stat().st_mtime)
        except OSError:
            continue
    return max(times, default=None)


def _is_locked(folder: Path) -> bool:
    try:
        return (folder / LOCK).stat().st_size > 0
    except OSError:
        return False


# -- showing ------------------------------------------------------------------------------------


def status_of(folder: Path, tell: Tell = ignore) -> dict[str, Any]:
    """Return everything ``neuromodels status`` shows, as plain values.

    The keys are documented in docs/reference/json.md and stay.

    Parameters
    ----------
    folder
        A run folder, a sweep's, or one with such folders in it.
    tell
        Gets a sentence about each run that cannot be read and is left out.

    Raises
    ------
    RunNotFound
        When there is no run in it.
    """
    networks = [network_row(run) for run in networks_in(folder, tell)]
    try:
        rows = [_row(status) for status in statuses(folder, tell=tell)]
    except RunNotFound:
        if not networks:
            raise
        rows = []
    return {"schema": SCHEMA, "folder": str(folder), "runs": rows, "networks": networks}


def _row(status: RunStatus) -> dict[str, Any]:
    standings = status.standings
    return {
        "run": str(status.folder),
        "study": status.study.name,
        "state": status.state,
        "owner": status.owner or None,
        "generations": sum(standing.generations for standing in standings),
        "of": sum(standing.of for standing in standings),
        "scored": sum(standing.is_done for standing in standings),
        "scored_of": len(standings),
        "seconds_left": status.seconds_left,
        "failures": status.failures,
    }


def status_table(status: dict[str, Any]) -> Group:
    """Return the tables of a status for a terminal."""
    networks = status["networks"]
    parts = [_runs_table(status)] if status["runs"] or not networks else []
    return Group(*parts, *([networks_table(networks)] if networks else []))


def _runs_table(status: dict[str, Any]) -> Table:
    table = Table(title=status["folder"], title_justify="left")
    for name in ("run", "state", "generations", "scores", "time left", "failures", "owner"):
        is_number = name in ("generations", "scores", "time left", "failures")
        table.add_column(name, justify="right" if is_number else "left")
    for row in status["runs"]:
        table.add_row(
            Path(row["run"]).name,
            row["state"],
            f"{row['generations']:,}/{row['of']:,}",
            f"{row['scored']}/{row['scored_of']}",
            time_text(row["seconds_left"]),
            f"{row['failures']:,}",
            row["owner"] or "",
        )
    return table
