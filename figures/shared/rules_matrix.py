"""Join what `neuromodels battery` says of a study to the tables of `rule_measure_matrix`.

``python -m figures.shared.rules_matrix SWEEP --tables FOLDER --source COMMAND`` reads the folder of
a sweep, and beside it ``SWEEP.csv`` and ``SWEEP.curves.csv`` of the battery. Rows of other studies
stay, those of this one are replaced. `make matrix` does it for four studies.
"""

import argparse
import csv
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from figures.measures.rule_measure_matrix import setting_of, unseen_cells
from neuromodels.measures.battery.standing import PROBE, stuck_cells
from neuromodels.store.find import members_of
from neuromodels.store.store import StoredRun

VALUES, CURVES = "rules_and_measures.csv", "rules_curves.csv"
VALUE_COLUMNS = (
    *("task", "setting", "condition", "seed", "probe", "quantity", "value", "low", "high"),
    *("reason", "source", "commit"),
)
CURVE_COLUMNS = (
    *("task", "setting", "condition", "seed", "probe", "of", "place", "score", "low", "high"),
    "commit",
)
Row = Mapping[str, str]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write both tables, and say how many rows each has of the study."""
    asked = _asked(arguments)
    runs = [member.run for member in members_of(asked.sweep, and_sweeps=False) if member.run]
    about = {"task": runs[0].study.name, "commit": asked.commit}
    values = [*_values_of(asked.sweep, about, asked.source)]
    has_stuck = any(row["probe"] == PROBE for row in values)
    for run in runs:
        values += _ledger_rows(run, about, has_stuck)
    curves = [*_curves_of(asked.sweep, about)]
    asked.tables.mkdir(parents=True, exist_ok=True)
    join(asked.tables / VALUES, VALUE_COLUMNS, about["task"], values)
    join(asked.tables / CURVES, CURVE_COLUMNS, about["task"], curves)
    print(f"{asked.tables}: {len(values)} values, {len(curves)} points of {about['task']}")


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sweep", type=Path, help="folder of a sweep whose battery was asked")
    parser.add_argument("--tables", type=Path, required=True, help="folder of both tables")
    parser.add_argument("--source", required=True, help="command that made the battery")
    parser.add_argument("--commit", default=_commit(), help="of the code (that of the checkout)")
    return parser.parse_args(arguments)


def _commit() -> str:
    """Return the commit of the checkout, or nothing outside of one."""
    asked = ("git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD")
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:  # no git
        return ""


def _values_of(sweep: Path, about: Row, source: str) -> Iterator[Row]:
    for row in _read(sweep.with_name(f"{sweep.name}.csv")):
        yield {**row, **_rounded(row, ("value", "low", "high"), ".6g"), **about, "source": source}


def _curves_of(sweep: Path, about: Row) -> Iterator[Row]:
    for row in _read(sweep.with_name(f"{sweep.name}.curves.csv")):
        yield {**row, **_rounded(row, ("score", "low", "high"), ".4f"), **about}


def _ledger_rows(run: StoredRun, about: Row, has_stuck: bool) -> Iterator[Row]:
    """Return what a run's ledger says beside its battery.

    That is scores on goals that no search has seen. Where the battery was asked for some probes
    only it has no stuck searches, so that these come from here.
    """
    stuck = [] if has_stuck else stuck_cells(run, run.study, None)
    source = f"neuromodels run studies/{about['task']}.toml"
    for cell in (*stuck, *unseen_cells(run)):
        where = {key: str(cell[key]) for key in ("condition", "seed", "probe", "reason")}
        for quantity, found in cell["values"].items():
            value = _text(found["value"], ".6g")
            told = {"setting": setting_of(run), "quantity": quantity, "value": value}
            yield {**where, **told, **about, "source": source}


def _rounded(row: Row, columns: Sequence[str], form: str) -> Row:
    return {key: _text(row[key], form) for key in columns}


def _text(number: Any, form: str) -> str:
    """Return a number as text; of none, which a table leaves empty, nothing."""
    return "" if number in (None, "") else f"{float(number):{form}}"


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def join(path: Path, columns: Sequence[str], task: str, rows: Sequence[Row]) -> None:
    """Replace a task's rows in a table; make the table where there is none."""
    others = [row for row in _read(path) if row["task"] != task] if path.exists() else []
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows({key: row.get(key, "") for key in columns} for row in (*others, *rows))


if __name__ == "__main__":
    main()
