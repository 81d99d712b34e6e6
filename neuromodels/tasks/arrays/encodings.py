"""How numbers from 0 to 1 become inputs over time: rates, latencies, or events.

Each takes (samples, features) or (samples, frames, features) and returns (samples, steps, channels)
for `TrialArrays`. Which `kind` of inputs a study then names stands with each function.
"""

from __future__ import annotations

import numpy as np

from neuromodels.errors import DeclarationError


def as_rates(values: np.ndarray, *, steps: int = 1, highest: float = 100.0) -> np.ndarray:
    """Return constant rates, Hz, for ``kind = "rates"``.

    Parameters
    ----------
    values
        From 0 to 1, (samples, features).
    steps
        How many steps the rates are held.
    highest
        Rate of a feature that is 1, Hz.
    """
    _check(values, "as_rates", 2)
    _check_steps(steps, "as_rates", 1)
    return np.repeat(highest * values[:, None], steps, axis=1)


def as_latencies(values: np.ndarray, *, steps: int = 10, silent_below: float = 0.1) -> np.ndarray:
    """Return one spike for each feature, the earlier the larger it is, for ``kind = "spikes"``.

    A feature v spikes in step floor((1 - v)*steps), the last step at most. One below
    `silent_below` has no spike at all.

    Parameters
    ----------
    values
        From 0 to 1, (samples, features).
    """
    _check(values, "as_latencies", 2)
    _check_steps(steps, "as_latencies", 2)
    when = np.minimum(np.floor((1 - values) * steps).astype(int), steps - 1)
    spikes = when[:, None] == np.arange(steps)[None, :, None]
    return (spikes & (values >= silent_below)[:, None]).astype(float)


def as_events(frames: np.ndarray, *, threshold: float = 0.1) -> np.ndarray:
    """Return a spike where a feature has risen or fallen, for ``kind = "spikes"``.

    A feature has two channels, one for rises and one for falls. It remembers the value at its last
    event. Where it is `threshold` or more away from that, it has one event in this step, and the
    remembered value moves there.

    Parameters
    ----------
    frames
        From 0 to 1, (samples, frames, features).

    Returns
    -------
    ndarray
        (samples, frames - 1, 2*features): rises, then falls.
    """
    _check(frames, "as_events", 3)
    _check_steps(frames.shape[1], "as_events", 2)
    if not threshold > 0:
        raise DeclarationError("as_events.threshold", "must be above 0", threshold)
    remembered = np.array(frames[:, 0], dtype=float)
    found = []
    for frame in np.moveaxis(frames[:, 1:], 1, 0):
        rises, falls = frame - remembered >= threshold, remembered - frame >= threshold
        remembered = np.where(rises | falls, frame, remembered)
        found.append(np.concatenate([rises, falls], axis=1))
    return np.stack(found, axis=1).astype(float)


def on_and_off(values: np.ndarray) -> np.ndarray:
    """Return two channels for each, one for how far it is above 0 and one for how far below.

    Parameters
    ----------
    values
        Any numbers, such as distances from a mean; channels are the last axis.
    """
    values = np.asarray(values, dtype=float)
    return np.concatenate([values.clip(min=0), (-values).clip(min=0)], axis=-1)


def as_regular_spikes(rates: np.ndarray, *, step: float) -> np.ndarray:
    """Return how many spikes a regular train has in each step, for ``kind = "spikes"``.

    A channel adds up its rate and spikes each time that the sum passes a whole number, from one
    half on. So there is no noise, other than by `kind = "rates"`.

    Parameters
    ----------
    rates
        Hz, (samples, steps, channels).
    step
        Length of a step, ms.
    """
    if np.ndim(rates) != 3 or not np.min(rates, initial=0) >= 0:
        must = "must be rates of at least 0, (samples, steps, channels)"
        raise DeclarationError("as_regular_spikes.rates", must, np.shape(rates))
    if not step > 0:
        raise DeclarationError("as_regular_spikes.step", "must be above 0", step)
    total = np.floor(0.5 + np.cumsum(np.asarray(rates, dtype=float) * step / 1000, axis=1))
    return np.diff(total, axis=1, prepend=0.0)


SACCADES = ((0, 1), (1, -1), (-1, 0))
"""Where the eye goes, as sides of a triangle (Orchard et al. 2015, Front Neurosci 9:437)."""


def saccades(images: np.ndarray, *, length: int = 4) -> np.ndarray:
    """Return an image as seen by an eye that goes round a triangle: synthetic, no camera saw it.

    Three moves, each of `length` frames, one pixel at a time, as N-MNIST was made with a moving
    sensor. `as_events` makes synthetic events of the frames.

    Parameters
    ----------
    images
        From 0 to 1, (samples, rows, columns).

    Returns
    -------
    ndarray
        (samples, 3*length + 1, rows*columns); what comes into sight is 0.
    """
    images = np.asarray(images, dtype=float)
    _check(images, "saccades", 3)
    _check_steps(length, "saccades", 1)
    places = np.cumsum([(0, 0), *(move for move in SACCADES for _ in range(length))], axis=0)
    seen = np.stack([_shifted(images, *place) for place in places], axis=1)
    return seen.reshape(*seen.shape[:2], -1)


def _shifted(images: np.ndarray, down: int, right: int) -> np.ndarray:
    """Return images moved by whole pixels, 0 where nothing is."""
    _, rows, columns = images.shape
    moved = np.zeros_like(images)
    if abs(down) >= rows or abs(right) >= columns:
        return moved
    to = [slice(max(d, 0), size + min(d, 0)) for d, size in ((down, rows), (right, columns))]
    of = [slice(max(-d, 0), size + min(-d, 0)) for d, size in ((down, rows), (right, columns))]
    moved[:, *to] = images[:, *of]
    return moved


def _check(values: np.ndarray, owner: str, axes: int) -> None:
    if np.ndim(values) != axes:
        raise DeclarationError(f"{owner}.values", f"must have {axes} axes", np.shape(values))
    if np.size(values) and not (np.min(values) >= 0 and np.max(values) <= 1):
        got = f"{np.min(values):g} to {np.max(values):g}"
        raise DeclarationError(f"{owner}.values", "must lie from 0 to 1", got)


def _check_steps(steps: int, owner: str, fewest: int) -> None:
    if not isinstance(steps, int | np.integer) or steps < fewest:
        must = f"must be a whole number >= {fewest}"
        raise DeclarationError(f"{owner}.steps", must, steps)
