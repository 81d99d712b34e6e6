"""What solutions do on the same probes: their read-outs in the same trials, and their windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from neuromodels.analysis.degeneracy.distances import unlike
from neuromodels.errors import DeclarationError
from neuromodels.experiment.episodes import Episodes, steps_of
from neuromodels.measures.degeneracy.window import Window, windows_of_all
from neuromodels.measures.quantities import Solution

LOOKS = 60
"""Steps of a trial at which read-outs are looked at, at even distances."""
AT_ONCE = 4096
"""Networks that run side by side."""


def outputs_of(solution: Solution, vectors: np.ndarray) -> np.ndarray:
    """Return the read-outs of several solutions of one study in the same trials.

    Inputs and noise are the same for all.

    Parameters
    ----------
    solution
        One of them; its streams are the trials.
    vectors
        Of all, (n, d).

    Returns
    -------
    ndarray
        (n, trials, looks, outputs).
    """
    width = max(1, AT_ONCE // len(solution.streams))
    parts = [vectors[k : k + width] for k in range(0, len(vectors), width)]
    return np.concatenate([_outputs(solution, part) for part in parts])


def _outputs(solution: Solution, vectors: np.ndarray) -> np.ndarray:
    trials = len(solution.streams)
    episodes = Episodes(
        solution.study,
        solution.condition,
        np.repeat(vectors, trials, axis=0),
        np.tile(solution.streams, len(vectors)),
    )
    steps = steps_of(solution.study)
    looks = np.unique(np.linspace(0, steps, min(steps, LOOKS) + 1).astype(int))
    seen = []
    for passed in np.diff(looks):
        episodes.run(int(passed))
        seen.append(episodes.readouts())
    found = np.stack(seen, axis=1)
    return found.reshape(len(vectors), trials, *found.shape[1:])


def between_outputs(outputs: np.ndarray) -> np.ndarray:
    """Return distances by outputs, (n, n): 1 minus the correlation over trials, looks and outputs.

    A read-out that is not finite counts as 0.
    """
    flat = np.nan_to_num(outputs.reshape(len(outputs), -1), nan=0.0, posinf=0.0, neginf=0.0)
    return unlike(flat)


def between_windows(solution: Solution, vectors: np.ndarray) -> np.ndarray | None:
    """Return distances by weight changes, (n, n): 1 minus the cosine, a mean over projections.

    None where the rule cannot be examined alone, or no weight stays in the range of numbers.
    """
    try:
        found = windows_of_all(solution, vectors)
    except DeclarationError:
        return None
    return between_changes(found)


def between_changes(found: Sequence[Sequence[Window]]) -> np.ndarray | None:
    """Return distances of solutions by their windows, see `between_windows`.

    What never changes in any solution, such as weights at M = 0, does not count.
    """
    parts = []
    for same in zip(*found, strict=True):
        changes = np.array([_changes(window) for window in same])
        if np.isfinite(changes).all() and changes.any():
            parts.append(unlike(changes, centred=False))
    return np.mean(parts, axis=0) if parts else None


def _changes(window: Window) -> np.ndarray:
    """Return medians over synapses: window, frequencies, and spikes of each side alone."""
    found: Mapping[str, np.ndarray] = vars(window.responses)
    names = ("window", "by_frequency", "before", "after")
    return np.concatenate([np.median(found[name], axis=0).ravel() for name in names])
