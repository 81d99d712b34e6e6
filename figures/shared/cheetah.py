"""The runner's five conditions: which run is which, and how they are drawn and called."""

from collections.abc import Mapping, Sequence

from neuromodels.errors import NeuromodelsError
from neuromodels.report.plotting.style import Mark
from neuromodels.store.store import StoredRun

STUDY = "halfcheetah_run"
CONDITION = "plastic"
"""What each run searches: the rule of its setting, plastic or not."""
FIVE: Mapping[str, Mark] = {
    "fixed": Mark("SNN", "#D55E00", "s", "--"),
    "plastic_bcm": Mark("plastic SNN (BCM)", "#56B4E9", "^"),
    "plastic_oja": Mark("plastic SNN (Oja)", "#0072B2", "o"),
    "nm_bcm": Mark("neuromodulated SNN (BCM)", "#E69F00", "D"),
    "nm_oja": Mark("neuromodulated SNN (Oja)", "#009E73", "v"),
}
"""Rule -> mark; the names of the published figure, in colours of Okabe & Ito."""


def by_rule(figure: str, runs: Sequence[StoredRun]) -> dict[str, StoredRun]:
    """Return the run of each of the five rules, in their order.

    Raises
    ------
    NeuromodelsError
        When a run is of another rule, or two are of the same.
    """
    found: dict[str, StoredRun] = {}
    for run in runs:
        rule = run.study.rule.name
        if rule not in FIVE or rule in found:
            wanted = f"draws one run of each of {', '.join(FIVE)}"
            raise NeuromodelsError(figure, wanted, f"{rule} in {run.folder.name}")
        found[rule] = run
    return {rule: found[rule] for rule in FIVE if rule in found}
