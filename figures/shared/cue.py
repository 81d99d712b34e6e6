"""Conditions of the cue association study: how they are called and drawn."""

from collections.abc import Sequence

from neuromodels.errors import NeuromodelsError
from neuromodels.report.plotting.style import Mark
from neuromodels.store.store import StoredRun

TASK = "cue_association"
STUDY = "cue_association"
CONDITION = "plastic"
CHANCE = 0.5
RULES = {
    "fixed": Mark("SNN", "#D55E00", "s", "--"),
    "plastic_bcm": Mark("Plastic SNN (BCM)", "#56B4E9", "^"),
    "plastic_oja": Mark("Plastic SNN (Oja)", "#0072B2", "o"),
    "nm_bcm": Mark("Neuromodulated SNN (BCM)", "#E69F00", "v"),
    "nm_oja": Mark("Neuromodulated SNN (Oja)", "#009E73", "D"),
}
"""Rule -> the paper's name of the condition, in the paper's order."""
SHORT = {
    "fixed": "SNN",
    "plastic_bcm": "P-BCM",
    "plastic_oja": "P-Oja",
    "nm_bcm": "NM-BCM",
    "nm_oja": "NM-Oja",
}


def rule_of(run: StoredRun) -> str:
    """Return the name of a run's rule."""
    return run.study.rule.name


def runs_by_rule(figure: str, runs: Sequence[StoredRun]) -> dict[str, StoredRun]:
    """Return the runs by rule, in the order of `RULES`.

    Raises
    ------
    NeuromodelsError
        For a run of another task or rule, and for two runs of one rule.
    """
    found: dict[str, StoredRun] = {}
    for run in runs:
        task, rule = run.study.task.name, rule_of(run)
        if task != TASK:
            raise NeuromodelsError(figure, f"draws runs of {TASK}", task)
        if rule not in RULES or rule in found:
            known = ", ".join(RULES)
            raise NeuromodelsError(figure, f"draws one run of each rule: {known}", rule)
        found[rule] = run
    return {rule: found[rule] for rule in RULES if rule in found}
