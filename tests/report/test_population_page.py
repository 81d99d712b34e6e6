"""The page of the population says what its committed table says, and the card names its columns."""

from pathlib import Path

import numpy as np

from neuromodels.analysis.population.contrasts import outcomes_of
from neuromodels.analysis.population.regret import regret_of
from neuromodels.experiment.population.declaration import read_population
from neuromodels.measures.population.table import read_table

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "results" / "population.md").read_text(encoding="utf-8")
CARD = (ROOT / "figures" / "data" / "population.md").read_text(encoding="utf-8")
TABLE = read_table(ROOT / "figures" / "data" / "population.csv")
DECLARED = read_population(ROOT / "studies" / "populations" / "terms.toml")


def test_the_table_has_every_rule_that_is_declared():
    searched = TABLE["kind"] == "searched"
    assert searched.sum() == DECLARED.size == 1008
    for form in DECLARED.forms:
        rows = TABLE["form"] == form.name
        assert rows.sum() == 3 * len(DECLARED.cells) * len(DECLARED.seeds)
        assert {t for t in DECLARED.terms if TABLE[f"has_{t}"][rows].all()} == set(form.terms)


def test_the_page_has_the_outcome_of_every_contrast():
    for found in outcomes_of(TABLE, DECLARED.contrasts):
        ends = f"{found.effect:+.3f} ({found.interval.low:+.3f} to {found.interval.high:+.3f})"
        outcome = "holds" if found.holds else "not shown"
        assert f"| `{found.claim.text}` | {ends} | {found.p:.2g} | {outcome} |" in PAGE


def test_the_page_has_the_means_of_rules_and_the_regret():
    for task in ("copy_6", "copy_8", "bandit"):
        for kind in ("searched", "random", "shuffled"):
            rows = (TABLE["task"] == task) & (TABLE["kind"] == kind)
            score, stuck = (np.mean(TABLE[name][rows]) for name in ("score", "stuck"))
            assert f"| {task} | {kind} | 336 | {score:.3f} | {stuck:.0%} |" in PAGE
    regret = regret_of(TABLE)
    assert f"best single form for all three tasks is `{regret.form}`" in PAGE
    assert f"{regret.regret:.3f}".lstrip("0") in PAGE


def test_the_card_names_every_column():
    for name in TABLE:
        assert f"`{'has_TERM' if name.startswith('has_') else name}`" in CARD, name
