"""Trials that show many samples, one after the other: where each stands in the arrays.

Presentation k of trial n shows the sample ``shown[n, k]``. In the samples that ``taught[n, k]``
marks, each read-out is told 1 for its class and -1 for the others. All of them are one trial of one
network: what it has learned stays from sample to sample, and nothing is compiled or set up anew.
"""

from __future__ import annotations

from neuromodels.tasks.arrays.trial_arrays import TrialArrays

NOW = "(timestep(t, dt) - prelude)"
"""The step of a trial, negative in the silence before it."""
SHOWING = f"int({NOW} >= 0)"
ROW = f"({SHOWING}*{NOW})//substeps"
"""The row of a trial's arrays, the first one before the trial; whole however long that is."""


def place_of(trial: str, arrays: TrialArrays) -> str:
    """Return the place of what is shown now among the presentations of all trials."""
    return f"({trial}*{arrays.presentations} + ({ROW})//{arrays.shape[1]})"


def row_of(trial: str, arrays: TrialArrays) -> str:
    """Return the row of the inputs that is shown now."""
    steps = arrays.shape[1]
    if arrays.shown is None:
        return f"{trial}*{steps} + {ROW}"
    sample = f"shown_values({place_of(trial, arrays)}*second)"
    return f"{sample}*{steps} + ({ROW}) % {steps}"


def taught_of(trial: str, arrays: TrialArrays) -> str:
    """Return what the read-out j is told now: 1, -1, or 0 for nothing."""
    place = place_of(trial, arrays)
    label = f"answer_values(shown_values({place}*second)*second)"
    counts = f"*mask_values(({row_of(trial, arrays)})*second)" if arrays.mask is not None else ""
    return f"{SHOWING}*taught_values({place}*second){counts}*(2*int({label} == j) - 1)"
