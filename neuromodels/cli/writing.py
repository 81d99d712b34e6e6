"""Commands for whoever writes a study: make, show, check, look up, cite."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from neuromodels.cli.shown import announce_code
from neuromodels.commands import (
    JSON,
    SET,
    STUDY,
    argument,
    choices_in,
    command,
    complain,
    print_lines,
    said_when_slow,
    show,
    study_file,
)
from neuromodels.errors import printable


@command(
    "new",
    "write a commented study, rule, task or network that runs",
    argument("kind", later=choices_in("study.templates", "TEMPLATES")),
    argument("name", metavar="NAME", help="of the file, without its suffix"),
    argument("--folder", metavar="DIR", type=Path, default=Path()),
)
def _new(options: Namespace) -> int:
    from neuromodels.study.templates import write_template

    path, trial = write_template(options.kind, options.name, options.folder)
    print_lines(f"{options.kind}: {path}", f"try it: {trial}")
    return 0


@command(
    "show",
    "print a network as a methods section would",
    STUDY,
    argument("--condition", metavar="NAME", default="plastic", help="e.g. fixed (plastic)"),
    argument("--setting", metavar="NAME", default="", help="of a sweep (its first)"),
    SET,
    argument("--all", action="store_true", help="add every part of the network, in its order"),
    JSON,
)
def _show_study(options: Namespace) -> int:
    from neuromodels.report.methods import described_as, methods_of, values_of
    from neuromodels.study.conditions import condition_with_network
    from neuromodels.study.sweep import read_declared, setting_of

    condition_with_network(options.condition)
    declared = read_declared(options.file, options.set, announce=announce_code)
    study, setting = setting_of(declared, options.setting, complain)
    described = described_as(study, options.condition, setting)
    values = values_of(described) if options.json else {}
    return show(values, printable(methods_of(described, options.all)), options)


@command(
    "check",
    "check a rule, neuron, task or study of your own",
    argument("declared", metavar="FILE", type=study_file, help="my_rules.py:CALCIUM, or a study"),
    JSON,
)
def _check(options: Namespace) -> int:
    from neuromodels.api import verdict_of
    from neuromodels.experiment.contracts.users_file import check, lines_of

    is_study = options.declared.endswith((".toml", ".py"))
    slow = said_when_slow(complain, f"still runs {options.declared.rpartition(':')[0]}")
    verdict = (
        verdict_of(options.declared, announce_code) if is_study else check(options.declared, slow)
    )
    show(verdict, lines_of(verdict), options)
    return 0 if verdict["ok"] else 1


@command(
    "list",
    "show what there is to choose from",
    argument("kind", later=choices_in("report.listing", "KINDS")),
    JSON,
)
def _list(options: Namespace) -> int:
    from neuromodels.report.listing import catalog_table, items_of

    items = items_of(options.kind)
    values = {"kind": options.kind, "items": items}
    return show(values, catalog_table(options.kind, items), options)


@command(
    "cite",
    "print what to cite, as BibTeX",
    argument("asked", metavar="RUN|NAME", help="a run folder; a rule, neuron, task or optimizer"),
    JSON,
)
def _cite(options: Namespace) -> int:
    from neuromodels.report.citations.cite import citation_text, citations

    told = citations(options.asked)
    return show(told, citation_text(told), options)
