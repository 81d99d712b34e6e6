"""Figure scripts of a checkout: what they are drawn from, and drawing them."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from neuromodels.errors import DeclarationError, NeuromodelsError, RunNotFound, said_by
from neuromodels.files import check_target, refuse_link, writing
from neuromodels.report.committed import Committed, committed_for
from neuromodels.report.needed_runs import fitting_runs, is_any_run, runs_for
from neuromodels.store.store import StoredRun
from neuromodels.study.file import text_of
from neuromodels.study.kinds import nearest
from neuromodels.study.limits.toml_text import UnreadableText, table_in

SUFFIXES = (".pdf", ".png")
MOST_NAMED = 3
CELL = ("task.", "search.target", "search.trials")
"""What a sweep varies that is a grid of one task, each cell with an aim and trials of its own."""


@dataclass(frozen=True)
class Source:
    """Where the numbers of a figure come from: stored runs, or committed tables.

    Parameters
    ----------
    runs
        Stored runs; none where `committed` is given.
    committed
        The tables; None where runs are drawn.
    absent
        A line about each run that is not there.
    """

    runs: Sequence[StoredRun] = ()
    committed: Committed | None = None
    absent: Sequence[str] = ()

    @property
    def lines(self) -> list[str]:
        """What is said of it: each run that is not there, then what is drawn."""
        return [*(f"note: {line}" for line in self.absent), self._line]

    @property
    def _line(self) -> str:
        if self.committed is not None:
            return self.committed.line
        named = [str(run.folder) for run in self.runs]
        more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
        return f"source: stored run{'s' * (len(named) > 1)}: {', '.join(named[:MOST_NAMED])}{more}"

    @property
    def home(self) -> Path:
        """Where its figures go: beside an only run; those of tables never beside those of runs."""
        if self.committed is not None:
            return Path("output") / "figures" / "committed"
        return (self.runs[0].folder if len(self.runs) == 1 else Path("output")) / "figures"

    def draw(self, script: ModuleType) -> Any:
        """Return the figure that a script draws of it.

        Raises
        ------
        NeuromodelsError
            When it cannot be drawn.
        """
        if self.committed is None:
            return script.draw(script.collect(list(self.runs)))
        return _draw_committed(script, self.committed)


def _draw_committed(script: ModuleType, committed: Committed) -> Any:
    """Return the figure of committed tables, which it says at its foot."""
    from neuromodels.report.plotting.draw import write_note

    try:
        data = script.collect_committed()
    except (KeyError, ValueError, TypeError, AttributeError, OSError) as error:
        tables = [str(table.path) for table in committed.tables]
        must = f"must hold what the figure reads ({said_by(error)})"
        raise NeuromodelsError("figure", must, tables) from None
    figure = script.draw(data)
    write_note(figure, committed.caption)
    return figure


def draw_figure(script: ModuleType, source: Source, targets: Sequence[Path]) -> list[Path]:
    """Draw a figure and save it; return where it lies."""
    from neuromodels.report.plotting.draw import save  # matplotlib takes a second

    for target in targets:
        if target.suffix not in (*SUFFIXES, ".svg"):
            raise NeuromodelsError(str(target), "must end in .pdf, .png or .svg")
        check_target(target)
    figure = source.draw(script)
    for target in targets:
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            save(figure, target)
    return list(targets)


@dataclass(frozen=True)
class Asked:
    """What figures are to be drawn from.

    Parameters
    ----------
    folders
        Run folders the user named; none: what is found.
    runs
        Where run folders lie.
    checkout
        Where studies and figure scripts lie.
    are_tables
        Whether committed tables are asked for, whatever runs there are.
    """

    folders: Sequence[Path]
    runs: Path
    checkout: Path
    are_tables: bool = False

    def __post_init__(self) -> None:
        if self.are_tables and self.folders:
            raise NeuromodelsError(
                "figure --from-tables",
                "draws committed tables, no runs",
                [str(folder) for folder in self.folders],
                "Leave out --run or --from-tables.",
            )


def draw_named(name: str, asked: Asked, out: Path | None) -> Iterator[str]:
    """Draw a figure; yield what it is drawn from, then where it lies.

    Parameters
    ----------
    out
        The file; None: see `targets_for`.
    """
    script = load_script(name, asked.checkout)
    source = source_of(script, asked, runs_for)
    paths = draw_figure(script, source, targets_for(name, source, out))
    yield from source.lines
    yield from (f"figure: {path}" for path in paths)


@dataclass(frozen=True)
class Drawing:
    """What came of one of all figures: lines to show, and whether it was drawn."""

    lines: tuple[str, ...]
    is_drawn: bool


def draw_all(asked: Asked, out: Path | None) -> Iterator[Drawing]:
    """Draw every figure that has its runs or its tables; say of the others what they lack.

    Parameters
    ----------
    asked
        Its folders may also be sweep folders and folders of runs.
    out
        A folder; None: see `targets_for`.
    """
    for name in scripts_of(asked.checkout):
        script = load_script(name, asked.checkout)
        try:
            source = source_of(script, asked, fitting_runs)
            paths = draw_figure(script, source, targets_in(out, name, source))
        except NeuromodelsError as error:
            yield Drawing((f"not drawn: {name}: {error}",), is_drawn=False)
        else:
            lines = (*source.lines, *(f"figure: {path}" for path in paths))
            yield Drawing(lines, is_drawn=True)


Found = tuple[list[StoredRun], list[str]]
Find = Callable[[ModuleType, Sequence[Path], Path, Path], Found]
"""Returns the runs a figure is drawn from and a line about each that is not there."""


def source_of(script: ModuleType, asked: Asked, find: Find) -> Source:
    """Return what a figure is drawn from: runs, or committed tables where nothing was run.

    Tables never stand in for runs that are there and do not fit: the refusal of these is of more
    use than a figure of somebody else's numbers.

    Raises
    ------
    RunNotFound
        When nothing can be drawn; names the command that makes the first run needed.
    """
    committed = committed_for(script, asked.checkout)
    if asked.are_tables:
        if committed.tables:
            return Source(committed=committed)
        must = f"cannot be drawn from committed tables: none has {committed.lacking or 'its data'}"
        raise RunNotFound(
            "figure", must, cure=f"Make a run with: neuromodels run studies/{script.NEEDS[0]}.toml"
        )
    try:
        stored, absent = find(script, asked.folders, asked.runs, asked.checkout)
    except RunNotFound as error:
        if not committed.tables:
            lacking = f" (No committed table has {committed.lacking}.)" if committed.lacking else ""
            raise _and_said(error, lacking) from None
        if asked.folders or is_any_run(script, asked.runs):
            raise _and_said(error, " (Or add --from-tables to draw the committed table.)") from None
        return Source(committed=committed)
    return Source(stored, absent=absent)


def _and_said(error: RunNotFound, more: str) -> RunNotFound:
    error.args = (f"{error}{more}",)
    return error


def targets_for(name: str, source: Source, out: Path | None) -> list[Path]:
    """Return where a figure goes: beside its only run, else into ``output/figures``."""
    if out is not None:
        return [out]
    targets = [source.home / f"{name}{suffix}" for suffix in SUFFIXES]
    for path in (source.home, *targets):
        refuse_link(path)
    return targets


def targets_in(folder: Path | None, name: str, source: Source) -> list[Path]:
    """Return where one of all figures goes: into a folder, or where it goes when drawn alone.

    Raises
    ------
    NeuromodelsError
        When the folder is named like a figure.
    """
    if folder is None:
        return targets_for(name, source, None)
    if folder.suffix in (*SUFFIXES, ".svg"):
        raise NeuromodelsError("figure all --out", "must be a folder", str(folder))
    return [folder / f"{name}{suffix}" for suffix in SUFFIXES]


def studies_of_task(task: str, checkout: Path) -> tuple[str, ...]:
    """Return the studies of a checkout that declare a task, the smallest numbers first.

    Behind them stand sweeps of the task's own numbers; those of anything else are left out.
    """
    studies = []
    for path in sorted((checkout / "studies").glob("*.toml")):
        try:
            everything = table_in(text_of(path))
        except (DeclarationError, UnreadableText):
            continue  # whoever runs it is told
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
    return {path.stem: path for path in paths if re.search(r"(?m)^NEEDS\b", _source_of(path))}


def _source_of(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:  # what cannot be read draws nothing
        return ""


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
    _make_importable(checkout / "figures")
    spec = importlib.util.spec_from_file_location(f"figures.{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look up the module they are declared in
    try:
        spec.loader.exec_module(module)
    except (NeuromodelsError, KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:
        raise NeuromodelsError(str(path), "must run without an error", said_by(error)) from None
    return module


def _make_importable(folder: Path) -> None:
    """Let scripts import their neighbours, and nothing else of the folder around them.

    On Python's path the checkout would hide installed packages behind files of the same name.
    """
    package = ModuleType("figures")
    package.__path__ = [str(folder)]
    sys.modules["figures"] = package
