"""A battery as a user asks for it: of a folder or of a study file, with its files and its table."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Group

from neuromodels.errors import RunNotFound
from neuromodels.measures.battery.collect import collect
from neuromodels.measures.battery.request import Request, margins_from
from neuromodels.report.battery.table import battery_table, write_csv, write_curves
from neuromodels.store import RUNS
from neuromodels.store.find import folder_of_study
from neuromodels.study.own_files import Announce
from neuromodels.study.study import Study
from neuromodels.study.sweep import read_declared

Tell = Callable[[str], None]


def battery_asked(
    options: Namespace, announce: Announce, tell: Tell
) -> tuple[dict[str, Any], Group]:
    """Return what a battery finds and its table; files that the user wants are written.

    Parameters
    ----------
    options
        Of the command line.
    announce
        Called with each file of the user's own before it is run.
    tell
        Gets a line about each cell that was computed, and what is left out.
    """
    request = Request(
        trials=options.trials,
        only=options.only,
        against=options.against,
        workers=options.workers,
        controls=options.controls,
        margins=margins_from(options.margin),
        stuck=options.stuck,
    )
    found = collect(folder_of(options.run, announce, tell), request, announce, tell)
    if options.csv:
        write_csv(options.csv, found)
    if options.curves:
        write_curves(options.curves, found)
    return found, battery_table(found)


def folder_of(asked: Path, announce: Announce, tell: Tell) -> Path:
    """Return a folder as it is; of a study file, the folder that it was run in.

    Raises
    ------
    RunNotFound
        When the study was not run where runs are kept.
    """
    if asked.suffix not in (".toml", ".py") or asked.is_dir():
        return asked
    declared = read_declared(str(asked), announce=announce)
    if isinstance(declared, Study):
        folder = folder_of_study(RUNS, declared)
    else:
        folder = RUNS / f"{declared.name}-sweep"
    if not folder.exists():
        cure = f"Run it with: neuromodels run {asked}; or name its folder."
        raise RunNotFound(str(asked), f"has no run in {folder}", cure=cure)
    tell(f"The run of this study: {folder}")
    return folder
