"""The tables of a population on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

Said = Mapping[str, Any]
LEVEL = 0.05
SCORE = "score"


def population_view(said: Said) -> Group:
    """Return what `neuromodels.report.population.answer.said_of` says as tables and notes."""
    parts = [_effects(said), *([_contrasts(said)] if said["contrasts"] else []), _kinds(said)]
    return Group(*parts, *(Text(line, "dim") for line in _notes(said)))


def _effects(said: Said) -> Table:
    table = Table(title="Effect of each term on the score of a form", title_justify="left")
    table.add_column("term")
    for task in said["tasks"]:
        table.add_column(task, justify="right")
    shown = {(e["term"], e["task"]): e for e in said["effects"] if e["value"] == SCORE}
    for term in said["terms"]:
        table.add_row(term, *(_cell(shown.get((term, task))) for task in said["tasks"]))
    return table


def _cell(effect: Said | None) -> str:
    if effect is None:
        return ""
    if effect["effect"] is None:
        return effect["reason"]
    alike = effect["equivalent_p"] is not None and effect["equivalent_p"] < LEVEL
    mark = " *" if is_shown(effect) else " =" if alike else ""
    return f"{effect['effect']:+.3f} ({effect['low']:+.3f} to {effect['high']:+.3f}){mark}"


def is_shown(effect: Said) -> bool:
    """Whether an effect is told from none."""
    return effect["p"] is not None and effect["p"] < LEVEL


def _contrasts(said: Said) -> Table:
    table = Table(title="Declared contrasts", title_justify="left")
    for name in ("claim", "effect", "p, Holm", "outcome"):
        table.add_column(name)
    for each in said["contrasts"]:
        effect = each["effect"]
        ends = (
            "" if effect is None else f"{effect:+.3f} ({each['low']:+.3f} to {each['high']:+.3f})"
        )
        outcome = "holds" if each["holds"] else each["reason"] or "not shown"
        table.add_row(each["claim"], ends, f"{each['p']:.3g}", outcome)
    return table


def _kinds(said: Said) -> Table:
    table = Table(title="Rules", title_justify="left")
    for name in ("task", "kind", "rules", "mean score", "stuck"):
        table.add_column(name)
    for row in said["kinds"]:
        score = "" if row["score"] is None else f"{row['score']:.3f}"
        stuck = "" if row["stuck"] is None else f"{row['stuck']:.0%}"
        table.add_row(row["task"], row["kind"], f"{row['rules']:,}", score, stuck)
    return table


def _notes(said: Said) -> list[str]:
    lines = [
        f"{said['rules']:,} searched rules, {said['forms']} forms, {said['trials']:,} trials,"
        f" {said['cpu_hours']:.2f} CPU hours.",
        "Effects: forms with a term less forms without it, other terms equal; 95 % t intervals.",
        "* told from none, p < .05 by the largest t over the terms of the task;"
        " = shown to be smaller than the margin.",
    ]
    others = [f"{e['task']} {e['value']}: {e['term']} {e['effect']:+.3g}" for e in _others(said)]
    if others:
        lines.append(f"Effects on other values: {'; '.join(others)}.")
    return [*lines, *_regret(said), *_missing(said), *_plan(said)]


def _others(said: Said) -> list[Said]:
    return [e for e in said["effects"] if e["value"] != SCORE and is_shown(e)]


def _regret(said: Said) -> list[str]:
    regret = said["regret"]
    if not regret:
        return []
    if regret["reason"]:
        return [f"Regret: {regret['reason']}."]
    return [
        f"Best single form: {regret['form']}; it costs {regret['regret']:.3f} against the best of"
        f" each task, chosen and judged on different seeds."
    ]


def _missing(said: Said) -> list[str]:
    """Return how many rules lack a value that others of their task have."""
    lost = {(e["task"], e["value"]): e["missing"] for e in said["effects"] if e["missing"]}
    whole = {row["task"]: row["rules"] for row in said["kinds"] if row["kind"] == "searched"}
    some = [
        f"{task} {value} {count:,}"
        for (task, value), count in lost.items()
        if count < whole.get(task, 0)
    ]
    return [f"Rules without a number, which take no part: {'; '.join(some)}."] if some else []


def _plan(said: Said) -> list[str]:
    plan = said["plan"]
    if not plan:
        return []
    if plan.get("committed") is not True:
        return ["✗ The file was not committed before the run began."]
    return [
        f"✓ The file was committed before the run began (commit {str(plan.get('commit'))[:10]})."
    ]
