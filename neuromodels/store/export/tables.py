"""Tables of stored runs as files that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from neuromodels.errors import NeuromodelsError, StorageError, pip_command
from neuromodels.files import TEMPORARY, check_target, writing
from neuromodels.store.export.optuna_history import SUFFIX as HISTORY
from neuromodels.store.export.optuna_history import need_optuna, write_history
from neuromodels.store.load import Loaded, load
from neuromodels.store.neighbours import Tell, ignore
from neuromodels.store.network_results import RESULTS, NetworkResults
from neuromodels.store.networks import StoredNetwork, is_network

if TYPE_CHECKING:
    from pandas import DataFrame
    from xarray import Dataset

TABLES = (*Loaded.tables, RESULTS)
SUFFIXES = (".csv", ".json", ".parquet", ".nc", HISTORY)


def tables_in(folder: Path, tell: Tell = ignore) -> Loaded | NetworkResults:
    """Return what can be exported of a folder: the tables of its runs, or an own network's results.

    Parameters
    ----------
    tell
        As for `neuromodels.load`.
    """
    return NetworkResults(StoredNetwork(folder)) if is_network(folder) else load(folder, tell=tell)


def export(loaded: Loaded | NetworkResults, table: str, out: Path) -> int:
    """Write a table in the format that the suffix names; return how many rows or numbers.

    Parameters
    ----------
    table
        One of those that `loaded` has.
    out
        Ends in ``.csv``, ``.json``, ``.parquet`` or ``.nc``; replaced as a whole when it is there.
        ``.db`` is a storage of Optuna, for generations alone.

    Raises
    ------
    NeuromodelsError
        For another table or suffix, a format whose package is missing, or one that cannot hold the
        table.
    """
    if table not in loaded.tables:
        must = f"must be one of {', '.join(loaded.tables)} for this folder"
        raise NeuromodelsError("export --table", must, table)
    if out.suffix not in SUFFIXES:
        raise NeuromodelsError("export --out", f"must end in {', '.join(SUFFIXES)}", str(out))
    if out.suffix == ".parquet":
        _need_pyarrow()
    if out.suffix == HISTORY:
        _check_history(table)
    out = check_target(out)
    temporary = out.with_name(out.name + TEMPORARY)
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)  # a link there would be written through
        try:
            count = _write(loaded, table, temporary, out.suffix)
            temporary.replace(out)
        finally:
            temporary.unlink(missing_ok=True)
    return count


def _check_history(table: str) -> None:
    """Refuse to write any table but generations into a storage of Optuna."""
    if table != "generations":
        must = f"must be generations for a file that ends in {HISTORY}"
        raise NeuromodelsError("export --table", must, table)
    need_optuna()


def _write(loaded: Loaded | NetworkResults, table: str, path: Path, suffix: str) -> int:
    if suffix == HISTORY and isinstance(loaded, Loaded):
        return write_history(loaded, path)
    found = getattr(loaded, table)
    if suffix == ".nc":
        dataset = found if table == "solutions" else _as_arrays(found)
        _write_netcdf(dataset, path)
        return sum(variable.size for variable in dataset.data_vars.values())
    rows = tidy(found) if table == "solutions" else found
    if suffix == ".csv":
        rows.to_csv(path, index=False)
    elif suffix == ".json":
        rows.to_json(path, orient="records", double_precision=15)
    else:
        rows.to_parquet(path, index=False)
    return len(rows)


def tidy(solutions: Dataset) -> DataFrame:
    """Return one row per number of every solution: which coefficient, its index, its value."""
    from pandas import concat

    own = [name for name in solutions.data_vars if "." in str(name)]
    parts = []
    for name in own:
        frame = solutions[name].rename("value").to_dataframe().dropna().reset_index()
        extra = [c for c in frame.columns if c not in ("run", "condition", "seed", "value")]
        frame["index"] = frame[extra[0]] if extra else 0
        frame.insert(3, "coefficient", str(name))
        parts.append(frame[["run", "condition", "seed", "coefficient", "index", "value"]])
    if not parts:
        return solutions.to_dataframe().reset_index()
    return concat(parts, ignore_index=True)


def _as_arrays(rows: DataFrame) -> Dataset:
    """Return a table as one array per column over the dimension ``row``."""
    from xarray import Dataset

    columns = {name: ("row", _plain(rows[name])) for name in rows.columns}
    return Dataset(columns)


def _plain(column):
    """Return a column as numbers, or as text where it holds anything else."""
    if column.dtype.kind in "iuf":
        return column.to_numpy()
    return column.astype(str).to_numpy(dtype=str)


def _write_netcdf(dataset: Dataset, path: Path) -> None:
    try:
        dataset.to_netcdf(path, engine="scipy")
    except ValueError as error:  # NetCDF 3 has whole numbers of 32 bits
        raise StorageError(
            str(path).removesuffix(TEMPORARY),
            f"cannot be written as NetCDF: {str(error).partition('.')[0]}",
            cure="Export to .csv or .parquet.",
        ) from None


def _need_pyarrow() -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise NeuromodelsError(
            "export --out",
            "needs pyarrow for .parquet, which is not installed",
            cure=f"Install it with: {pip_command('export')}; or export to .csv.",
        ) from None
