"""Squashed modulatory unit that a task tells about rewards, and nobody else.

    o = tanh(sum of f*x + f_0 + gain*told),  x the traces of the neurons that drive it

`modulator` in all else. That reward drives modulatory neurons directly, and with a gain that no
search changes unless a study says so [I].
"""

from dataclasses import replace

from neuromodels.coefficients import Coefficient
from neuromodels.neurons.modulator import MODULATOR

REWARD_MODULATOR = replace(
    MODULATOR,
    name="reward_modulator",
    summary="modulator that hears the rewards of a task, beside the traces that drive it",
    equations=f"{MODULATOR.equations}\n        told : 1    # by the task",
    each_step="o = tanh(I + f_0 + gain*told)",
    taught="told",
    coefficients=(
        *MODULATOR.coefficients,
        Coefficient("gain", default=1.0, low=0, high=10, per="population", frozen=True),
    ),
    reference="form of Schmidgall 2020, arXiv:2006.05832 (released code); the reward: ours",
)
