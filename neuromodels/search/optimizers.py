"""The catalog of optimizers: our own, and some of nevergrad's, pycma's and pymoo's."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.search import (
    nevergrad_optimizer,
    openai_es,
    pgpe,
    pycma_optimizer,
    pymoo_optimizer,
    snes,
)
from neuromodels.search.checks import (
    check_candidates,
    checked_centre,
    checked_count,
    checked_sigma,
    completed_options,
    nearest_name,
)
from neuromodels.search.interface import Optimizer, OptimizerInfo

__all__ = ["OPTIMIZERS", "REFUSED", "Optimizer", "OptimizerInfo", "make_optimizer"]

_BORROWED = (nevergrad_optimizer.INFOS, pycma_optimizer.INFOS, pymoo_optimizer.INFOS)

OPTIMIZERS: dict[str, OptimizerInfo] = {
    info.name: info
    for infos in ((pgpe.INFO, snes.INFO, openai_es.INFO), *_BORROWED)
    for info in infos
}
"""Every optimizer by its name. A new one is declared in a file of its own and listed here."""

REFUSED: Mapping[str, str] = {
    "cma": "In nevergrad it means a variant whose population is one larger than the generation "
    "and that fails from a few hundred coefficients on; use 'cma_es' or 'sep_cma_es'.",
    "ngopt": "It chooses by itself among optimizers that fail with recent numpy; use 'pgpe'.",
    "ngiohtuned": "It draws from numpy's global generator, so no run can be repeated; use 'pgpe'.",
    "eda": "nevergrad's version diverges; use 'snes'.",
    "de": "It costs milliseconds per candidate in 1,000 dimensions; use 'TwoPointsDE'.",
}
"""Names of nevergrad that are left out on purpose, in lower case, and why."""


def make_optimizer(
    name: str,
    centre: np.ndarray,
    sigma: np.ndarray | float,
    candidates: int,
    seed: int,
    options: Mapping[str, float] | None = None,
) -> Optimizer:
    """Make an optimizer from the catalog.

    Parameters
    ----------
    name
        A name from `OPTIMIZERS`.
    centre
        Where the search starts, shape (d,).
    sigma
        Spread of the search, shape (d,) or one number.
    candidates
        Candidates per generation.
    seed
        Seed of the samples.
    options
        Options that differ from the optimizer's defaults.

    Raises
    ------
    DeclarationError
        An unknown name or option, or a value out of range.
    """
    info = checked_info(name)
    candidates = check_candidates(info, candidates)
    centre = checked_centre(info, centre)
    sigma = checked_sigma(sigma, centre.size)
    seed = checked_count("Optimizer.seed", seed, 0)
    return info.make(centre, sigma, candidates, seed, completed_options(info, options))


def checked_info(name: str) -> OptimizerInfo:
    """Return the catalog entry of an optimizer, or refuse its name with the reason."""
    info = OPTIMIZERS.get(name) if isinstance(name, str) else None
    if info is not None:
        return info
    reason = REFUSED.get(str(name).lower()) or nearest_name(str(name), OPTIMIZERS)
    raise DeclarationError(
        "SearchPlan.optimizer",
        "must be a name from the catalog",
        name,
        f"{reason.strip()} Known: {', '.join(OPTIMIZERS)}.".strip(),
    )
