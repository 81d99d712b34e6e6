"""Commands that run studies, and say beforehand what they will be judged by."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from neuromodels.cli.shown import announce_code, show_comparison, show_report
from neuromodels.commands import (
    JSON,
    RUN,
    SET,
    STUDY,
    WORKERS,
    argument,
    command,
    complain,
    count,
    one_of,
    own_study_file,
    repeatable,
    say_on_a_new_line,
    show,
)
from neuromodels.report.terminal import Screen

if TYPE_CHECKING:
    from neuromodels.study.file import Declaration
    from neuromodels.study.study import Study
    from neuromodels.study.sweep import Sweep


@command(
    "run",
    "run a study file, or go on with it",
    STUDY,
    SET,
    argument("--out", metavar="DIR", type=Path, help="the run folder"),
    argument("--start", metavar="RUN", help="begin from the solutions of another run"),
    *WORKERS,
    JSON,
)
def _run(options: Namespace) -> int:
    from neuromodels.api import default_folder
    from neuromodels.study.file import is_of_network, read_declaration
    from neuromodels.study.sweep import declared_in, once

    asked = options.set + ([f"search.start={json.dumps(options.start)}"] if options.start else [])
    announce = once(announce_code)
    declaration = read_declaration(options.file, asked, announce)
    if is_of_network(declaration):
        return _go_network(declaration, options)
    declared = declared_in(declaration, None, announce, _too_large(options))
    folder = options.out or default_folder(declared)
    return _go(declared, folder, options, Path(options.file))


@command(
    "resume",
    "go on with a stopped or killed run",
    RUN,
    one_of(
        argument("--extend", metavar="N", type=count, default=0, help="search N more generations"),
        argument(
            "--budget",
            metavar="N",
            type=count,
            help="search N generations in all; takes back what --extend gave, if not yet searched",
        ),
    ),
    *WORKERS,
    JSON,
)
def _resume(options: Namespace) -> int:
    from neuromodels.api import stored_in
    from neuromodels.store.budget import set_budget
    from neuromodels.store.networks import is_network, stored_declaration

    if is_network(options.run):
        declaration = stored_declaration(options.run, options.extend, options.budget)
        return _go_network(declaration, options, options.run)
    if options.budget is not None:
        set_budget(options.run, options.budget)
    declared = stored_in(options.run, options.extend, announce_code, _too_large(options))
    return _go(declared, options.run, options)


def _too_large(options: Namespace) -> Callable[[str], None] | None:
    return complain if options.scheduler else None  # its workers may have more memory


def _go(
    declared: Study | Sweep, folder: Path, options: Namespace, beside: Path | None = None
) -> int:
    """Run what a folder does not hold of a study or a sweep, then show its table."""
    from neuromodels.api import go_on
    from neuromodels.experiment.coefficient_use import check_if_new
    from neuromodels.store.sweeps import is_sweep

    for text in check_if_new(declared, folder):
        complain(text)
    workers = (options.workers, options.scheduler, options.chunk_seconds)
    if code := go_on(
        declared, folder, Screen(stderr=options.json), say_on_a_new_line, workers, beside
    ):
        return code
    if is_sweep(folder):
        return show_comparison([folder], options)
    return show_report(folder, options)


def _go_network(declaration: Declaration, options: Namespace, folder: Path | None = None) -> int:
    """Run what a folder does not hold of a study of an own network, then show its tables."""
    from neuromodels.api import go_on_with_network

    workers = (options.workers, options.scheduler, options.chunk_seconds)
    asked = declaration, folder or getattr(options, "out", None), Screen(stderr=options.json)
    code, into = go_on_with_network(*asked, say_on_a_new_line, announce_code, workers)
    return code or show_report(into, options)


@command(
    "declare",
    "write the plan of a study, to commit before the run",
    argument("file", metavar="FILE", type=own_study_file, help="a study file"),
    SET,
    repeatable(
        "--contrast",
        metavar="CLAIM",
        help="what the study will be judged by: 'plastic > fixed', 'plastic = reset within 0.02'",
    ),
    repeatable("--exclude", metavar="RULE", help="which searches will not count, in words"),
    JSON,
)
def _declare(options: Namespace) -> int:
    from neuromodels.report.declared.written import declare, written_text
    from neuromodels.study.sweep import once, read_declared

    declared = read_declared(options.file, options.set, announce=once(announce_code))
    told = declare(Path(options.file), declared, options.contrast, options.exclude)
    return show(told, written_text(told), options)
