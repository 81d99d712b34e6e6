"""How often effects of terms are seen that are not there, and how often a planted one is found.

Forms are those of studies/populations/terms.toml: 84, of 17 terms, four rules of each per task.
One term alone drives the score, or none does. The package's own functions are asked of each table.

usage: python benchmarks/statistics/planted_terms.py [--sets N] [--data NOISE ...] [--out FILE]
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np

from neuromodels.analysis.population.effects import TermEffect, term_effects
from neuromodels.experiment.population.declaration import read_population
from neuromodels.experiment.population.forms import Form
from neuromodels.seeding import generator

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).parent / "planted_terms.csv"
HEADINGS = ("data", "planted", "sets", "what", "rate")
DRIVER = "k100"
OF_FORMS, OF_RULES = 0.03, 0.03
"""Standard deviations of scores: between forms of one effect, and between rules of a form."""
EFFECTS = (0.0, 0.02, 0.04)
MARGIN = 0.02
STARTS, SEEDS = ("narrow", "wide"), (1, 2)

Draw = Callable[[np.random.Generator, tuple[int, ...], np.ndarray], np.ndarray]
NOISE: dict[str, Draw] = {
    "normal": lambda rng, shape, has: rng.normal(size=shape),
    "uneven": lambda rng, shape, has: rng.normal(size=shape) * np.where(has, 2.0, 0.7)[:, None],
    "skewed": lambda rng, shape, has: rng.exponential(size=shape) - 1,
}
"""Noise of mean 0. Uneven: forms with the driver vary three times as much as the others."""


@cache
def declared_forms() -> tuple[tuple[str, ...], tuple[Form, ...]]:
    """Return the terms and the forms of the declared population."""
    found = read_population(ROOT / "studies" / "populations" / "terms.toml")
    return found.terms, found.forms


def planted_table(
    terms: tuple[str, ...],
    forms: tuple[Form, ...],
    effect: float,
    data: str,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Return a table of rules whose score one term alone drives, by `effect`."""
    has = np.array([[term in form.terms for term in terms] for form in forms])
    driven = has[:, terms.index(DRIVER)]
    noise = NOISE[data]
    own = 0.6 + effect * driven + OF_FORMS * noise(rng, (len(forms), 1), driven)[:, 0]
    cells = [(start, seed) for start in STARTS for seed in SEEDS]
    scores = own[:, None] + OF_RULES * noise(rng, (len(forms), len(cells)), driven)
    scores = scores + 0.05 * rng.normal(size=len(cells))  # what rules of a cell share
    rows = [(form, cell) for form in range(len(forms)) for cell in range(len(cells))]
    of_form, of_cell = (np.array(each) for each in zip(*rows, strict=True))
    return {
        "task": np.full(len(rows), "planted"),
        "start": np.array([cells[c][0] for c in of_cell]),
        "seed": np.array([cells[c][1] for c in of_cell]),
        "form": np.array([forms[f].name for f in of_form]),
        "kind": np.full(len(rows), "searched"),
        "score": scores[of_form, of_cell],
        **{f"has_{term}": has[of_form, k].astype(float) for k, term in enumerate(terms)},
    }


def rates(data: str, effect: float, sets: int) -> Iterator[tuple[str, float]]:
    """Yield what was seen in which share of the tables."""
    terms, forms = declared_forms()
    rng = generator(0, "planted terms", data, effect)
    tables = (planted_table(terms, forms, effect, data, rng) for _ in range(sets))
    found = [term_effects(table, "score", margin=MARGIN) for table in tables]
    others = [[each for each in row if each.term != DRIVER or not effect] for row in found]
    drivers = [each for row in found for each in row if each.term == DRIVER]
    yield "any false effect", _share([any(e.is_shown for e in row) for row in others])
    yield "interval holds, other terms", _share([_holds(e, 0.0) for row in others for e in row])
    yield "interval holds, driver", _share([_holds(e, effect) for e in drivers])
    yield "driver found", _share([e.is_shown and e.effect > 0 for e in drivers])
    if effect >= MARGIN:
        yield "driver called none", _share([e.is_none for e in drivers])
    yield "other terms called none", _share([e.is_none for row in others for e in row])


def _share(values: list[bool]) -> float:
    return float(np.mean(values))


def _holds(found: TermEffect, truth: float) -> bool:
    return found.interval.low <= truth <= found.interval.high


def main() -> None:
    """Write the rows of some kinds of noise; those of others stay in the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", type=int, default=500)
    parser.add_argument("--data", nargs="+", choices=list(NOISE), default=list(NOISE))
    parser.add_argument("--out", type=Path, default=TABLE)
    options = parser.parse_args()
    rows = [row for row in _stored(options.out) if row[0] not in options.data]
    for data in options.data:
        for effect in EFFECTS:
            found = rates(data, effect, options.sets)
            rows += [(data, effect, options.sets, what, f"{rate:.4f}") for what, rate in found]
    with open(options.out, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADINGS, *rows])


def _stored(path: Path) -> list:
    if not path.exists():
        return []
    with open(path, newline="") as file:
        return list(csv.reader(file))[1:]


if __name__ == "__main__":
    main()
