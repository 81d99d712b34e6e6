"""Ask finished solutions from Python: what `measure`, `battery` and the like are on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import get_console
from rich.text import Text

from neuromodels.errors import NeuromodelsError
from neuromodels.measures import CATALOG
from neuromodels.measures.battery.collect import collect
from neuromodels.measures.battery.request import Request
from neuromodels.measures.degeneracy.run import compare_solutions
from neuromodels.measures.examine import examine_solutions
from neuromodels.measures.simplify.run import simplify_run
from neuromodels.report.battery.asked import folder_of
from neuromodels.report.battery.degeneracy import degeneracy_view
from neuromodels.report.battery.simplified import simplified_view
from neuromodels.report.battery.table import battery_table, search_rows
from neuromodels.report.compare import compared
from neuromodels.report.display import display_here
from neuromodels.report.measures import measure_table
from neuromodels.search.checks import nearest_name
from neuromodels.store.store import StoredRun
from neuromodels.study.own_files import announcement

if TYPE_CHECKING:
    from pandas import DataFrame

Rows = Iterable[Mapping[str, Any]]


class Answer(Mapping[str, Any]):
    """What solutions answered, with the keys that the command prints with ``--json``.

    Parameters
    ----------
    values
        By key: docs/reference/json.md.
    view
        What a terminal shows.
    rows
        Of `table`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per number.
    """

    def __init__(self, values: Mapping[str, Any], view: Any, rows: Rows):
        from pandas import DataFrame

        self._values, self._view = values, view
        self.table: DataFrame = DataFrame(list(rows))

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        console = get_console()
        with console.capture() as text:
            console.print(self._view, highlight=False, markup=False)
        return Text.from_ansi(text.get()).plain.rstrip()

    def _repr_html_(self) -> str:
        return str(self.table.to_html(index=False))


def measure(
    run: Path | str,
    name: str,
    trials: int = 2000,
    *,
    vary: Mapping[str, Sequence[float]] | None = None,
    only: Sequence[str] = (),
    replace: bool = False,
) -> Answer:
    """Examine all finished solutions of a run on fresh trials.

    Parameters
    ----------
    run
        The run folder.
    name
        Of a measure: ``neuromodels list measures``.
    trials
        Per solution.
    vary
        Of a measure with settings, the values of each: ``{"task.delay": [300, 1050]}``.
    only
        Conditions; empty: all that the measure is about.
    replace
        Whether a result of more trials, or of other values, may be given up.

    Returns
    -------
    Answer
        ``table`` has one row per solution and quantity, with its interval.

    Raises
    ------
    NeuromodelsError
        When there is no such measure, no search is finished, the task lacks what the measure
        needs, or a larger result is stored.
    """
    if name not in list(CATALOG):
        must = f"must be one of {', '.join(CATALOG)}"
        raise NeuromodelsError("measure.name", must, name, nearest_name(name, CATALOG))
    varied = [f"{key}={','.join(map(str, values))}" for key, values in (vary or {}).items()]
    found = examine_solutions(StoredRun(run), name, trials, _announce(), varied, only, replace)
    return Answer(found, measure_table(found), found["rows"])


def battery(
    runs: Path | str,
    trials: int = 500,
    *,
    only: Sequence[str] = (),
    against: str = "",
    margins: Mapping[str, float] | None = None,
    stuck: float | None = None,
    controls: str = "",
    workers: int = 1,
) -> Answer:
    """Ask all solutions for their cognitive values, and compare their rules.

    Parameters
    ----------
    runs
        Folder of a run, of a sweep, or with runs in it; or a study file that was run.
    trials
        Per solution and probe.
    only
        Probes; empty: all that suit the task.
    against
        The setting that all others are compared with; empty: the first.
    margins
        By value, the largest difference that does not matter. These are tested for equality.
    stuck
        The score below which a search counts as stuck; None: .05 above chance.
    controls
        A setting whose rules are also asked with their numbers shuffled, and beside random ones.
    workers
        Processes that answer.

    Returns
    -------
    Answer
        ``table`` has one row per search and value; ``["contrasts"]`` has the tests.

    Raises
    ------
    NeuromodelsError
        When no search is finished, or a name or a number cannot be.
    """
    request = Request(trials, only, against, workers, controls, margins or {}, stuck)
    announce, tell = _announce(), _tell()
    found = collect(folder_of(Path(runs), announce, tell), request, announce, tell)
    return Answer(found, battery_table(found), search_rows(found))


def compare(*runs: Path | str) -> Answer:
    """Put several runs into one table: what differs between their studies, and what came out.

    Parameters
    ----------
    runs
        Run folders, folders of sweeps, and folders with runs in them.

    Returns
    -------
    Answer
        ``table`` has one row per run and condition, with the keys by which the studies differ.

    Raises
    ------
    RunNotFound
        When one of the folders holds no run.
    """
    if not runs:
        raise NeuromodelsError("compare", "needs a folder with runs", "nothing")
    values, view = compared([Path(run) for run in runs], _tell())
    return Answer(values, view, _rows_of_runs(values["runs"]))


def simplify(run: Path | str, trials: int = 500, keep: float = 0.95) -> Answer:
    """Find the smallest rule that keeps the score of each solution of a run.

    Parameters
    ----------
    run
        The run folder.
    trials
        That choose the terms, and as many others that test them.
    keep
        Part of the score above chance that has to stay.

    Returns
    -------
    Answer
        ``table`` has one row per number of the rule that most searches are left with, over
        searches; ``["rule"]`` has its equations, also in LaTeX.

    Raises
    ------
    NeuromodelsError
        When no search is finished, or the rule has no terms that can be told apart.
    """
    found = simplify_run(StoredRun(run), trials, keep, _announce())
    return Answer(found, simplified_view(found), found["rule"]["numbers"])


def degeneracy(runs: Path | str, trials: int = 100, bends: int = 6) -> Answer:
    """Tell whether the rules that several searches found are one.

    Parameters
    ----------
    runs
        Folder of a run, of a sweep, or with runs in it.
    trials
        That probe the solutions, and that judge a path between two.
    bends
        Paths with a bend that are tried where the straight one is closed.

    Returns
    -------
    Answer
        ``table`` has one row per pair of solutions of a run, with its distances by ``outputs``,
        ``windows`` (weight changes) and ``numbers``; ``["runs"]`` has the paths between them.

    Raises
    ------
    NeuromodelsError
        When no run has four solutions above chance.
    """
    found = compare_solutions(Path(runs), trials, bends, _announce(), _tell())
    return Answer(found, degeneracy_view(found), _rows_of_pairs(found["runs"]))


def _rows_of_runs(runs: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Return a row per condition of each run; of an own network one per result."""
    for run in runs:
        about = {"run": run["run"], **run["values"]}
        yield from ({**about, **each} for each in run.get("conditions", ()))
        yield from ({**about, "result": name, **n} for name, n in run.get("results", {}).items())


def _rows_of_pairs(runs: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for run in runs:
        known = {kind: table for kind, table in run["distances"].items() if table is not None}
        for one, other in combinations(range(len(run["seeds"])), 2):
            about = {"setting": run["setting"], "seed": run["seeds"][one]}
            distances = {kind: table[one][other] for kind, table in known.items()}
            yield {**about, "other": run["seeds"][other], **distances}


def _announce() -> Callable[[Path], None]:
    """Return what says whose code is about to run."""
    say = _tell()
    return lambda file: say(announcement(file))


def _tell() -> Callable[[str], None]:
    return display_here(get_console()).say
