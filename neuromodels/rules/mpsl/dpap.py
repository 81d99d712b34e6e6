"""Pruning as in development: neurons whose synapses change little and that are quiet die (DPAP).

    w     <- clip(w + eta*x*psi*er, -w_max, w_max)    the rule `error_driven`
    theta <- theta + (y - theta)*dt/tau_theta         mean of the target's trace
    m     <- m + x*y*(y - theta)*dt/second            rule of BCM, summed over an epoch
    the synapse transmits w*alive

At the end of an epoch `survival_after` makes a neuron's survival R from the size of its m and from
its own activity:

    u = (score - lowest)/(75th percentile - lowest), at most 1;  D = 2*u - 1.5, and 2 more if D > 0
    R <- 0.999*R + D*exp(-floor((epoch - first)/13))

A neuron with R < 0 is dead for good: set `alive` of its synapses to 0. Only whole neurons die here.

BCM, score, D and R [C]; the error-driven rule for a surrogate gradient, where R begins [I].
"""

import numpy as np
from brian2.units import second

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.mpsl.error_driven import ERROR_DRIVEN

DECAY, EPOCHS_OF_AGE, UPPER, LOSS, REWARD = 0.999, 13, 75, 1.5, 2.0
"""Of R: how it fades, in how many epochs changes get smaller, the percentile that counts as 1, and
what a neuron loses and gains in an epoch."""

DPAP = PlasticityRule(
    name="dpap",
    summary="error_driven beside a BCM sum m, from which neurons are pruned after each epoch",
    model="""
        w : 1
        m : 1
        theta : 1
        alive : 1
    """,
    weight="w*alive",
    learns=("w", "m", "theta"),
    each_step=f"""
        {ERROR_DRIVEN.each_step}
        theta += (y - theta)*dt/tau_theta
        m += x*y*(y - theta)*dt/second
    """,
    coefficients=(
        *ERROR_DRIVEN.coefficients,
        Coefficient("alive", default=1.0, low=0, high=1, per="synapse", frozen=True),
    ),
    constants={**ERROR_DRIVEN.constants, "tau_theta": 1 * second},
    needs_error=True,
    reference="after Han et al. 2022, arXiv:2211.12714 (released code)",
)


def survival_after(
    survival: np.ndarray, score: np.ndarray, epoch: int, first: int = 0
) -> np.ndarray:
    """Return the survival of neurons at the end of an epoch.

    Parameters
    ----------
    survival
        R so far, (..., neurons); below 0: dead.
    score
        Size of a neuron's m times its mean activity, at least 0, (..., neurons).
    epoch, first
        Number of the epoch, and of the first with pruning.

    Returns
    -------
    ndarray
        R of living neurons (..., neurons); the dead keep theirs, and count for no percentile.
    """
    dead = survival < 0
    living = np.where(dead, np.nan, score)
    lowest = np.nanmin(living, axis=-1, keepdims=True)
    upper = np.nanpercentile(living, UPPER, axis=-1, keepdims=True)
    share = np.clip((score - lowest) / np.maximum(upper - lowest, 1e-12), 0, 1)
    change = 2 * share - LOSS
    change = change + REWARD * (change > 0)
    age = np.exp(-np.floor((epoch - first) / EPOCHS_OF_AGE))
    return np.where(dead, survival, DECAY * survival + change * age)
