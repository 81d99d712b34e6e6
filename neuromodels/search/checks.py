"""What a search accepts: names, options, numbers of candidates, centres and sigmas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from numbers import Integral

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.search.interface import OptimizerInfo


def nearest_name(name: str, known: Iterable[str]) -> str:
    """Return the sentence that offers the known name closest to `name`, or an empty one."""
    plain = {_simplify(each): each for each in known}
    close = get_close_matches(_simplify(name), plain, n=1, cutoff=0.5)
    return f"Did you mean {plain[close[0]]!r}? " if close else ""


def _simplify(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def completed_options(info: OptimizerInfo, options: Mapping[str, float] | None) -> dict[str, float]:
    """Return all options of an optimizer, the given ones replacing defaults.

    Raises
    ------
    DeclarationError
        An unknown option, or a value outside its limits.
    """
    given = dict(options or {})
    for name, value in given.items():
        _check_option(info, name, value)
    return {**info.defaults, **{name: float(value) for name, value in given.items()}}


def _check_option(info: OptimizerInfo, name: str, value: object) -> None:
    option = info.options.get(name)
    if option is None:
        known = ", ".join(info.options) or "none"
        raise DeclarationError(
            "SearchPlan.options",
            f"must be options of {info.name!r}",
            name,
            f"{nearest_name(name, info.options)}Known: {known}.",
        )
    if not option.holds(value):
        raise DeclarationError(
            f"SearchPlan.options[{name!r}]",
            f"must be a number in [{option.low:g}, {option.high:g})",
            value,
            f"The default is {option.default:g}.",
        )


def check_candidates(info: OptimizerInfo, candidates: int) -> int:
    """Return the number of candidates, or refuse it: too few, or odd though antithetic."""
    candidates = checked_count("SearchPlan.candidates", candidates, info.fewest)
    if info.antithetic and candidates % 2:
        raise DeclarationError(
            "SearchPlan.candidates",
            f"must be even for {info.name!r}, whose candidates are mirrored pairs",
            candidates,
            f"Use {candidates + 1}.",
        )
    return candidates


def checked_count(where: str, value: object, lowest: int) -> int:
    """Return a whole number, or refuse what is not one or is below `lowest`."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or int(value) < lowest:  # type: ignore[call-overload]
        raise DeclarationError(where, f"must be a whole number from {lowest} on", value)
    return int(value)  # type: ignore[call-overload]


def checked_centre(info: OptimizerInfo, centre: np.ndarray) -> np.ndarray:
    """Return a centre as numbers, (d,), or refuse one that is not finite or of a wrong length."""
    centre = np.asarray(centre, dtype=float)
    if centre.ndim != 1 or not centre.size or not np.isfinite(centre).all():
        raise DeclarationError(
            "Optimizer.centre",
            "must be a flat vector of at least one finite number",
            centre.shape if centre.ndim != 1 or not centre.size else centre,
        )
    smallest, largest = info.dimensions
    if not smallest <= centre.size <= largest:
        raise DeclarationError(
            "Optimizer.centre",
            f"{info.name!r} searches {smallest} to {largest:g} coefficients",
            centre.size,
            "Use 'pgpe', which takes any number.",
        )
    return centre


def checked_sigma(sigma: np.ndarray | float, dimension: int) -> np.ndarray:
    """Return one sigma per coordinate, (d,), or refuse what is not positive and finite."""
    sigma = np.asarray(sigma, dtype=float)
    if sigma.shape not in ((), (dimension,)) or not (np.isfinite(sigma) & (sigma > 0)).all():
        raise DeclarationError(
            "Optimizer.sigma",
            f"must be positive and finite, one number or {dimension}",
            sigma,
            "Freeze a coefficient that should not be searched.",
        )
    return np.broadcast_to(sigma, (dimension,))


def check_told(name: str, dimension: int, xs: np.ndarray, losses: np.ndarray) -> None:
    """Raise DeclarationError unless candidates are (n, d) and losses (n,)."""
    if xs.ndim != 2 or xs.shape[1] != dimension or losses.shape != xs.shape[:1]:
        raise DeclarationError(
            f"{name}.tell",
            f"xs must have shape (n, {dimension}) and losses (n,)",
            (xs.shape, losses.shape),
            "Tell one loss per candidate, the mean over its trials.",
        )


def check_told_goals(name: str, dimension: int, xs: np.ndarray, goals: np.ndarray) -> None:
    """Raise DeclarationError unless candidates are (n, d) and goals (n, 2) or more."""
    is_table = goals.ndim == 2 and goals.shape[1] > 1
    if xs.ndim != 2 or xs.shape[1] != dimension or not is_table or len(goals) != len(xs):
        raise DeclarationError(
            f"{name}.tell",
            f"xs must have shape (n, {dimension}) and goals (n, 2 or more)",
            (xs.shape, goals.shape),
            "Tell all goals of each candidate; for one goal take 'pgpe'.",
        )


# -- candidates whose losses are awaited, for optimizers of others ---------------------------------

type Asked[T] = dict[bytes, list[T]]
"""By row, what an optimizer knows of the candidates that were asked for."""


def note[T](asked: Asked[T], xs: np.ndarray, known: list[T], kept: int) -> None:
    """Await the losses of candidates (n, d), and of the latest `kept` rows only."""
    for row, each in zip(xs, known, strict=True):
        asked.setdefault(row.tobytes(), []).append(each)
    for lost in list(asked)[: max(len(asked) - max(kept, len(xs)), 0)]:
        del asked[lost]


def take[T](name: str, asked: Asked[T], xs: np.ndarray) -> list[T]:
    """Return what is known of candidates, whose losses are then no longer awaited.

    Raises
    ------
    DeclarationError
        Where one was not asked for, or was told before; `name` is the optimizer's.
    """
    rows = [row.tobytes() for row in np.ascontiguousarray(xs, dtype=float)]
    if any(count > len(asked.get(row, ())) for row, count in Counter(rows).items()):
        raise DeclarationError(
            f"{name}.tell",
            "xs must be candidates that ask returned, each told once",
            cure="Tell the very array, without rounding it to single precision.",
        )
    taken = [asked[row].pop(0) for row in rows]
    for row in {row for row in rows if not asked[row]}:
        del asked[row]
    return taken
