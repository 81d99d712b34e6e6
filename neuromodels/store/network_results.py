"""What came out of the run of an own network, as one tidy table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from neuromodels.errors import StorageError
from neuromodels.store.networks import StoredNetwork

if TYPE_CHECKING:
    from pandas import DataFrame
    from xarray import Dataset

RESULTS = "results"
_OF_A_POINT = ("repeat", "failed")
"""Columns of a sweep that are neither parameters nor measures."""


class NetworkResults:
    """The table of a finished run of an own network, read when it is first asked for.

    Parameters
    ----------
    run
        Where it lies.

    Raises
    ------
    StorageError
        When it is not finished.
    """

    tables = (RESULTS,)

    def __init__(self, run: StoredNetwork):
        if run.result is None:
            cure = f"Go on with: neuromodels resume {run.folder}"
            raise StorageError(str(run.folder), "is not finished", cure=cure)
        self._run, self._result = run, run.result

    @cached_property
    def results(self) -> DataFrame:
        """One row per point and repeat, per measure and parameter, or per parameter.

        The unit stands in brackets behind the name of a column, where all its numbers have one.
        """
        return _TABLES[self._run.action](self._run, self._result)


def _of_sweep(run: StoredNetwork, result: Mapping[str, Any]) -> DataFrame:
    """Return a row for each instance: its parameters, its repeat and its measures."""
    parameters, measures = result["parameters"], result["measures"]
    names = [each["name"] for each in (*parameters, *measures)]
    rows = _dataset(run)[[*names, "failed"]].to_dataframe().reset_index()
    ordered = [each["name"] for each in parameters], [each["name"] for each in measures]
    titles = {each["name"]: _title(each) for each in (*parameters, *measures)}
    return rows[[*ordered[0], *_OF_A_POINT, *ordered[1]]].rename(columns=titles)


def _of_sensitivity(run: StoredNetwork, result: Mapping[str, Any]) -> DataFrame:
    """Return a row for each measure and parameter: its indices, but for those of pairs."""
    found = _dataset(run)
    sides = ("measure", "parameter")
    single = [name for name, values in found.data_vars.items() if set(values.dims) == set(sides)]
    rows = found[single].to_dataframe().reset_index()
    units = {each["name"]: each["unit"] for each in result["measures"]}
    rows.insert(1, "unit", [units[name] for name in rows["measure"]])
    return rows[["measure", "unit", "parameter", *single]]


def _of_parameters(run: StoredNetwork, result: Mapping[str, Any]) -> DataFrame:
    """Return a row for each parameter of a fit or a posterior, with its interval."""
    from pandas import DataFrame

    return DataFrame(result["parameters"])


def _dataset(run: StoredNetwork) -> Dataset:
    found = run.dataset()
    if found is None:
        raise StorageError(str(run.folder), "has lost its dataset", cure="Resume the run.")
    return found


def _title(each: Mapping[str, Any]) -> str:
    return each["name"] if each["unit"] == "1" else f"{each['name']} [{each['unit']}]"


_TABLES: Mapping[str, Callable[[StoredNetwork, Mapping[str, Any]], DataFrame]] = {
    "sweep": _of_sweep,
    "sensitivity": _of_sensitivity,
    "fit": _of_parameters,
    "infer": _of_parameters,
}
