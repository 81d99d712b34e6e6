"""Figure scripts of a checkout: which stored runs they need, and drawing them."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from neuromodels.errors import NeuromodelsError, RunNotFound
from neuromodels.storage.files import writing
from neuromodels.storage.store import StoredRun, stored_runs
from neuromodels.storage.sweeps import SWEEP, StoredSweep, is_sweep
from neuromodels.study import Study
from neuromodels.studyform import nearest
from neuromodels.sweep import Sweep, read_declared

SUFFIXES = (".pdf", ".png")


def draw_figure(
    script: ModuleType, runs: Sequence[StoredRun], targets: Sequence[Path]
) -> list[Path]:
    """Collect from stored runs, draw, and save; return where the figure lies."""
    from neuromodels.plotting.draw import save  # matplotlib takes a second

    for target in targets:
        if target.suffix not in (*SUFFIXES, ".svg"):
            raise NeuromodelsError(str(target), "must end in .pdf, .png or .svg")
    figure = script.draw(script.collect(list(runs)))
    for target in targets:
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            save(figure, target)
    return list(targets)


def targets_for(name: str, runs: Sequence[StoredRun], out: Path | None) -> list[Path]:
    """Return where a figure goes: beside its only run, else into ``output/figures``."""
    if out is not None:
        return [out]
    folder = runs[0].folder if len(runs) == 1 else Path("output")
    return [folder / "figures" / f"{name}{suffix}" for suffix in SUFFIXES]


def studies_of_task(task: str, checkout: Path) -> tuple[str, ...]:
    """Return the studies of a checkout that declare a task, the smallest numbers first."""
    found = []
    for path in sorted((checkout / "studies").glob("*.toml")):
        everything = tomllib.loads(path.read_text(encoding="utf-8"))
        declared = everything.get("task", {})
        if declared.get("name") == task and "sweep" not in everything:
            numbers = tuple(value for value in declared.values() if isinstance(value, int))
            found.append((numbers, path.stem))
    return tuple(name for _, name in sorted(found))


def load_script(name: str, checkout: Path) -> ModuleType:
    """Import ``figures/NAME.py``: a module with NEEDS, collect and draw.

    It may import its neighbours, as ``from figures import numbers``.

    Raises
    ------
    NeuromodelsError
        When there is no such script.
    """
    path = checkout / "figures" / f"{name}.py"
    if not path.is_file():
        known = sorted(p.stem for p in path.parent.glob("*.py") if not p.stem.startswith("_"))
        cure = f"{nearest(name, known).strip()} Known: {', '.join(known) or 'none'}.".strip()
        raise NeuromodelsError("figure", "must name a script in figures/", name, cure)
    if str(checkout) not in sys.path:
        sys.path.insert(0, str(checkout))
    spec = importlib.util.spec_from_file_location(f"figures.{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look up the module they are declared in
    spec.loader.exec_module(module)
    return module


def runs_for(
    script: ModuleType, folders: Sequence[Path], runs: Path, checkout: Path
) -> tuple[list[StoredRun], list[str]]:
    """Return the runs a figure is drawn from, and a line about each that is not there.

    Parameters
    ----------
    folders
        Run folders the user named; they win over what is found.
    runs
        Where run folders lie.

    Raises
    ------
    RunNotFound
        When nothing can be drawn; names the command that makes the first run needed.
    """
    if folders:
        return [run for folder in folders for run in _named_runs(folder)], []
    found, absent = [], []
    for name in script.NEEDS:
        path = checkout / "studies" / f"{name}.toml"
        declared = read_declared(path) if path.is_file() else None
        if isinstance(declared, Sweep):
            new, missing = _runs_of_sweep(declared, runs)
        else:
            new, missing = _runs_of_study(name, declared, runs)
        found += new
        absent += missing
    if not found:
        first = script.NEEDS[0]
        raise RunNotFound(
            "figure",
            "needs a stored run",
            absent[0],
            f"Make it with: neuromodels run studies/{first}.toml",
        )
    return found, absent


def _named_runs(folder: Path) -> list[StoredRun]:
    return StoredSweep(folder).runs if is_sweep(folder) else [StoredRun(folder)]


def _runs_of_study(
    name: str, study: Study | None, runs: Path
) -> tuple[list[StoredRun], list[str]]:
    """Return the newest run that answers a study, and a line when there is none."""
    named = [run for run in stored_runs(runs) if run.name == name]
    current = [run for run in named if study is None or _answers(run, study)]
    return current[:1], [] if current else [_absence(name, named)]


def _runs_of_sweep(sweep: Sweep, runs: Path) -> tuple[list[StoredRun], list[str]]:
    """Return the newest run of each setting, and a line about each that has none."""
    folders = sorted(runs.glob(f"*/{SWEEP}"), key=lambda path: path.stat().st_mtime, reverse=True)
    stored = [run for path in folders for run in StoredSweep(path.parent).runs]
    found, absent = [], []
    for setting in sweep.settings:
        current = [run for run in stored if _answers(run, setting.study)]
        found += current[:1]
        if not current:
            absent.append(f"{sweep.name}, setting {setting.name}, was not run")
    return found, absent


def _answers(run: StoredRun, study: Study) -> bool:
    """Whether a run is of this study, and with at least its budget."""
    return (
        run.digest == study.digest
        and run.study["search"]["generations"] >= study.search.generations
    )


def _absence(name: str, older: Sequence[StoredRun]) -> str:
    if not older:
        return f"{name} was not run"
    return f"{name} was run from another declaration; --run {older[0].folder} draws it anyway"
