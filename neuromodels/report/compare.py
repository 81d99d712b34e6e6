"""Several runs in one table: what differs between their studies, and what came out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from neuromodels.errors import RunNotFound
from neuromodels.report.run import summary
from neuromodels.store.store import STUDY, StoredRun, stored_runs
from neuromodels.store.sweeps import StoredSweep, is_sweep
from neuromodels.study.conditions import SEARCHED, tested_of

SCHEMA = 1
_LABELS = ("seeds", "question", "device.threads", "search.generations", "contents")
"""Keys that no study differs by: they change no number, or show in columns of their own."""
Entry = tuple[Path, Mapping[str, Any], str, StoredRun | None]
"""A folder, its study, the study's digest, and its run if it was begun."""


def comparison(folders: Sequence[Path]) -> dict[str, Any]:
    """Return everything ``neuromodels compare`` shows, as plain values.

    The keys are documented in docs/reference/json.md and stay.

    Parameters
    ----------
    folders
        Run folders, folders of sweeps, and folders with run folders in them.

    Raises
    ------
    RunNotFound
        When one of them holds no run.
    """
    entries = {entry[0].resolve(): entry for folder in folders for entry in _entries(Path(folder))}
    studies = [_flat(study) for _, study, _, _ in entries.values()]
    keys = differing(studies)
    runs = [
        {
            "run": str(folder),
            "study": str(study.get("name", "")),
            "digest": digest,
            "values": {key: flat[key] for key in keys},
            **_outcome(study, run),
        }
        for (folder, study, digest, run), flat in zip(entries.values(), studies, strict=True)
    ]
    return {"schema": SCHEMA, "differs": keys, "runs": runs}


def _entries(folder: Path) -> Iterator[Entry]:
    if is_sweep(folder):
        sweep = StoredSweep(folder)
        for setting in sweep.settings:
            run = sweep.run(setting)
            study = run.study if run else setting.study
            yield folder / setting.folder, study, setting.digest, run
        return
    if (folder / STUDY).is_file():
        found = [StoredRun(folder)]
    else:
        found = sorted(stored_runs(folder), key=lambda run: run.folder)
    if not found:
        raise RunNotFound(
            str(folder),
            "holds no run and no sweep",
            cure="`neuromodels run FILE` makes one and prints its name.",
        )
    for run in found:
        yield run.folder, run.study, run.digest, run


def _flat(table: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return the values of a study by dotted key."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{above}{key}.")
        else:
            flat[above + key] = value
    return flat


def differing(studies: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the keys that all studies have and that differ between them.

    What only some have, such as the coefficients of one rule, follows from a key that differs.
    """
    first = studies[0] if studies else {}
    return [
        key
        for key, value in first.items()
        if not any(key == label or key.startswith(f"{label}.") for label in _LABELS)
        and all(key in each for each in studies)
        and any(each[key] != value for each in studies)
    ]


def _outcome(study: Mapping[str, Any], run: StoredRun | None) -> dict[str, Any]:
    """Return status and one row per condition of a run."""
    found = _summary(run)
    begun = found is not None and (found["conditions"] or found["searches"])
    rows = [_row(condition, study, found) for condition in tested_of(study["conditions"])]
    status = found["status"] if found and begun else "not begun"
    return {"status": status, "conditions": rows}


def _summary(run: StoredRun | None) -> dict[str, Any] | None:
    try:
        return summary(run) if run else None
    except RunNotFound:  # killed before its ledger was made
        return None


def _row(condition: str, study: Mapping[str, Any], found: dict[str, Any] | None) -> dict[str, Any]:
    scores, searches = (
        [each for each in (found[part] if found else []) if each["condition"] == condition]
        for part in ("conditions", "searches")
    )
    done = scores[0]["seeds"] if scores else []
    kept = ("median", "low", "high", "interval_over")
    searched = condition in SEARCHED
    return {
        "condition": condition,
        "seeds": len(done),
        "of": len(study["seeds"]),
        **{key: scores[0][key] if scores else None for key in kept},
        "generations": sum(each["generations"] for each in searches) if searched else None,
        "generations_of": _budget(study) if searched else None,
        "seconds": sum(each["seconds"] for each in searches) if searched else None,
        "failures": sum(each["failures"] for each in searches) if searched else None,
    }


def _budget(study: Mapping[str, Any]) -> int:
    return len(study["seeds"]) * study["search"]["generations"]


# -- what a terminal shows ----------------------------------------------------------------------


def comparison_of(found: dict[str, Any]) -> Group:
    """Return the table of a comparison for a terminal."""
    keys = found["differs"]
    table = Table(title=f"{len(found['runs'])} runs", title_justify="left")
    for label in _short(keys) or ["run"]:
        table.add_column(label)
    for name in ("condition", "seeds", "median", "interval", "generations", "seconds", "failures"):
        table.add_column(name, justify="left" if name == "condition" else "right")
    for run in found["runs"]:
        values = [_shown(run["values"][key]) for key in keys] or [Path(run["run"]).name]
        for number, row in enumerate(run["conditions"]):
            table.add_row(*(values if number == 0 else [""] * len(values)), *_cells(row))
    return Group(table, Text(_footnote(found), "dim"))


def _short(keys: Sequence[str]) -> list[str]:
    """Return the last part of each key, or all of it where the last parts are equal."""
    ends = [key.rpartition(".")[2] for key in keys]
    return [e if ends.count(e) == 1 else key for e, key in zip(ends, keys, strict=True)]


def _cells(row: Mapping[str, Any]) -> list[str]:
    known = row["median"] is not None
    searched = row["generations"] is not None
    return [
        row["condition"],
        f"{row['seeds']}/{row['of']}",
        f"{row['median']:.3f}" if known else "-",
        f"{row['low']:.3f} - {row['high']:.3f}" if known else "",
        f"{row['generations']:,}/{row['generations_of']:,}" if searched else "",
        f"{row['seconds']:,.0f}" if searched else "",
        f"{row['failures']:,}" if searched else "",
    ]


def _footnote(found: dict[str, Any]) -> str:
    over = {
        row["interval_over"]
        for run in found["runs"]
        for row in run["conditions"]
        if row["interval_over"]
    }
    lines = f"Intervals: bootstrap over {' or '.join(sorted(over))}. " if over else ""
    return f"{lines}Generations and seconds are sums over seeds."


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
