"""When a trial is without hope: its loss is no number, or its spikes or weights pass a limit.

One neuron watches. Its variable `over` ends the trial in the compiled loop as soon as it is not 0,
so that a candidate that has exploded costs no further steps.
"""

from __future__ import annotations

from neuromodels.study.conditions import Limits

OVER, SPIKES = "over", "spikes"
NO_NUMBER, EXPLODED = 1, 2
LARGEST_LOSS = 1e30
"""Still a number in single precision; a loss beyond it will never be small again."""


def beyond(name: str, weight: str, limits: Limits) -> str:
    """Return the line of a projection's equations that counts weights beyond the limit."""
    if not limits.largest_weight:
        return ""
    within = f"abs({weight}) <= {float(limits.largest_weight)!r}"
    return f"beyond_{name}_post = int(not ({within})) : 1 (summed)"


def health_equations(limits: Limits, projections: list[str], seconds: float) -> tuple[str, str]:
    """Return the equations of the neuron that watches, and its statements of each step.

    Parameters
    ----------
    projections
        Names of those whose weights have a limit.
    seconds
        Duration of a trial. Spikes only ever increase: a trial has passed the limit on its mean
        rate as soon as there are more than the whole trial may have.
    """
    watched = projections if limits.largest_weight else []
    names = [f"beyond_{name}" for name in watched]
    signs = [f"int({name} > 0)" for name in names]
    if limits.highest_rate:
        signs.append(f"int({SPIKES} > {float(limits.highest_rate * seconds)!r})")
    counted = [SPIKES] if limits.sees_spikes else []
    model = [f"{name} : 1" for name in [OVER, *counted, *names]]
    exploded = f" + {EXPLODED}*({' + '.join(signs)})" if signs else ""
    lost = f"{NO_NUMBER}*int(not (abs(loss) < {LARGEST_LOSS!r}))"
    return "\n".join([*model, "loss : 1 (linked)"]), f"{OVER} = {lost}{exploded}"
