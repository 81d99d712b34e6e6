"""Arrays that ``neuromodels measure`` left in run folders, by condition and seed."""

from collections.abc import Iterable, Mapping

import numpy as np

from neuromodels.errors import NeuromodelsError, RunNotFound
from neuromodels.files import read_arrays
from neuromodels.measures.kept import measure_path
from neuromodels.store.store import StoredRun
from neuromodels.study.conditions import SEARCHED

Arrays = Mapping[str, np.ndarray]


def measures_of(
    run: StoredRun, measure: str, conditions: Iterable[str] = SEARCHED
) -> dict[str, dict[int, Arrays]]:
    """Return the arrays of a measure by condition and seed, of every finished solution.

    Raises
    ------
    NeuromodelsError
        When no search is finished.
    RunNotFound
        When one of them was not measured.
    """
    found: dict[str, dict[int, Arrays]] = {}
    for condition, seed in _finished(run, conditions):
        path = measure_path(run, f"{measure}-{condition}", seed)
        if not path.is_file():
            raise RunNotFound(
                f"{run.name}, {condition} seed {seed}",
                f"the measure {measure} was not made",
                cure=f"Make it with: neuromodels measure {run.folder} {measure}",
            )
        found.setdefault(condition, {})[seed] = read_arrays(path)
    return found


def _finished(run: StoredRun, conditions: Iterable[str]) -> list[tuple[str, int]]:
    ledger = run.ledger()
    try:
        tests = [(c, test.seed) for c in conditions for test in ledger.tests("final", c)]
    finally:
        ledger.close()
    if not tests:
        cure = f"Finish it with: neuromodels resume {run.folder}"
        raise NeuromodelsError(run.name, "needs a finished search", cure=cure)
    return tests


def by_condition(measures: Mapping[str, Mapping[int, Arrays]], quantity) -> dict[str, np.ndarray]:
    """Return a quantity of each condition, (seeds, ...), computed from the arrays of each seed."""
    return {
        condition: np.array([quantity(arrays) for arrays in seeds.values()])
        for condition, seeds in measures.items()
    }
