"""The tables of a network's run: a sweep's points, a fit, indices, a posterior."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuromodels.errors import DamagedRun, said_by
from neuromodels.store.networks import DATASET, RESULT, StoredNetwork

SCHEMA = 1
Row = Sequence[str]
MOST_ROWS = 40
"""Points of a sweep that a terminal shows."""
MEANS = {
    "t": "95 % t intervals of means over repeats",
    "range": "ranges of repeats, which are equal or fewer than five",
}
"""What intervals of a sweep are, by their kind."""
SENSITIVITY = "95 % bootstrap intervals, index +- 1.96 standard errors"
"""What intervals of a sensitivity are (SALib)."""


def kind_of(found: Mapping[str, Any]) -> str:
    """Return what the interval of a mean over repeats is; earlier versions had Student's t."""
    return "none" if found["low"] is None else str(found.get("kind", "t"))


@dataclass(frozen=True)
class Columns:
    """A table as text.

    Parameters
    ----------
    title
        Above it.
    heads
        Of its columns; the first `texts` of them are text, the others numbers.
    rows
        As long as `heads`.
    notes
        Sentences below it.
    """

    title: str
    heads: Row
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    texts: int = 1


def network_summary(run: StoredNetwork) -> dict[str, Any]:
    """Return everything ``neuromodels report`` shows of a network's run, as plain values.

    The keys are documented in docs/reference/json.md and stay.
    """
    result = dict(run.result or {})
    result.pop("asked", None)
    progress = run.progress()
    return {
        "schema": SCHEMA,
        "run": str(run.folder),
        "study": run.name,
        "question": run.question,
        "action": run.action,
        "digest": run.digest,
        "status": "finished" if result else "unfinished",
        "done": progress.get("done"),
        "of": progress.get("of"),
        "result": result or None,
    }


def tables_of(summary: Mapping[str, Any], most: int | None = MOST_ROWS) -> list[Columns]:
    """Return the tables of a summary.

    Parameters
    ----------
    most
        Points of a sweep at most; None: all that are listed.
    """
    if summary["result"] is None:
        return []
    with whole(summary):
        return list(_TABLES[summary["action"]](summary["result"], most))


@contextmanager
def whole(summary: Mapping[str, Any]) -> Iterator[None]:
    """Turn what is missing in a result, or of another kind, into a message."""
    try:
        yield
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        path = str(Path(summary["run"]) / RESULT)
        cure = "Remove this file and resume the run."
        raise DamagedRun(path, f"must hold a whole result ({said_by(error)})", cure=cure) from None


def unfinished_note(summary: Mapping[str, Any]) -> str:
    """Return how to go on with a run, empty where it is finished."""
    if summary["result"] is not None:
        return ""
    known = summary["of"] is not None
    done = f" ({summary['done']:,} of {summary['of']:,} done)" if known else ""
    return f"Not finished{done}. Go on with: neuromodels resume {summary['run']}"


# -- sweeps ---------------------------------------------------------------------------------------


def _of_sweep(result: Mapping[str, Any], most: int | None) -> Iterator[Columns]:
    parameters, measures = result["parameters"], result["measures"]
    shown = result["rows"][:most]
    rows = [
        [
            *(_number(row["parameters"][each["name"]]) for each in parameters),
            *(_with_interval(row["measures"][each["name"]]) for each in measures),
        ]
        for row in shown
    ]
    heads = [_title(each) for each in (*parameters, *measures)]
    yield Columns("Means over repeats", heads, rows, list(_sweep_notes(result, shown)), 0)


def _sweep_notes(result: Mapping[str, Any], shown: Sequence[Any]) -> Iterator[str]:
    points, repeats = result["points"], result["repeats"]
    yield f"{result['instances']:,} instances: {points:,} points, {repeats:,} repeats of each."
    kinds = [kind_of(cell) for row in shown for cell in row["measures"].values()]
    if told := " or ".join(MEANS[kind] for kind in MEANS if kind in kinds):
        yield f"In brackets: {told}."
    if result["failed"]:
        yield f"{result['failed']:,} instances ended in numbers that are not finite."
    missing = {
        each["name"]: sum(row["measures"][each["name"]]["missing"] for row in result["rows"])
        for each in result["measures"]
    }
    if told := ", ".join(f"{name} in {count:,}" for name, count in missing.items() if count):
        yield f"Left out where a measure does not exist: {told} instances."
    if len(shown) < points:
        yield f"{points - len(shown):,} more points are in {DATASET}."
    if names := result["in_dataset_only"]:
        yield f"With axes of their own, in {DATASET} only: {', '.join(names)}."


# -- fits, sensitivities, posteriors --------------------------------------------------------------


def _of_fit(result: Mapping[str, Any], most: int | None) -> Iterator[Columns]:
    rows = [
        [
            each["name"],
            *(_number(each[key]) for key in ("value", "low", "high")),
            each["unit"] or "1",
        ]
        for each in result["parameters"]
    ]
    loss = result["loss"]
    generations, candidates = result["generations"], result["candidates"]
    notes = [
        f"Loss on fresh noise: {_with_interval(loss, 'value')} of {loss['text']}.",
        f"95 % intervals: {result['intervals']}.",
        f"{result['optimizer']}: {generations:,} generations, {candidates:,} candidates, of which"
        f" {result['failed']:,} had no loss.",
    ]
    yield Columns("Best parameters", ["parameter", "best", "low", "high", "unit"], rows, notes)


def _of_sensitivity(result: Mapping[str, Any], most: int | None) -> Iterator[Columns]:
    names = ["mu_star", "mu", "sigma"] if result["method"] == "morris" else ["S1", "ST"]
    rows = []
    for measure in result["measures"]:
        indices = measure["indices"]
        for number, parameter in enumerate(result["parameters"]):
            cells = [_index(indices, name, number) for name in names]
            rows.append([f"{measure['name']}", parameter, *cells])
    meaning = _MORRIS if result["method"] == "morris" else _SOBOL
    has_ends = any("(" in cell for row in rows for cell in row[2:])
    notes = [meaning, *([f"In brackets: {SENSITIVITY}."] if has_ends else [])]
    lost = {each["name"]: each["left_out"] for each in result["measures"] if each["left_out"]}
    if lost:
        told = ", ".join(f"{count:,} of {name}" for name, count in lost.items())
        notes.append(f"Left out for a missing measure: {told}, of {result['samples']:,} samples.")
    yield Columns("Sensitivity", ["measure", "parameter", *names], rows, notes, 2)


_MORRIS = (
    "mu_star: mean size of the change over a parameter's range, in the unit of the measure; mu:"
    " with its sign; sigma: its standard deviation."
)
_SOBOL = "S1: part of the variance from one parameter alone; ST: with all others."


def _index(indices: Mapping[str, Any], name: str, number: int) -> str:
    keys = {"mean": name, "low": f"{name}_low", "high": f"{name}_high"}
    found = {key: indices[of][number] for key, of in keys.items() if of in indices}
    return _with_interval({"low": None, "high": None, **found})


def _of_posterior(result: Mapping[str, Any], most: int | None) -> Iterator[Columns]:
    rows = [
        [
            each["name"],
            *(_number(each[key]) for key in ("mean", "median", "low", "high")),
            each["unit"],
        ]
        for each in result["parameters"]
    ]
    left_out = result["left_out"]
    notes = [
        f"{result['simulations']:,} simulations, {left_out:,} more lacked a measure;"
        f" {result['samples']:,} samples. low and high: 95 % credible interval."
    ]
    if result["never_simulated"]:
        names = ", ".join(result["never_simulated"])
        notes.append(f"No simulation reached what was observed: {names}. The posterior is a guess.")
    heads = ["parameter", "mean", "median", "low", "high", "unit"]
    yield Columns("Posterior", heads, rows, notes)
    if result.get("predictive"):
        yield _predictive(result["predictive"])
    if result.get("calibration"):
        yield _calibration(result["calibration"])


def _predictive(found: Mapping[str, Any]) -> Columns:
    keys = ("observed", "median", "low", "high", "below")
    rows = [
        [each["measure"], *(_number(each[key]) for key in keys), each["unit"]]
        for each in found["measures"]
    ]
    note = (
        f"{found['runs']:,} runs at samples of the posterior. A `below` near 0 or 1 says that they"
        " miss what was observed."
    )
    return Columns("Predictive check", ["measure", *keys, "unit"], rows, [note])


def _calibration(found: Mapping[str, Any]) -> Columns:
    known = ("deviation", "p", "p_holm", "inside_50", "inside_95")
    keys = [key for key in known if key in found["parameters"][0]]  # old results lack p_holm
    rows = [
        [each["parameter"], *(_number(each[key]) for key in keys)] for each in found["parameters"]
    ]
    verdict = "pass" if found["passes"] else "do not pass"
    note = (
        f"{found['runs']:,} runs: the ranks {verdict}, p = {_number(found['p'])} for all together."
        f" Of right posteriors 5 % deviate by more than {_number(found['least_deviation'])}."
    )
    return Columns("Simulation-based calibration", ["parameter", *keys], rows, [note])


_TABLES: Mapping[str, Callable[[Mapping[str, Any], int | None], Iterator[Columns]]] = {
    "sweep": _of_sweep,
    "fit": _of_fit,
    "sensitivity": _of_sensitivity,
    "infer": _of_posterior,
}


def _title(each: Mapping[str, Any]) -> str:
    return each["name"] if each["unit"] == "1" else f"{each['name']} [{each['unit']}]"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _with_interval(found: Mapping[str, Any], middle: str = "mean") -> str:
    """Return a value with its interval in brackets, where it has one."""
    if found["low"] is None or found["high"] is None:
        return _number(found[middle])
    return f"{_number(found[middle])} ({_number(found['low'])} - {_number(found['high'])})"
