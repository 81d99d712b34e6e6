"""Figure scripts of a checkout: which stored runs they need, and drawing them."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from neuromodels.errors import NeuromodelsError, RunNotFound
from neuromodels.storage.files import writing
from neuromodels.storage.store import StoredRun, stored_runs
from neuromodels.studyfile import read_study
from neuromodels.studyform import nearest


def draw_figure(script: ModuleType, runs: Sequence[StoredRun], target: Path) -> Path:
    """Collect from stored runs, draw, and save; return where the figure lies."""
    figure = script.draw(script.collect(list(runs)))
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(target)
    return target


def load_script(name: str, checkout: Path) -> ModuleType:
    """Import ``figures/NAME.py``: a module with NEEDS, collect and draw.

    Raises
    ------
    NeuromodelsError
        When there is no such script.
    """
    os.environ.setdefault("MPLBACKEND", "Agg")  # figures are saved, never shown
    path = checkout / "figures" / f"{name}.py"
    if not path.is_file():
        known = sorted(p.stem for p in path.parent.glob("*.py") if not p.stem.startswith("_"))
        cure = f"{nearest(name, known).strip()} Known: {', '.join(known) or 'none'}.".strip()
        raise NeuromodelsError("figure", "must name a script in figures/", name, cure)
    spec = importlib.util.spec_from_file_location(f"figures.{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
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
        return [StoredRun(folder) for folder in folders], []
    stored = stored_runs(runs)
    found, absent = [], []
    for name in script.NEEDS:
        path = checkout / "studies" / f"{name}.toml"
        digest = read_study(path).digest if path.is_file() else None
        named = [run for run in stored if run.name == name]
        current = [run for run in named if digest in (None, run.digest)]
        found += current[:1]
        if not current:
            absent.append(_absence(name, named))
    if not found:
        first = script.NEEDS[0]
        raise RunNotFound(
            "figure",
            "needs a stored run",
            absent[0],
            f"Make it with: neuromodels run studies/{first}.toml",
        )
    return found, absent


def _absence(name: str, older: Sequence[StoredRun]) -> str:
    if not older:
        return f"{name} was not run"
    return f"{name} was run from another declaration; --run {older[0].folder} draws it anyway"
