"""The course of searches as studies of Optuna, which its dashboard and other programs draw."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuromodels.errors import NeuromodelsError, pip_command
from neuromodels.store.load import Loaded

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial
    from pandas import DataFrame

SUFFIX = ".db"
NOTED = ("centre_score", "best_loss", "best_score", "mean_loss", "failures", "seconds")
"""Columns of a generation that its trial carries beside its value."""


def write_history(loaded: Loaded, path: Path) -> int:
    """Write a study for each search and a trial for each generation; return how many trials.

    The value of a trial is the loss of the search's centre, its parameter the generation. A
    generation whose loss is no number is a trial that failed.

    Raises
    ------
    NeuromodelsError
        Where Optuna is missing.
    """
    need_optuna()
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    searches = ["run", *loaded.keys, "condition", "seed"]
    count = 0
    for key, rows in loaded.generations.groupby(searches, sort=False, dropna=False):
        study = optuna.create_study(storage=storage, study_name=_name(searches, key))
        study.add_trials(_trials(rows))
        count += len(rows)
    storage.remove_session()
    storage.engine.dispose()
    return count


def _name(columns: list[str], key: tuple[Any, ...]) -> str:
    """Return the name of a search: its run, what a sweep sets, its condition and its seed."""
    run, *others = zip(columns, key, strict=True)
    return ", ".join([str(run[1]), *(f"{column} {value}" for column, value in others)])


def _trials(rows: DataFrame) -> list[FrozenTrial]:
    from optuna.distributions import IntDistribution
    from optuna.trial import TrialState, create_trial

    last = int(rows["generation"].max())
    trials = []
    for row in rows.to_dict("records"):
        is_number = math.isfinite(row["centre_loss"])
        trials.append(
            create_trial(
                state=TrialState.COMPLETE if is_number else TrialState.FAIL,
                value=row["centre_loss"] if is_number else None,
                params={"generation": int(row["generation"])},
                distributions={"generation": IntDistribution(0, last)},
                user_attrs={name: row[name] for name in NOTED if row[name] == row[name]},
            )
        )
    return trials


def need_optuna() -> None:
    """Refuse an export that needs Optuna where it is not installed."""
    try:
        import optuna  # noqa: F401
    except ImportError:
        raise NeuromodelsError(
            "export --out",
            f"needs optuna for {SUFFIX}, which is not installed",
            cure=f"Install it with: {pip_command('optuna')}; or export to .csv.",
        ) from None
