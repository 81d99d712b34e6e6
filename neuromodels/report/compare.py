"""Several runs in one table: what differs between their studies, and what came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from neuromodels.errors import DamagedRun, RunNotFound
from neuromodels.report.declared.badge import badge_lines, plan_of_settings
from neuromodels.report.networks.comparison import (
    are_networks,
    comparison_tables,
    networks_compared,
)
from neuromodels.report.run import FAILED_NOTE, summary
from neuromodels.report.standings import failed_trials_text
from neuromodels.report.sweeps import tell_of_sweeps
from neuromodels.report.wording.interval_text import ends_text, intervals_note
from neuromodels.report.wording.silence import silent_populations
from neuromodels.store.find import Member, required_members
from neuromodels.store.neighbours import Tell, each_whole, ignore, left_out
from neuromodels.store.store import StoredRun
from neuromodels.study.conditions import SEARCHED
from neuromodels.study.study import Study

SCHEMA = 1
_LABELS = ("seeds", "question", "device.threads", "search.generations", "contents")
"""Keys that no study differs by: they change no number, or show in columns of their own."""
_COLUMNS = ("condition", "seeds", "median", "interval", "generations", "seconds", "failures")
FEW = 3
"""Keys that are shown in any terminal: what a sweep varies is what its table is about."""
UNBOUND = 100_000
"""Characters that no table needs."""


def compared(folders: Sequence[Path], tell: Tell = ignore) -> tuple[dict[str, Any], Any]:
    """Return a comparison as plain values, and what a terminal shows of it.

    Parameters
    ----------
    folders, tell
        As for `comparison_of`; or runs of own networks alone, as for `networks_compared`.
    """
    if are_networks(folders):
        values = networks_compared(folders, tell)
        return values, comparison_tables(values)
    values = comparison_of(folders, tell)
    return values, ComparisonView(values)


def comparison_of(folders: Sequence[Path], tell: Tell = ignore) -> dict[str, Any]:
    """Return everything ``neuromodels compare`` shows, as plain values.

    The keys are documented in docs/reference/json.md and stay.

    Parameters
    ----------
    folders
        Run folders, folders of sweeps, and folders with run folders in them.
    tell
        Gets a sentence about each run that cannot be read and is left out, and about each sweep
        that lies in a folder of runs.

    Raises
    ------
    RunNotFound
        When one of them holds no run.
    """
    paths = [Path(folder) for folder in folders]
    every = [member for path in paths for member in _members(path, paths, tell)]
    named = {member.folder.resolve(): member for member in every}
    found = list(each_whole(named.values(), _report_of, tell))
    studies = [_flat(member.table) for member, _ in found]
    keys = differing_keys(studies)
    runs = [
        {
            "run": str(member.folder),
            "study": member.study.name,
            "setting": member.setting.name if member.setting else None,
            "digest": member.digest,
            "values": {key: flat[key] for key in keys},
            **_outcome(member, report),
        }
        for (member, report), flat in zip(found, studies, strict=True)
    ]
    plan = plan_of_settings(report for _, report in found)
    return {"schema": SCHEMA, "differs": keys, "plan": plan, "runs": runs}


def _members(folder: Path, named: Sequence[Path], tell: Tell) -> list[Member]:
    """Return the runs of one of the named folders; sweeps in it and damaged ones are told of."""
    tell_of_sweeps(folder, {path.resolve() for path in named}, tell)
    try:
        return required_members(folder, tell)
    except DamagedRun as error:
        if len(named) == 1:
            raise
        tell(left_out(error))
        return []


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


def _report_of(member: Member) -> dict[str, Any] | None:
    return _summary(member.run)


def _outcome(member: Member, report: dict[str, Any] | None) -> dict[str, Any]:
    """Return status and one row per condition of a run."""
    study = member.study
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
    done = _seeds_done(condition, report) if report and scores else []
    kept = ("median", "low", "high", "interval_over", "kind", "n")
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
        "failed_trials": sum(seed["failures"] for seed in done) if scores else None,
        "trials": sum(seed["trials"] for seed in done) if scores else None,
        "silent": _silent(condition, report) if scores and report else "",
    }


def _silent(condition: str, report: Mapping[str, Any]) -> str:
    """Return whose neurons never fired under a condition, of the scores of the whole study."""
    done = _seeds_done(condition, report)
    seeds = {seed["seed"] for seed in done}
    return silent_populations(condition, [s for s in report["silent"] if s["seed"] in seeds], done)


def _seeds_done(condition: str, report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the scores of the whole study by seed, none of a seed that is being extended."""
    missing = {(each["condition"], each["seed"]) for each in report["missing"]}
    (scores,) = (each for each in report["conditions"] if each["condition"] == condition)
    return [seed for seed in scores["seeds"] if (condition, seed["seed"]) not in missing]


def _budget(study: Study) -> int:
    return len(study.seeds) * study.search.generations


# -- what a terminal shows ----------------------------------------------------------------------


@dataclass(frozen=True)
class ComparisonView:
    """The table of a comparison, with as many of the differing keys as its console has room for."""

    comparison: Mapping[str, Any]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        every = self.comparison["differs"]
        keys = self._fitting(console, options)
        yield self._table(keys)
        note = f" {FAILED_NOTE}" if self._has_failed else ""
        yield Text(_footnote(self.comparison) + note, "dim")
        if plan := self.comparison["plan"]:
            yield from (Text(line, overflow="fold") for line in badge_lines(plan))
        others = [key for key in every if key not in keys]
        if others:
            text = f"They also differ in: {', '.join(others)}. --json has the values."
            yield Text(text, "dim", overflow="fold")

    @property
    def _has_failed(self) -> bool:
        return any(row["failed_trials"] for row in self._rows)

    @property
    def _has_silent(self) -> bool:
        return any(row.get("silent") for row in self._rows)

    @property
    def _rows(self) -> list[dict[str, Any]]:
        return [row for run in self.comparison["runs"] for row in run["conditions"]]

    def _fitting(self, console: Console, options: ConsoleOptions) -> list[str]:
        """Return the keys that are shown: all of a few or where no word is cut, else what fits."""
        every = list(self.comparison["differs"])

        def measured(keys: Sequence[str]) -> Measurement:
            # free of the width: within it a table would say that it fits
            return Measurement.get(console, options.update(max_width=UNBOUND), self._table(keys))

        def chosen(needs: Callable[[Measurement], int]) -> list[str]:
            keys: list[str] = []
            for key in every:
                if needs(measured([*keys, key])) <= options.max_width:
                    keys.append(key)
            return keys

        if len(every) <= FEW or measured(every).minimum <= options.max_width:
            return every
        return chosen(lambda each: each.maximum) or chosen(lambda each: each.minimum)

    def _table(self, keys: Sequence[str]) -> Table:
        runs = self.comparison["runs"]
        is_named = list(keys) != list(self.comparison["differs"]) or _are_alike(runs, keys)
        table = Table(title=f"{len(runs)} runs", title_justify="left")
        name = "setting" if all(run["setting"] for run in runs) else "run"
        for label in [*([name] if is_named else []), *_short(keys)]:
            table.add_column(label)
        for name in _COLUMNS:
            table.add_column(name, justify="left" if name == "condition" else "right")
        if self._has_failed:
            table.add_column("failed trials", justify="right")
        if self._has_silent:
            table.add_column("silent")
        for run in runs:
            own = [run["setting"] or Path(run["run"]).name] if is_named else []
            values = [*own, *(_value_text(run["values"][key]) for key in keys)]
            for number, row in enumerate(run["conditions"]):
                begin = values if number == 0 else [""] * len(values)
                silent = [row["silent"]] if self._has_silent else []
                table.add_row(*begin, *_cells(row, self._has_failed), *silent)
        return table


def _are_alike(runs: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> bool:
    """Whether two runs have the same values of some keys, as of none."""
    values = [[run["values"][key] for key in keys] for run in runs]
    return any(each in values[:number] for number, each in enumerate(values)) or not keys


def _short(keys: Sequence[str]) -> list[str]:
    """Return the last part of each key, or all of it where the last parts are equal."""
    ends = [key.rpartition(".")[2] for key in keys]
    return [e if ends.count(e) == 1 else key for e, key in zip(ends, keys, strict=True)]


def _cells(row: Mapping[str, Any], has_failed: bool) -> list[str]:
    known = row["median"] is not None
    searched = row["generations"] is not None
    failed = failed_trials_text(row["failed_trials"] or 0, {}, row["trials"] or 0)
    return [
        row["condition"],
        f"{row['seeds']}/{row['of']}",
        f"{row['median']:.3f}" if known else "-",
        ends_text(row) if known else "",
        f"{row['generations']:,}/{row['generations_of']:,}" if searched else "",
        f"{row['seconds']:,.0f}" if searched else "",
        f"{row['failures']:,}" if searched else "",
        *([failed] if has_failed else []),
    ]


def _footnote(comparison: Mapping[str, Any]) -> str:
    rows = [row for run in comparison["runs"] for row in run["conditions"]]
    return f"{intervals_note(rows)} Generations and seconds are sums over seeds.".lstrip()


def _value_text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
