"""Commands that ask something of finished solutions, and draw."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from neuromodels.cli.shown import announce_code
from neuromodels.commands import (
    JSON,
    SET,
    argument,
    checkout_folder,
    command,
    complain,
    count,
    positive,
    print_drawings,
    print_lines,
    repeatable,
    settings_from,
    show,
)
from neuromodels.store import RUNS


@command(
    "measure",
    "examine finished solutions on fresh trials",
    argument("run", type=Path, help="run folder"),
    argument("measure", later=settings_from("measures.examine", "choice_of_measures")),
    repeatable("--vary", metavar="KEY=VALUES", later=settings_from("measures.examine", "values")),
    repeatable("--only", metavar="CONDITION", help="e.g. plastic; without it all it is about"),
    argument("--trials", type=positive, default=2000, help="per solution (2000)"),
    argument(
        "--replace", action="store_true", help="also a result of more trials, or of other values"
    ),
    JSON,
)
def _measure(options: Namespace) -> int:
    from neuromodels.measures.examine import examine_solutions
    from neuromodels.report.measures import measure_table
    from neuromodels.store.store import StoredRun

    run, asked = StoredRun(options.run), (options.vary, options.only, options.replace)
    values = examine_solutions(run, options.measure, options.trials, announce_code, *asked)
    return show(values, measure_table(values), options)


@command(
    "battery",
    "measure all cognitive values, and compare rules",
    argument("run", type=Path, help="folder of runs or of a sweep, or a study file that was run"),
    argument("--trials", type=positive, default=500, help="per solution and probe (500)"),
    repeatable("--only", metavar="PROBE", help="e.g. recall; without it all that suit the task"),
    argument("--against", metavar="SETTING", default="", help="compare with it (the first)"),
    repeatable("--margin", metavar="VALUE=N", help="test whether VALUE is as good to within N"),
    argument(
        "--stuck", metavar="SCORE", type=float, help="below it a search is stuck (chance+.05)"
    ),
    argument(
        "--controls", metavar="SETTING", default="", help="also its rules shuffled, and random"
    ),
    argument("--workers", metavar="N", type=positive, default=1, help="answer in N processes (1)"),
    argument("--csv", type=Path, help="also write every value of every search to this file"),
    argument("--curves", type=Path, help="also write every point of every curve to this file"),
    JSON,
)
def _battery(options: Namespace) -> int:
    from neuromodels.report.battery.asked import battery_asked

    found, view = battery_asked(options, announce_code, complain)
    return show(found, view, options)


@command(
    "population",
    "search many forms of a rule, and tell what each term does",
    argument("file", type=Path, help="declares the population, or is a table of one (.csv)"),
    SET,
    argument("--out", metavar="DIR", type=Path, help="the run folder"),
    argument("--table", type=Path, help="take the rules from this table; nothing is searched"),
    argument("--figure", metavar="FILE", type=Path, help="save a picture of all effects"),
    JSON,
)
def _population(options: Namespace) -> int:
    from neuromodels.report.population.answer import population_of
    from neuromodels.report.population.view import population_view

    asked = options.set, options.out, options.table, options.figure
    said = population_of(options.file, *asked, announce_code, complain)
    return show(said, population_view(said), options)


@command(
    "simplify",
    "show the smallest rule that keeps a solution's score",
    argument("run", type=Path, help="run folder"),
    argument("--keep", type=float, default=0.95, help="part of the score above chance (0.95)"),
    argument("--trials", type=positive, default=500, help="that choose, and that test (500)"),
    JSON,
)
def _simplify(options: Namespace) -> int:
    from neuromodels.measures.simplify.run import simplify_run
    from neuromodels.report.battery.simplified import simplified_view
    from neuromodels.store.store import StoredRun

    found = simplify_run(StoredRun(options.run), options.trials, options.keep, announce_code)
    return show(found, simplified_view(found), options)


@command(
    "degeneracy",
    "tell whether the rules of several searches are one",
    argument("run", type=Path, help="folder of a run, of a sweep, or with runs in it"),
    argument("--trials", type=positive, default=100, help="that probe, and judge a path (100)"),
    argument("--bends", type=count, default=6, help="paths with a bend to look for (6)"),
    JSON,
)
def _degeneracy(options: Namespace) -> int:
    from neuromodels.measures.degeneracy.run import compare_solutions
    from neuromodels.report.battery.degeneracy import degeneracy_view

    asked = options.trials, options.bends
    found = compare_solutions(options.run, *asked, announce_code, complain)
    return show(found, degeneracy_view(found), options)


@command(
    "figure",
    "draw a figure from stored runs, or from committed tables",
    argument("name", metavar="NAME", help="e.g. pdlf_fig2b; all draws every one that can be drawn"),
    argument(
        "--run",
        metavar="RUN",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        help="run folders to draw from; for all also folders of them",
    ),
    argument(
        "--from-tables",
        action="store_true",
        help="draw from the tables in figures/data, as is done where nothing was run",
    ),
    argument("--out", metavar="FILE", type=Path, help="where to save it; for all a folder"),
)
def _figure(options: Namespace) -> int:
    from neuromodels.report.figures import Asked, draw_all, draw_named

    asked = Asked(options.run, RUNS, checkout_folder(), options.from_tables)
    if options.name != "all":
        print_lines(*draw_named(options.name, asked, options.out))
        return 0
    return print_drawings(draw_all(asked, options.out))
