"""What each term of the PDLF rule is worth, and how few coefficients do (arXiv:2308.12063).

The published comparison is of control tasks, and its curve of SCP alone is no measurement; this one
is of the copy task, with settings, seeds and budget declared before the runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from figures.shared.scores import counts_of, final_of, note_on
from figures.shared.tables import rows_of
from neuromodels.analysis.effects import Effect, effect_of
from neuromodels.errors import NeuromodelsError
from neuromodels.report.plotting.draw import new_figure, place, write_note
from neuromodels.report.plotting.panels import draw_rows, show_all
from neuromodels.report.plotting.style import PAGE, styled
from neuromodels.store.store import StoredRun

NEEDS = ("pdlf_terms",)
TABLES = ("pdlf_terms.csv",)
DECLARED = "eta = 1"
"""The start that the study declares; the table has an older one, too."""
CONDITION = "plastic"
CHANCE = 0.5
DIFFERENCE = "mean over the seeds that both have"
FOOT = 17.0
"""Room below the panels, mm."""
REFERENCE = ("pdlf", "synapse")
LABELS = {
    ("pdlf", "synapse"): "both: A x (y - C) + B y + D",
    ("pdlf_scp", "synapse"): "SCP: A x (y - C)",
    ("pdlf_pdp_post", "synapse"): "PDP, post: B y + D",
    ("pdlf_pdp_pre", "synapse"): "PDP, pre: B x + D",
    ("pdlf_drift", "synapse"): "D alone",
    ("pdlf", "post, pre"): "both, one number per neuron",
    ("pdlf", "projection"): "both, one number per projection",
}
"""Rule and granularity -> how the figure calls it, in its order."""


@dataclass(frozen=True)
class Setting:
    """One setting of the study.

    Parameters
    ----------
    key
        Rule, and how many numbers a coefficient stands for.
    dimension
        How many numbers were searched.
    scores
        Final score by seed.
    """

    key: tuple[str, str]
    dimension: int
    scores: dict[int, float]

    @property
    def label(self) -> str:
        rule, per = self.key
        return LABELS.get(self.key, f"{rule}, {per}")


def collect(runs: Sequence[StoredRun]) -> list[Setting]:
    """Return the settings that are finished for some seed, in the order of `LABELS`.

    Raises
    ------
    NeuromodelsError
        When no seed is finished, or the full rule is missing, with which all are compared.
    """
    found = [setting for run in runs if (setting := _setting(run)).scores]
    if REFERENCE not in [setting.key for setting in found]:
        raise NeuromodelsError(
            "pdlf_terms",
            "needs the full rule, with which all others are compared",
            [run.name for run in runs],
            "Run studies/pdlf_terms.toml until its first setting ends.",
        )
    return _sorted(found)


def _sorted(settings: Sequence[Setting]) -> list[Setting]:
    order = list(LABELS)
    return sorted(settings, key=lambda s: order.index(s.key) if s.key in order else len(order))


def _setting(run: StoredRun) -> Setting:
    ledger = run.ledger()
    try:
        scores = {test.seed: test.score for test in ledger.tests("final", CONDITION)}
        dimensions = [row.dimension for row in ledger.runs() if row.condition == CONDITION]
    finally:
        ledger.close()
    rule = run.study.rule
    per = sorted({each["per"] for each in rule.coefficients.values()})
    return Setting((rule.name, ", ".join(per)), max(dimensions, default=0), scores)


def collect_committed() -> list[Setting]:
    """Return the settings of the table."""
    found: dict[tuple[str, str], Setting] = {}
    for row in rows_of(*TABLES, start=DECLARED, condition=CONDITION):
        key = row["rule"], row["per"]
        setting = found.setdefault(key, Setting(key, int(row["dimension"]), {}))
        setting.scores[int(row["seed"])] = float(row["score"])
    return _sorted(list(found.values()))


def effects(settings: Sequence[Setting]) -> list[Effect | None]:
    """Return each setting against the full rule, paired by the seeds that both have."""
    (reference,) = (each for each in settings if each.key == REFERENCE)
    return [None if each is reference else _effect(each, reference) for each in settings]


def _effect(setting: Setting, reference: Setting) -> Effect | None:
    seeds = sorted(set(setting.scores) & set(reference.scores))
    if not seeds:
        return None
    ours, theirs = (np.array([each.scores[k] for k in seeds]) for each in (setting, reference))
    return effect_of(ours, theirs)


def draw(data: list[Setting]):
    """Return the figure, a page wide: scores, and differences from the full rule."""
    with styled():
        high = 7.0 * len(data)
        figure = new_figure(PAGE, high + FOOT + 6, exact=True)
        left, right = place(figure, 48, FOOT, 56, high), place(figure, 112, FOOT, 42, high)
        names = [f"{each.label}\n{each.dimension:,} searched" for each in data]
        finals = [final_of(np.array(list(each.scores.values()))) for each in data]
        middles, ranges = [each.median for each in finals], [(e.low, e.high) for e in finals]
        draw_rows(left, names, middles, ranges, [each.seeds for each in finals])
        left.axvline(CHANCE, color="0.5", linewidth=0.7, linestyle=(0, (4, 2)), zorder=0)
        show_all(left, 0.45, 1.02, along="x")
        left.set_title("dashed: chance")
        left.set_xlabel("fraction of bits recalled")
        found = effects(data)
        _draw_effects(right, found)
        note = note_on(counts_of([], finals), "one seed: its score")
        labels = dict.fromkeys(each.interval.label for each in found if each)
        write_note(figure, f"{note}. Right: {DIFFERENCE}; {'; '.join(labels)}")
        return figure


def _draw_effects(axes, found: list[Effect | None]) -> None:
    middles = [np.nan if each is None else each.difference for each in found]
    ranges = [(np.nan, np.nan) if each is None else (each.low, each.high) for each in found]
    draw_rows(axes, [""] * len(found), middles, ranges)
    for row, each in enumerate(found):
        if each is not None:
            axes.annotate(
                f"{each.delta:+.2f}".replace("-", "−"),
                (1.02, row),
                xycoords=("axes fraction", "data"),
                va="center",
            )
    axes.axvline(0, color="0.5", linewidth=0.7, zorder=0)
    axes.set_xlabel("difference from the full rule")
    axes.annotate(
        "Cliff's δ", (1.02, -0.7), xycoords=("axes fraction", "data"), annotation_clip=False
    )
