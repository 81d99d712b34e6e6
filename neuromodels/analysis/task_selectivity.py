"""How selective neurons are of one of two tasks (Flesch et al. 2023, PLoS Comput Biol 19:e1010808).

Of a neuron that spikes ``a`` times while one task is on and ``b`` times while the other is,

    selectivity = |a - b|/(a + b)

It is 0 for a neuron that hears nothing of the task, and 1 for one that spikes in one task alone.
The mean over few spikes is above 0 by chance. So compare it with that of tasks in another order.
"""

from __future__ import annotations

import numpy as np


def task_selectivity(spikes: np.ndarray, tasks: np.ndarray) -> float:
    """Return the mean selectivity of neurons that spike at all.

    Parameters
    ----------
    spikes
        Numbers of spikes, (stimuli, neurons).
    tasks
        Which task was on, 0 or 1, (stimuli,).

    Returns
    -------
    float
        From 0 to 1; NaN where no neuron spikes.

    Raises
    ------
    ValueError
        Where one of the tasks was never on, or the shapes do not fit.

    Examples
    --------
    >>> task_selectivity(np.array([[4, 1], [0, 1]]), np.array([0, 1]))
    0.5
    """
    spikes, tasks = np.asarray(spikes, dtype=float), np.asarray(tasks)
    if spikes.ndim != 2 or tasks.shape != spikes.shape[:1]:
        shapes = f"{spikes.shape} and {tasks.shape}"
        raise ValueError(f"tasks must be one for each stimulus; got shapes {shapes}")
    if set(np.unique(tasks)) != {0, 1}:
        raise ValueError(f"tasks must be 0 and 1, both there; got {np.unique(tasks).tolist()}")
    first, second = spikes[tasks == 0].sum(axis=0), spikes[tasks == 1].sum(axis=0)
    total = first + second
    active = total > 0
    if not active.any():
        return float("nan")
    return float((np.abs(first - second)[active] / total[active]).mean())
