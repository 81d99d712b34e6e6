"""Pictures of rules: what pairs of spikes do to a weight, computed from the rule's own equations.

A picture is drawn anew when the rule, its example or this file changes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import matplotlib
import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.report.plotting.style import GREY, NEGATIVE, POSITIVE, styled
from neuromodels.rules import PlasticityRule
from neuromodels.simulation.network.examined import check_examined
from neuromodels.simulation.network.responses import Responses, responses

STEP = 1e-3
"""Length of a step, s."""
_PART = {"eta": 1e-3, "A": 1.0, "B": 0.0, "C": 0.1, "D": 0.0}
_PAIRS = {"eta": 1e-4, "a_lead": 0.1, "a_lag": 0.05}
EXAMPLES: dict[str, dict[str, float]] = {
    "pdlf": _PART,
    "pdlf_scp": {"eta": 1e-3, "A": 1.0, "C": 0.1},
    "pdlf_pdp_post": {"eta": 1e-3, "B": 1.0},
    "pdlf_pdp_pre": {"eta": 1e-3, "B": 1.0},
    "nm_pdlf": _PART,
    "plastic_oja": {"alpha": 1.0},
    "plastic_bcm": {"alpha": 1.0},
    "nm_oja": {"alpha": 1.0},
    "nm_bcm": {"alpha": 1.0},
    "retroactive_oja": {"alpha": 1.0},
    "retroactive_bcm": {"alpha": 1.0},
    "three_factor": _PAIRS,
    "three_factor_split": {"alpha": 1.0, **_PAIRS},
    "r_stdp": {"eta": 1e-4, "a_plus": 0.1, "a_minus": 0.05},
    "doublet": {"eta": 1e-3, "gamma": 1.0, "kappa": -1.0},
    "taylor": {"k110": 1e-3, "k021": -1e-3},
    "taylor_modulated": {"k110": 1e-3, "k021": -1e-3},
}
"""Numbers of a picture where the defaults of a rule would show nothing."""
LEFT_OUT = ("fixed", "pdlf_drift", "scaling", "hebb")
"""Rules of which pairs of spikes show nothing."""


def picture_of(rule: PlasticityRule, folder: Path) -> tuple[Path, str] | None:
    """Return where the picture of a rule lies, and what it shows; None: it has none."""
    if rule.name in LEFT_OUT or not stands_alone(rule):
        return None
    values = EXAMPLES.get(rule.name, {})
    key = f"{rule!r}{values}{Path(__file__).read_text(encoding='utf-8')}"
    file = folder / f"{rule.name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.svg"
    if not file.exists():
        draw_in(file, rule, values)
    return file, caption_of(rule, values)


def stands_alone(rule: PlasticityRule) -> bool:
    """Whether a synapse of the rule can be examined without a neuron model and a circuit."""
    try:
        check_examined(rule, {})
    except DeclarationError:
        return False
    return True


def caption_of(rule: PlasticityRule, values: dict[str, float]) -> str:
    """Return what a picture shows, with the numbers that are not the rule's defaults."""
    third = ", third factor 1" if rule.third_factors else ""
    numbers = ", ".join(f"`{name} = {value:g}`" for name, value in values.items())
    example = f", {numbers}" if numbers else ", all numbers at their defaults"
    return (
        f"Change of weight by 60 pairs of spikes{third}{example}. Left: pairs at 1 Hz. Right: 10 ms"
        " apart. What the rule does without spikes is taken away."
    )


def draw_in(file: Path, rule: PlasticityRule, values: dict[str, float]) -> None:
    """Compute what pairs of spikes do, and draw it into a file."""
    numbers = {name: np.array([value]) for name, value in values.items()}
    found = responses(rule, numbers, STEP, np.ones(1) if rule.third_factors else None)
    file.parent.mkdir(parents=True, exist_ok=True)
    with styled(), matplotlib.rc_context({"svg.hashsalt": rule.name}):
        draw(found).savefig(file, metadata={"Date": None})


def draw(found: Responses) -> matplotlib.figure.Figure:
    """Return the picture: the window, and the dependence on frequency."""
    figure = matplotlib.figure.Figure(figsize=(6.5, 2.4), layout="constrained")
    window, frequency = figure.subplots(1, 2, sharey=True)
    for axes in (window, frequency):
        axes.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    window.plot(1000 * found.delays, found.window[0], color=POSITIVE)
    window.set(xlabel="post - pre (ms)", ylabel="change of weight")
    sides = (("pre first", POSITIVE), ("post first", NEGATIVE))
    for changes, (label, colour) in zip(found.by_frequency[0], sides, strict=True):
        frequency.plot(found.frequencies, changes, "o-", markersize=3, color=colour, label=label)
    frequency.set(xlabel="pairs per second")
    frequency.legend()
    return figure
