"""The smallest rule that keeps a score: planted terms are found, and equations are what runs."""

import numpy as np
import pytest

from neuromodels.cli import main
from neuromodels.errors import DeclarationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.measures.quantities import Solution
from neuromodels.measures.simplify.solution import _blocks_of, simplify, streams_of
from neuromodels.measures.simplify.subsets import MOST_LISTED, smallest_subset
from neuromodels.rules import CATALOG
from neuromodels.rules.latex import latex_of
from neuromodels.store.store import Store
from neuromodels.study.study import (
    CircuitChoice,
    DeviceChoice,
    RuleChoice,
    Study,
    TaskChoice,
    TestPlan,
)

# -- subsets, of scores that are known ----------------------------------------------------------


def additive(**worth):
    """Return scores of subsets whose terms each are worth something."""
    return lambda subsets: np.array([sum(worth[term] for term in each) for each in subsets])


def test_of_few_terms_the_smallest_subset_is_found():
    """``a`` and ``b`` cost nothing without each other's help: leaving out one by one fails."""

    def scores(subsets):
        return np.array([1.0 if {"c"} == set(each) or len(each) == 3 else 0.2 for each in subsets])

    assert smallest_subset(("a", "b", "c"), scores, 0.95) == ("c",)


def test_the_best_of_the_smallest_is_taken():
    scores = additive(a=0.5, b=0.6, c=0.1)
    assert smallest_subset(("a", "b", "c"), scores, 0.5) == ("b",)
    assert smallest_subset(("a", "b", "c"), scores, 1.05) == ("a", "b")
    assert smallest_subset(("a", "b", "c"), scores, 1.19) == ("a", "b", "c")


def test_of_many_terms_the_ones_that_count_are_left():
    names = [f"t{k}" for k in range(2 * MOST_LISTED)]
    worth = dict.fromkeys(names, 0.001) | {"t3": 0.6, "t9": 0.4}
    assert smallest_subset(tuple(names), additive(**worth), 0.95) == ("t3", "t9")


# -- a bandit whose rule is set by hand ---------------------------------------------------------

TERMS = "k110 m110 e11 e10"


def study_of(terms=TERMS):
    """Return the bandit of tests/tasks/test_cue_bandit.py, its rule out of the family."""
    coefficients = {"w": {"frozen": 0.0}, "tau_e": {"frozen": 0.1}, "g_0": {"frozen": 0.0}}
    for term in terms.split():
        coefficients[term] = {"per": "projection", "low": -5, "high": 5}
    return Study(
        name="bandit",
        task=TaskChoice("cue_bandit", {"trials": 24, "reversal": 12, "noise": 0.0, "explore": 1.0}),
        rule=RuleChoice("taylor_modulated", {"terms": terms}, coefficients),
        circuit=CircuitChoice(
            hidden=0, readout="leaky_readout", modulator="reward_modulator", modulated_by="all"
        ),
        seeds=(1,),
        test=TestPlan(trials=30, every=2, curve_trials=20, archive=0),
        device=DeviceChoice(dtype="float64", threads=1),
    )


@pytest.fixture(scope="module")
def experiment():
    return Experiment(study_of())


@pytest.fixture(scope="module")
def vector(experiment):
    """``e11`` alone learns: an eligibility of cue and copy, which the reward turns into weight."""
    vector = np.zeros(experiment.dimension)
    for label, value in {"e11": 0.03 * 5 / 20, "k110": 1e-5, "m110": 1e-5, "e10": 1e-5}.items():
        vector[experiment.slices[f"input_output.{label}"]] = value
    vector[experiment.slices["modulators_output.w"]] = 5.0
    return vector


@pytest.fixture(scope="module")
def simplified(experiment, vector):
    solution = Solution(study_of(), "plastic", vector, streams_of(1, 60), 1)
    return simplify(solution, experiment)


def test_the_planted_term_is_the_rule_that_is_left(simplified):
    assert simplified.kept == ("e11",)
    assert set(simplified.left_out) == {"k110", "m110", "e10"}
    assert simplified.full["value"] > 0.7
    assert simplified.reduced["value"] > simplified.full["value"] - 0.05


def test_its_equation_has_that_term_alone(simplified):
    assert simplified.rule.each_step == (
        "w = clip(w + M * elig, -w_max, w_max)\n"
        "elig = elig * exp(-dt / (tau_e * second)) + e11 * x * y"
    )
    assert latex_of(simplified.rule)[1].startswith(r"\mathrm{elig} \leftarrow e_{11} x y")


def test_numbers_say_what_is_left_and_how_far_it_may_be_scaled(simplified):
    rows = {(row["projection"], row["coefficient"]): row for row in simplified.numbers}
    row = rows["input_output", "e11"]
    assert (row["count"], row["value"]) == (1, pytest.approx(0.0075))
    assert 0 < row["from"] <= 1 <= row["to"], "without it nothing is learned"
    assert not {"k110", "m110", "e10"} & {name for _, name in rows}


def test_what_only_a_lost_term_read_is_no_number_of_the_rule():
    """Without ``A`` nothing reads ``C``."""
    study = Study(
        name="copy",
        task=TaskChoice("sequence_copy", {"length": 2, "latency": 0}),
        rule=RuleChoice("pdlf"),
        circuit=CircuitChoice(hidden=2),
        device=DeviceChoice(dtype="float64", threads=1),
    )
    experiment = Experiment(study)
    smaller = CATALOG["pdlf"].with_options({"terms": "B D"})
    found = {block.coefficient.name for block in _blocks_of(experiment, smaller)}
    assert found == {"eta", "B", "D"}


def test_the_scores_are_on_trials_that_chose_nothing(experiment, vector, simplified):
    fresh = streams_of(1, 60)[60:]
    found = experiment.evaluate(vector[None], fresh).scores[0].mean()
    assert simplified.full["value"] == pytest.approx(found)


def test_held_out_inputs_choose_nothing(experiment, vector, monkeypatch):
    """They are shown by the trials that test alone."""
    seen = []

    def score(experiment, xs, streams, inputs=None):
        seen.append((len(streams), inputs))
        return experiment.evaluate(xs, streams)

    monkeypatch.setattr("neuromodels.measures.simplify.solution.score_vectors", score)
    inputs = np.arange(12)
    simplify(Solution(study_of(), "plastic", vector, streams_of(1, 6), 1, inputs), experiment)
    shown = [given for _, given in seen if given is not None]
    assert len(shown) == 2
    assert all(np.array_equal(given, inputs[6:]) for given in shown)


def test_a_rule_without_terms_is_refused(vector):
    study = Study(
        name="b",
        task=study_of().task,
        rule=RuleChoice("nm_oja", {"form": "dense"}),
        circuit=study_of().circuit,
    )
    experiment = Experiment(study)
    solution = Solution(study, "plastic", np.zeros(experiment.dimension), streams_of(1, 4), 1)
    with pytest.raises(DeclarationError, match=r"simplify: must have one rule .* made of terms"):
        simplify(solution, experiment)


def test_the_command(tmp_path, vector, capsys):
    study = study_of()
    with Store(tmp_path / "bandit", study.to_table(), study.digest):
        pass
    assert main(["simplify", str(tmp_path / "bandit")]) == 2
    assert "needs a finished search" in capsys.readouterr().err
    assert main(["simplify", str(tmp_path / "bandit"), "--keep", "1.5"]) == 2
    assert "simplify --keep: must be above 0 and at most 1" in capsys.readouterr().err


# -- LaTeX --------------------------------------------------------------------------------------


def test_every_rule_of_the_catalog_can_be_written_in_latex():
    for name, rule in CATALOG.items():
        lines = latex_of(rule)
        assert bool(lines) == rule.is_plastic, name
        assert all(line.count("{") == line.count("}") for line in lines)


def test_latex_of_a_sum_and_of_an_assignment():
    assert latex_of(CATALOG["pdlf"].with_options({"terms": "A"})) == [
        r"\Delta w = A \eta x \left(- C + y\right)"
    ]
    assert latex_of(CATALOG["scaling"])[0].startswith(r"w \leftarrow \operatorname{clip}")
