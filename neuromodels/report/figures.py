"""Figure scripts of a checkout: which stored runs they need, and drawing them."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from neuromodels.errors import NeuromodelsError, RunNotFound
from neuromodels.files import writing
from neuromodels.store.find import members_of
from neuromodels.store.store import StoredRun, stored_runs
from neuromodels.store.sweeps import SWEEP, StoredSweep, is_sweep
from neuromodels.study.kinds import nearest
from neuromodels.study.study import Study
from neuromodels.study.sweep import Sweep, read_declared

SUFFIXES = (".pdf", ".png")
CELL = ("task.", "search.target", "search.trials")
"""What a sweep varies that is a grid of one task, each cell with an aim and trials of its own."""


def draw_figure(
    script: ModuleType, runs: Sequence[StoredRun], targets: Sequence[Path]
) -> list[Path]:
    """Collect from stored runs, draw, and save; return where the figure lies."""
    from neuromodels.report.plotting.draw import save  # matplotlib takes a second

    for target in targets:
        if target.suffix not in (*SUFFIXES, ".svg"):
            raise NeuromodelsError(str(target), "must end in .pdf, .png or .svg")
    figure = script.draw(script.collect(list(runs)))
    for target in targets:
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            save(figure, target)
    return list(targets)


def draw_named(
    name: str, folders: Sequence[Path], runs: Path, checkout: Path, out: Path | None
) -> Iterator[str]:
    """Draw a figure; yield a line about each run that is not there, then where the figure lies.

    Parameters
    ----------
    folders
        Run folders the user named; none: what is found.
    runs
        Where run folders lie.
    out
        The file; None: see `targets_for`.
    """
    script = load_script(name, checkout)
    stored, absent = runs_for(script, folders, runs, checkout)
    yield from (f"note: {line}" for line in absent)
    paths = draw_figure(script, stored, targets_for(name, stored, out))
    yield from (f"figure: {path}" for path in paths)


@dataclass(frozen=True)
class Drawing:
    """What came of one of all figures: lines to show, and whether it was drawn."""

    lines: tuple[str, ...]
    is_drawn: bool


def draw_all(
    folders: Sequence[Path], runs: Path, checkout: Path, out: Path | None
) -> Iterator[Drawing]:
    """Draw every figure that has its runs; say of the others which command makes what they lack.

    Parameters
    ----------
    folders
        Run folders, sweep folders and folders of them; none: what is found.
    runs
        Where run folders lie.
    out
        A folder; None: see `targets_for`.
    """
    for name in scripts_of(checkout):
        script = load_script(name, checkout)
        try:
            stored, absent = fitting_runs(script, folders, runs, checkout)
            paths = draw_figure(script, stored, targets_in(out, name, stored))
        except NeuromodelsError as error:
            yield Drawing((f"not drawn: {name}: {error}",), is_drawn=False)
        else:
            notes = [f"note: {line}" for line in absent]
            yield Drawing((*notes, *(f"figure: {path}" for path in paths)), is_drawn=True)


def targets_for(name: str, runs: Sequence[StoredRun], out: Path | None) -> list[Path]:
    """Return where a figure goes: beside its only run, else into ``output/figures``."""
    if out is not None:
        return [out]
    folder = runs[0].folder if len(runs) == 1 else Path("output")
    return [folder / "figures" / f"{name}{suffix}" for suffix in SUFFIXES]


def targets_in(folder: Path | None, name: str, runs: Sequence[StoredRun]) -> list[Path]:
    """Return where one of all figures goes: into a folder, or where it goes when drawn alone.

    Raises
    ------
    NeuromodelsError
        When the folder is named like a figure.
    """
    if folder is None:
        return targets_for(name, runs, None)
    if folder.suffix in (*SUFFIXES, ".svg"):
        raise NeuromodelsError("figure all --out", "must be a folder", str(folder))
    return [folder / f"{name}{suffix}" for suffix in SUFFIXES]


def studies_of_task(task: str, checkout: Path) -> tuple[str, ...]:
    """Return the studies of a checkout that declare a task, the smallest numbers first.

    Behind them stand sweeps of the task's own numbers; those of anything else are left out.
    """
    studies = []
    for path in sorted((checkout / "studies").glob("*.toml")):
        everything = tomllib.loads(path.read_text(encoding="utf-8"))
        declared = everything.get("task", {})
        swept = _swept_keys(everything.get("sweep", {}))
        if declared.get("name") == task and all(key.startswith(CELL) for key in swept):
            numbers = tuple(value for value in declared.values() if isinstance(value, int))
            studies.append((bool(swept), numbers, path.stem))
    return tuple(name for _, _, name in sorted(studies))


def _swept_keys(sweep: Mapping[str, Any]) -> set[str]:
    """Return the keys that a sweep varies."""
    listed = sweep.get("list", [])
    return {key for entry in listed for key in entry} | set(sweep) - {"list"}


def scripts_of(checkout: Path) -> list[str]:
    """Return the names of all figure scripts, see `_scripts`."""
    return list(_scripts(checkout))


def _scripts(checkout: Path) -> dict[str, Path]:
    """Return what in ``figures/`` and its folders declares what it NEEDS, by the file's name."""
    folder = checkout / "figures"
    paths = sorted([*folder.glob("*.py"), *folder.glob("*/*.py")], key=lambda path: path.stem)
    return {
        path.stem: path for path in paths if re.search(r"^NEEDS\b", path.read_text("utf-8"), re.M)
    }


def load_script(name: str, checkout: Path) -> ModuleType:
    """Import ``NAME.py`` of ``figures/`` or a folder in it: a module with NEEDS, collect, draw.

    It may import its neighbours, as ``from figures.shared import numbers``.

    Raises
    ------
    NeuromodelsError
        When there is no such script.
    """
    known = _scripts(checkout)
    path = known.get(name)
    if path is None:
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
        return [run for folder in folders for run in _runs_in(folder)], []
    stored, absent = _runs_of_needs(script, runs, checkout)
    if not stored:
        first = script.NEEDS[0]
        raise RunNotFound(
            "figure",
            "needs a stored run",
            absent[0],
            f"Make it with: neuromodels run studies/{first}.toml",
        )
    return _runs_with_measure(script, stored, absent)


def fitting_runs(
    script: ModuleType, folders: Sequence[Path], runs: Path, checkout: Path
) -> tuple[list[StoredRun], list[str]]:
    """Return what `runs_for` does; of named folders only runs of the studies a figure needs.

    Of several runs of the same study the newest is taken.

    Parameters
    ----------
    folders
        Run folders, sweep folders, and folders of them.
    """
    if not folders:
        return runs_for(script, [], runs, checkout)
    named = _newest(run for folder in folders for run in _runs_below(folder))
    fitting = [run for study in script.NEEDS for run in named if run.name == study]
    if not fitting:
        first = script.NEEDS[0]
        raise RunNotFound(
            "figure",
            "needs a run of one of its studies",
            [str(folder) for folder in folders],
            f"Make it with: neuromodels run studies/{first}.toml --out {folders[0] / first}",
        )
    return _runs_with_measure(script, fitting, [])


def _newest(runs: Iterable[StoredRun]) -> list[StoredRun]:
    """Return the first run of each study, and of each setting of a sweep."""
    newest: dict[tuple[str, str], StoredRun] = {}
    for run in runs:
        setting = run.digest if is_sweep(run.folder.parent) else ""
        newest.setdefault((run.name, setting), run)
    return list(newest.values())


def _runs_below(folder: Path) -> list[StoredRun]:
    """Return the runs of a run or sweep folder, or of all such folders in it, newest first."""
    members = members_of(folder, and_sweeps=True)
    return [member.run for member in members if member.run is not None]


def _runs_with_measure(
    script: ModuleType, stored: list[StoredRun], absent: list[str]
) -> tuple[list[StoredRun], list[str]]:
    """Leave out runs without the measure that a script draws, with a line about each.

    Raises
    ------
    RunNotFound
        When none was measured; names the command that does it.
    """
    measure = getattr(script, "MEASURE", None)
    if measure is None:
        return stored, absent
    done = [run for run in stored if any((run.folder / "measures").glob(f"{measure}-*.npz"))]
    others = [run for run in stored if run not in done]
    if not done:
        raise RunNotFound(
            "figure",
            f"needs the measure {measure}",
            f"{stored[0].name} without it",
            f"Make it with: neuromodels measure {stored[0].folder} {measure}",
        )
    lines = [
        f"{run.name} lacks a measure: neuromodels measure {run.folder} {measure}" for run in others
    ]
    return done, absent + lines


def _runs_of_needs(
    script: ModuleType, runs: Path, checkout: Path
) -> tuple[list[StoredRun], list[str]]:
    """Return the newest run of each study as it is declared, and a line about each missing."""
    stored, absent = [], []
    for name in script.NEEDS:
        path = checkout / "studies" / f"{name}.toml"
        declared = read_declared(path) if path.is_file() else None
        if isinstance(declared, Sweep):
            new, missing = _runs_of_sweep(declared, runs)
        else:
            new, missing = _runs_of_study(name, declared, runs)
        stored += new
        absent += missing
    return stored, absent


def _runs_in(folder: Path) -> list[StoredRun]:
    return StoredSweep(folder).runs if is_sweep(folder) else [StoredRun(folder)]


def _runs_of_study(name: str, study: Study | None, runs: Path) -> tuple[list[StoredRun], list[str]]:
    """Return the newest run that answers a study, and a line when there is none."""
    named = [run for run in stored_runs(runs) if run.name == name]
    current = [run for run in named if study is None or _answers(run, study)]
    return current[:1], [] if current else [_absence(name, named)]


def _runs_of_sweep(sweep: Sweep, runs: Path) -> tuple[list[StoredRun], list[str]]:
    """Return the newest run of each setting, and a line about each that has none."""
    folders = sorted(runs.glob(f"*/{SWEEP}"), key=lambda path: path.stat().st_mtime, reverse=True)
    swept = [run for path in folders for run in StoredSweep(path.parent).runs]
    newest, absent = [], []
    for setting in sweep.settings:
        current = [run for run in swept if _answers(run, setting.study)]
        newest += current[:1]
        if not current:
            absent.append(f"{sweep.name}, setting {setting.name}, was not run")
    if not newest:
        first, more = sweep.settings[0].name, len(sweep.settings) - 1
        absent = [f"{sweep.name}, setting {first} and {more} more, was not run"]
    return newest, absent


def _answers(run: StoredRun, study: Study) -> bool:
    """Whether a run is of this study, and with at least its budget."""
    return run.digest == study.digest and run.study.search.generations >= study.search.generations


def _absence(name: str, older: Sequence[StoredRun]) -> str:
    if not older:
        return f"{name} was not run"
    return f"{name} was run from another declaration; --run {older[0].folder} draws it anyway"
