"""Effects of terms over a population: against statsmodels, planted truths, and what is missing."""

import math

import numpy as np
import pandas as pd
import pytest

from neuromodels.analysis.population import regression
from neuromodels.analysis.population.contrasts import claim_in, outcomes_of
from neuromodels.analysis.population.effects import term_effects
from neuromodels.analysis.population.form_means import means_of_forms
from neuromodels.analysis.population.regression import fit_of
from neuromodels.analysis.population.regret import regret_of
from neuromodels.seeding import generator

TERMS = ("A", "B", "C", "D", "E", "F")
CELLS = [(start, seed) for start in ("narrow", "wide") for seed in (1, 2)]


def forms_of(count, seed=0):
    """Return which of the terms each form has, (forms, terms)."""
    return generator(seed, "forms").integers(2, size=(count, len(TERMS))).astype(float)


def table_of(has, scores, cells=CELLS, tasks=("memory",)):
    """Return a table of rules from scores, (forms, cells), the same on every task."""
    forms, places = np.indices((len(has), len(cells))).reshape(2, -1)
    columns = {
        "start": np.array([cells[place][0] for place in places]),
        "seed": np.array([cells[place][1] for place in places]),
        "form": np.array([f"form{form}" for form in forms]),
        "kind": np.full(forms.size, "searched"),
        "score": np.asarray(scores, dtype=float)[forms, places],
        **{f"has_{term}": has[forms, k] for k, term in enumerate(TERMS)},
    }
    whole = {name: np.tile(values, len(tasks)) for name, values in columns.items()}
    return {"task": np.repeat(tasks, forms.size), **whole}


def noisy(has, driven=0.0, seed=0, spread=0.03):
    """Return scores that the first term raises, between forms and rules of one spread."""
    rng = generator(seed, "noise")
    own = 0.6 + driven * has[:, 0] + spread * rng.normal(size=len(has))
    return own[:, None] + spread * rng.normal(size=(len(has), len(CELLS)))


# -- against others -------------------------------------------------------------------------------

#: statsmodels 0.15.0, OLS(y, [1, has]).fit(cov_type="HC3", use_t=True) of the data below
STATSMODELS = {
    "effect": [0.11484848484848487, 0.03151515151515155, 0.009090909090909038],
    "error": [0.028195075815272735, 0.027404529039760275, 0.031637152686585325],
    "low": [0.04983052342607097, -0.03167980577385829, -0.0638644958304423],
    "high": [0.17986644627089876, 0.09471010880416139, 0.08204631401226038],
}
HAS = np.array(
    [
        *([1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]),
        *([1, 1, 1], [0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]),
    ],
    dtype=float,
)
SCORES = np.array([0.61, 0.52, 0.50, 0.66, 0.58, 0.51, 0.70, 0.49, 0.64, 0.55, 0.53, 0.59])


def test_effects_and_errors_are_those_of_statsmodels():
    fit = fit_of(HAS)
    np.testing.assert_allclose(fit.effects(SCORES), STATSMODELS["effect"], rtol=1e-9)
    np.testing.assert_allclose(fit.errors(SCORES), STATSMODELS["error"], rtol=1e-9)
    has = np.column_stack([HAS, np.zeros((12, 3))])
    found = term_effects(table_of(has, SCORES[:, None], [("narrow", 1)]), "score")[:3]
    np.testing.assert_allclose([e.interval.low for e in found], STATSMODELS["low"], rtol=1e-9)
    np.testing.assert_allclose([e.interval.high for e in found], STATSMODELS["high"], rtol=1e-9)


def test_the_smallest_delta_and_means_by_hand():
    has = np.zeros((12, 6))
    has[:6, 0] = 1
    scores = np.array([4, 5, 6, 7, 8, 9, 1, 2, 3, 4.5, 5.5, 6.5])[:, None]
    (found, *others) = term_effects(table_of(has, scores, [("narrow", 1)]), "score")
    above = sum(a > b for a in scores[:6, 0] for b in scores[6:, 0])
    below = sum(a < b for a in scores[:6, 0] for b in scores[6:, 0])
    assert found.delta == pytest.approx((above - below) / 36)
    assert (found.mean_with, found.mean_without) == (6.5, 3.75)
    assert found.effect == pytest.approx(6.5 - 3.75)
    assert {each.reason for each in others} == {"no form has it"}


def test_a_frame_says_what_a_dictionary_says():
    has = forms_of(40)
    table = table_of(has, noisy(has, 0.05))
    frame = term_effects(pd.DataFrame(table), "score", margin=0.02)
    assert frame == term_effects(table, "score", margin=0.02)


# -- planted truths -------------------------------------------------------------------------------


def test_the_term_that_drives_memory_is_found_and_no_other():
    has = forms_of(80)
    found = term_effects(table_of(has, noisy(has, 0.06)), "score", margin=0.04)
    assert [each.term for each in found if each.is_shown] == ["A"]
    assert found[0].interval.low <= 0.06 <= found[0].interval.high
    assert not found[0].is_none
    assert all(each.is_none for each in found[1:])


def test_without_an_effect_few_tables_show_any(monkeypatch):
    """24 tables at .05: five or more with a false effect have a probability of .006."""
    monkeypatch.setattr(regression, "DRAWN", 200)
    tables = [forms_of(40, seed) for seed in range(24)]
    shown = [
        any(e.is_shown for e in term_effects(table_of(has, noisy(has, 0, seed)), "score"))
        for seed, has in enumerate(tables)
    ]
    assert sum(shown) < 5


def test_intervals_hold_the_truth_where_spread_is_uneven(monkeypatch):
    """144 intervals of 24 tables at .95: below .89 is unlikely, also where those of one agree."""
    monkeypatch.setattr(regression, "DRAWN", 2)
    held = []
    for seed in range(24):
        has = forms_of(60, seed)
        rng = generator(seed, "uneven")
        scores = 0.6 + 0.05 * rng.normal(size=(60, 4)) * np.where(has[:, :1] == 1, 3, 1)
        held += [
            e.interval.low <= 0 <= e.interval.high
            for e in term_effects(table_of(has, scores), "score")
        ]
    assert np.mean(held) > 0.89


# -- what is missing ------------------------------------------------------------------------------


def test_missing_rules_are_counted_and_do_not_shift_an_effect():
    """Starts differ by .2. A form that lacks the good one is not taken for a bad form."""
    has = forms_of(30)
    scores = 0.5 + 0.1 * has[:, :1] + np.array([0.0, 0.0, 0.2, 0.2])
    table = table_of(has, scores)
    lost = (table["form"] == "form3") & (table["start"] == "wide")
    table["score"][lost] = np.nan
    (found, *_) = term_effects(table, "score")
    assert found.missing == 2
    assert found.effect == pytest.approx(0.1, abs=0.004)


def test_a_form_without_any_number_is_left_out_and_counted():
    has = forms_of(30)
    table = table_of(has, noisy(has))
    table["score"][table["form"] == "form3"] = np.nan
    means = means_of_forms(table, "score", "memory", TERMS)
    assert (len(means.forms), means.empty, means.missing) == (29, 1, 4)
    assert "form3" not in means.forms


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda has: has * np.array([0, 1, 1, 1, 1, 1]), "no form has it"),
        (lambda has: np.maximum(has, [1, 0, 0, 0, 0, 0]), "every form has it"),
        (lambda has: np.where(np.arange(6) == 0, has[:, 1:2], has), "other terms tell"),
        (lambda has: np.where(np.arange(6) == 0, np.eye(40)[:, :1], has), "one form alone"),
    ],
)
def test_a_term_that_cannot_be_told_apart_says_why(change, reason):
    has = change(forms_of(40))
    (found, *others) = term_effects(table_of(has, noisy(has)), "score", margin=0.02)
    assert found.reason.startswith(reason)
    assert math.isnan(found.p)
    assert math.isnan(found.effect)
    assert not found.is_shown
    assert not found.is_none
    assert any(not each.reason for each in others)


def test_few_forms_no_spread_and_no_number_each_say_why():
    few = forms_of(9)
    assert {"needs 3 more forms"} <= {
        e.reason for e in term_effects(table_of(few, noisy(few)), "score")
    }
    has = forms_of(40)
    for scores, reason in (
        (0.5, "no form differs"),
        (np.nan, "no rule of the task has this value"),
    ):
        found = term_effects(table_of(has, np.full((40, 4), scores)), "score", margin=0.02)
        assert {each.reason for each in found} == {reason}
        assert not any(each.is_shown or each.is_none for each in found)


def test_a_margin_must_be_above_0():
    with pytest.raises(ValueError, match="margin must be above 0"):
        term_effects({}, "score", margin=0)


# -- contrasts ------------------------------------------------------------------------------------


def test_contrasts_hold_where_they_are_true():
    has = forms_of(80)
    table = table_of(has, noisy(has, 0.06))
    claims = ["memory score: A > 0", "memory score: A < 0", "memory score: B = 0 within 0.05"]
    up, down, none, lost = outcomes_of(table, [*claims, "memory score: Z > 0"])
    assert (up.holds, down.holds, none.holds) == (True, False, True)
    assert (lost.p, lost.holds, lost.reason) == (1.0, False, "the table has no 'Z'")
    assert up.effect == pytest.approx(term_effects(table, "score")[0].effect)


@pytest.mark.parametrize("text", ["A > 0", "memory score: A > 1", "memory score: A = 0 within 0"])
def test_what_is_no_contrast_is_refused(text):
    with pytest.raises(ValueError, match="a contrast must read 'TASK VALUE: TERM > 0'"):
        claim_in(text)


# -- regret ---------------------------------------------------------------------------------------


def test_the_regret_of_one_form_for_all_tasks_by_hand():
    """The second form is second best twice: it costs .1 on each task, whatever seed judges."""
    has, cells = np.eye(6)[:3], [("narrow", 1), ("narrow", 2)]
    table = table_of(has, np.zeros((3, 2)), cells, ("memory", "reward"))
    by_task = {"memory": [0.9, 0.8, 0.5], "reward": [0.5, 0.8, 0.9]}
    table["score"] = np.array(
        [
            by_task[str(task)][int(str(form)[-1])]
            for task, form in zip(table["task"], table["form"], strict=True)
        ]
    )
    found = regret_of(table)
    assert found.form == "form1"
    assert found.best == {"memory": "form0", "reward": "form2"}
    assert found.regret == pytest.approx(0.1)


def test_one_seed_has_no_regret_and_says_why():
    has = forms_of(20)
    found = regret_of(table_of(has, noisy(has)[:, :1], [("narrow", 1)]))
    assert math.isnan(found.regret)
    assert found.reason.startswith("needs two seeds")


def test_noise_alone_has_no_regret():
    """Of forms that are all alike the best is luck; judged on another seed it is no better."""
    has = forms_of(40)
    found = [
        regret_of(table_of(has, noisy(has, 0, seed), tasks=("a", "b"))).regret for seed in range(20)
    ]
    assert abs(np.mean(found)) < 0.02
