"""Several runs in one table: what differs between their studies, and what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from neuromodels.errors import RunNotFound
from neuromodels.report.run import summary
from neuromodels.store.find import Member, required_members
from neuromodels.store.store import StoredRun
from neuromodels.study.conditions import SEARCHED
from neuromodels.study.study import Study

SCHEMA = 1
_LABELS = ("seeds", "question", "device.threads", "search.generations", "contents")
"""Keys that no study differs by: they change no number, or show in columns of their own."""


def comparison_of(folders: Sequence[Path]) -> dict[str, Any]:
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
    every = [member for folder in folders for member in required_members(Path(folder))]
    members = list({member.folder.resolve(): member for member in every}.values())
    studies = [_flat(member.table) for member in members]
    keys = differing_keys(studies)
    runs = [
        {
            "run": str(member.folder),
            "study": member.study.name,
            "digest": member.digest,
            "values": {key: flat[key] for key in keys},
            **_outcome(member),
        }
        for member, flat in zip(members, studies, strict=True)
    ]
    return {"schema": SCHEMA, "differs": keys, "runs": runs}


def _flat(table: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return the values of a study by dotted key."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{above}{key}.")
        else:
            flat[above + key] = value
    return flat


def differing_keys(studies: Sequence[Mapping[str, Any]]) -> list[str]:
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


def _outcome(member: Member) -> dict[str, Any]:
    """Return status and one row per condition of a run."""
    study, report = member.study, _summary(member.run)
    begun = report is not None and (report["conditions"] or report["searches"])
    rows = [_row(condition, study, report) for condition in study.tested]
    status = report["status"] if report and begun else "not begun"
    return {"status": status, "conditions": rows}


def _summary(run: StoredRun | None) -> dict[str, Any] | None:
    try:
        return summary(run) if run else None
    except RunNotFound:  # killed before its ledger was made
        return None


def _row(condition: str, study: Study, report: dict[str, Any] | None) -> dict[str, Any]:
    scores, searches = (
        [each for each in (report[part] if report else []) if each["condition"] == condition]
        for part in ("conditions", "searches")
    )
    done = scores[0]["seeds"] if scores else []
    kept = ("median", "low", "high", "interval_over")
    searched = condition in SEARCHED
    return {
        "condition": condition,
        "seeds": len(done),
        "of": len(study.seeds),
        **{key: scores[0][key] if scores else None for key in kept},
        "generations": sum(each["generations"] for each in searches) if searched else None,
        "generations_of": _budget(study) if searched else None,
        "seconds": sum(each["seconds"] for each in searches) if searched else None,
        "failures": sum(each["failures"] for each in searches) if searched else None,
    }


def _budget(study: Study) -> int:
    return len(study.seeds) * study.search.generations


# -- what a terminal shows ----------------------------------------------------------------------


def comparison_table(comparison: dict[str, Any]) -> Group:
    """Return the table of a comparison for a terminal."""
    keys = comparison["differs"]
    table = Table(title=f"{len(comparison['runs'])} runs", title_justify="left")
    for label in _short(keys) or ["run"]:
        table.add_column(label)
    for name in ("condition", "seeds", "median", "interval", "generations", "seconds", "failures"):
        table.add_column(name, justify="left" if name == "condition" else "right")
    for run in comparison["runs"]:
        values = [_value_text(run["values"][key]) for key in keys] or [Path(run["run"]).name]
        for number, row in enumerate(run["conditions"]):
            table.add_row(*(values if number == 0 else [""] * len(values)), *_cells(row))
    return Group(table, Text(_footnote(comparison), "dim"))


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


def _footnote(comparison: dict[str, Any]) -> str:
    over = {
        row["interval_over"]
        for run in comparison["runs"]
        for row in run["conditions"]
        if row["interval_over"]
    }
    lines = f"Intervals: bootstrap over {' or '.join(sorted(over))}. " if over else ""
    return f"{lines}Generations and seconds are sums over seeds."


def _value_text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
