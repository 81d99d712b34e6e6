"""Runs of own networks beside each other: what differs in what was asked, and what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from neuromodels.report.networks.status import networks_in
from neuromodels.report.networks.tables import (
    MEANS,
    MOST_ROWS,
    SENSITIVITY,
    kind_of,
    network_summary,
    whole,
)
from neuromodels.store.find import members_of
from neuromodels.store.neighbours import Tell, ignore
from neuromodels.store.networks import StoredNetwork, is_network

SCHEMA = 1
_LABELS = ("name", "question", "threads", "storage")
"""Last parts of keys that change no number."""
Number = Mapping[str, Any]
"""A ``value`` with its interval, ``low`` and ``high``, and the ``kind`` of that."""
INTERVALS = {
    **MEANS,
    "bootstrap": SENSITIVITY,
    "fit": "95 % intervals of fits",
    "credible": "95 % credible intervals",
}
"""What intervals are, by their kind."""


def are_networks(folders: Sequence[Path]) -> bool:
    """Whether all folders are runs of own networks, or hold such runs and no others."""
    return all(
        is_network(folder) or bool(networks_in(folder, ignore) and not members_of(folder))
        for folder in folders
    )


def networks_compared(folders: Sequence[Path], tell: Tell = ignore) -> dict[str, Any]:
    """Return everything ``neuromodels compare`` shows of own networks, as plain values.

    The keys are documented in docs/reference/json.md and stay.

    Parameters
    ----------
    folders
        Run folders of own networks, and folders with such run folders in them.
    tell
        Gets a sentence about each run that cannot be read and is left out.
    """
    every = [run for folder in folders for run in networks_in(folder, tell)]
    runs = list({run.folder.resolve(): run for run in every}.values())
    asked = [{**_flat(run.table), **_flat(run.contents, "code of ")} for run in runs]
    keys = _differing(asked)
    return {
        "schema": SCHEMA,
        "differs": keys,
        "runs": [
            {
                "run": str(run.folder),
                "study": run.name,
                "action": run.action,
                "digest": run.digest,
                "status": run.state,
                "values": {key: flat.get(key) for key in keys},
                "results": _numbers_of(run),
            }
            for run, flat in zip(runs, asked, strict=True)
        ],
    }


def _flat(table: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return the values of a declaration by dotted key."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat |= (
            _flat(value, f"{above}{key}.") if isinstance(value, Mapping) else {above + key: value}
        )
    return flat


def _differing(asked: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the keys that differ, also those that only some declarations have."""
    keys = dict.fromkeys(key for each in asked for key in each)
    return [
        key
        for key in keys
        if key.rpartition(".")[2] not in _LABELS
        and any(each.get(key) != asked[0].get(key) for each in asked)
    ]


# -- what came out ------------------------------------------------------------------------------


def _numbers_of(run: StoredNetwork) -> dict[str, Number]:
    """Return the numbers of a finished run by what they are."""
    summary = network_summary(run)
    if summary["result"] is None:
        return {}
    with whole(summary):
        return dict(_NUMBERS[run.action](summary["result"]))


def _of_sweep(result: Mapping[str, Any]) -> Iterator[tuple[str, Number]]:
    for row in result["rows"]:
        place = ", ".join(
            f"{each['name']} = {row['parameters'][each['name']]:g}" for each in result["parameters"]
        )
        for each in result["measures"]:
            yield f"{_title(each)} at {place}", _of_mean(row["measures"][each["name"]])


def _of_sensitivity(result: Mapping[str, Any]) -> Iterator[tuple[str, Number]]:
    for measure in result["measures"]:
        indices = measure["indices"]
        for name in ("mu_star", "S1", "ST"):
            for number, parameter in enumerate(result["parameters"] if name in indices else ()):
                ends = {end: indices[f"{name}_{end}"][number] for end in ("low", "high")}
                label = f"{name} of {parameter} on {_title(measure)}"
                yield label, _number({"value": indices[name][number], **ends}, "bootstrap")


def _of_fit(result: Mapping[str, Any]) -> Iterator[tuple[str, Number]]:
    yield "loss", _number(result["loss"], "fit")
    for each in result["parameters"]:
        yield _title(each), _number(each, "fit")


def _of_posterior(result: Mapping[str, Any]) -> Iterator[tuple[str, Number]]:
    for each in result["parameters"]:
        yield f"{_title(each)}, median", _number(each, "credible", "median")


_NUMBERS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[tuple[str, Number]]]] = {
    "sweep": _of_sweep,
    "sensitivity": _of_sensitivity,
    "fit": _of_fit,
    "infer": _of_posterior,
}


def _of_mean(found: Mapping[str, Any]) -> Number:
    return _number(found, kind_of(found), "mean")


def _number(found: Mapping[str, Any], kind: str, middle: str = "value") -> Number:
    low, high = found["low"], found["high"]
    has_none = low is None or high is None
    return {"value": found[middle], "low": low, "high": high, "kind": "none" if has_none else kind}


def _title(each: Mapping[str, Any]) -> str:
    return each["name"] if each["unit"] in ("1", "", None) else f"{each['name']} [{each['unit']}]"


# -- what a terminal shows ----------------------------------------------------------------------


def comparison_tables(comparison: Mapping[str, Any]) -> Group:
    """Return two tables with a column for each run: what was asked, and what came out."""
    runs = comparison["runs"]
    labels = list(dict.fromkeys(label for run in runs for label in run["results"]))
    asked = _table("What differs", runs)
    for key in ("action", "status"):
        asked.add_row(key, *(run[key] for run in runs))
    for key in comparison["differs"]:
        asked.add_row(key, *(_text(run["values"][key]) for run in runs))
    found = _table("What came out", runs, "right")
    for label in labels[:MOST_ROWS]:
        found.add_row(label, *(_shown(run["results"].get(label)) for run in runs))
    kinds = [run["results"][label]["kind"] for run in runs for label in run["results"]]
    told = [INTERVALS[kind] for kind in INTERVALS if kind in kinds]
    notes = [f"In brackets: {'; '.join(told)}."] if told else []
    if len(labels) > MOST_ROWS:
        notes.append(f"{len(labels) - MOST_ROWS:,} more numbers are in --json.")
    return Group(asked, found, *(Text(note, "dim") for note in notes))


def _table(title: str, runs: Sequence[Mapping[str, Any]], justify: Any = "left") -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for run in runs:
        table.add_column(Path(run["run"]).name, justify=justify)
    return table


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _shown(number: Number | None) -> str:
    if number is None or number["value"] is None:
        return "-"
    if number["low"] is None or number["high"] is None:
        return f"{number['value']:.4g}"
    return f"{number['value']:.4g} ({number['low']:.4g} - {number['high']:.4g})"
