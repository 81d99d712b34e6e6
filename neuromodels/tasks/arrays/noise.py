"""Noise on images and other inputs, as in the tests of hybrid plasticity (Wu et al. 2022).

At level i = 0 ... 6 the amount is a = 0.01*i (released code):

    gaussian             a number of variance a is added to each input; then it is cut to 0 ... 1
    salt                 the share a of the inputs becomes 1
    pepper               the share 6*a of the inputs becomes 0
    salt and pepper      the share 2*a of the inputs becomes 1 or 0, each with the same chance

Inputs are numbers from 0 to `highest`. Drop-out sets a share of them to 0, as pepper does, but
scales nothing. That of neurons and synapses takes weights: `neuromodels.experiment.asking`.
Menu and amounts [C]; that salt and pepper are equally likely [I].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from neuromodels.errors import DeclarationError

LEVELS = range(7)
"""Of the menu; 0 is no noise."""


def gaussian(inputs: np.ndarray, variance: float, rng: np.random.Generator) -> np.ndarray:
    """Return inputs, from 0 to 1, with normal noise of a variance, cut to 0 ... 1."""
    return np.clip(inputs + rng.normal(0, np.sqrt(variance), inputs.shape), 0, 1)


def salt(inputs: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return inputs of which a share is 1."""
    return np.where(rng.random(inputs.shape) < share, 1.0, inputs)


def pepper(inputs: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return inputs of which a share is 0: drop-out of inputs."""
    return np.where(rng.random(inputs.shape) < share, 0.0, inputs)


def salt_and_pepper(inputs: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return inputs of which a share is 0 or 1."""
    lot = rng.random(inputs.shape)
    return np.where(lot < share, (lot < share / 2).astype(float), inputs)


KINDS: Mapping[str, tuple[Callable[..., np.ndarray], float]] = {
    "gaussian": (gaussian, 1.0),
    "salt": (salt, 1.0),
    "pepper": (pepper, 6.0),
    "salt and pepper": (salt_and_pepper, 2.0),
}
"""Kind of noise -> its function, and how many times 0.01 of it a level is."""


def noisy(
    inputs: np.ndarray,
    kind: str,
    level: int,
    rng: np.random.Generator,
    *,
    highest: float = 1.0,
) -> np.ndarray:
    """Return inputs with noise of a kind and level of the menu.

    Parameters
    ----------
    inputs
        Numbers from 0 to `highest`, of any shape.
    kind
        ``"gaussian"``, ``"salt"``, ``"pepper"`` or ``"salt and pepper"``.
    level
        From 0, none, to 6.
    highest
        The greatest input, in Hz where inputs are rates.

    Raises
    ------
    DeclarationError
        Where kind or level is none of the menu, or inputs lie outside.
    """
    if kind not in KINDS:
        raise DeclarationError("noisy.kind", f"must be one of {', '.join(KINDS)}", kind)
    if level not in LEVELS:
        raise DeclarationError("noisy.level", f"must be from 0 to {max(LEVELS)}", level)
    values = np.asarray(inputs, dtype=float) / highest
    if values.size and not (values.min() >= 0 and values.max() <= 1 + 1e-9):
        got = f"{inputs.min():g} to {inputs.max():g}"
        cure = "Give `highest`, 100 for the rates of a data set."
        raise DeclarationError("noisy.inputs", f"must lie from 0 to {highest:g}", got, cure)
    add, factor = KINDS[kind]
    return highest * add(values, factor * level / 100, rng)
