"""Populations: forms that are drawn, searches that share one program and do not know it."""

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.population.declaration import read_population
from neuromodels.experiment.population.forms import Form, drawn_forms, named_forms
from neuromodels.experiment.population.search import (
    Search,
    free_numbers,
    search_forms,
    shuffled_vectors,
)
from neuromodels.seeding import generator, trial_streams
from neuromodels.study.file import study_of

POOL = "k000 k100 k110 k021 m110"
FILE = f"""\
name = "small"
seeds = [1, 2]
[task]
name = "sequence_copy"
length = 3
latency = 1
test_share = 0.25
mirrored = 1
[circuit]
hidden = 4
[rule]
name = "taylor_modulated"
[rule.coefficients]
w = {{ per = "projection", frozen = 0.1 }}
[search]
optimizer = "snes"
candidates = 6
trials = 4
generations = 3
[test]
trials = 12
inputs = "held out"
[device]
dtype = "float64"
threads = 1
[population]
terms = "{POOL}"
random_forms = 2
most_terms = 3
side_by_side = 3
stepwise = 8
[population.starts.only]
sigma = 0.1
drift = 0.5
[population.tasks.copy]
per = "synapse"
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(FILE)
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("population") / "small.toml"
    path.write_text(FILE)
    return read_population(path)


@pytest.fixture(scope="module")
def experiment(small):
    return Experiment(small.cells[0].study)


# -- what is declared -----------------------------------------------------------------------------


def test_forms_are_the_named_rules_of_the_terms_and_others_once_each(small):
    assert [form.name for form in small.forms[:3]] == ["oja", "pdlf_scp", "pdlf_pdp_pre"]
    assert len({form.terms for form in small.forms}) == len(small.forms)
    named = named_forms("taylor_modulated", small.terms)
    assert [*small.forms[: len(named)]] == named
    assert {"nm_oja", "pdlf_drift"} <= {form.name for form in named}
    assert small.size == len(small.forms) * 1 * 2


def test_more_forms_begin_with_the_same_ones():
    terms = [f"t{k}" for k in range(8)]
    few, many = (drawn_forms(terms, count, 4, seed=3) for count in (5, 20))
    assert many[:5] == few
    assert drawn_forms(terms, 5, 4, seed=4) != few
    assert max(len(form.terms) for form in many) <= 4


def test_more_forms_than_there_are_is_refused():
    known = [Form("a", ("a",))]
    assert [f.terms for f in drawn_forms("ab", 1, 1, 1, known)] == [("b",)]
    with pytest.raises(DeclarationError, match="random_forms: must leave 2 new forms"):
        drawn_forms("ab", 2, 1, 1, known)


def test_a_start_and_a_task_set_all_terms(small):
    settings = small.cells[0].study.rule.coefficients
    assert (settings["k110"]["sigma"], settings["k110"]["per"]) == (0.1, "synapse")
    assert settings["k000"]["sigma"] == 0.05
    assert settings["w"]["per"] == "projection"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ('population.terms="k110 z"', "population.terms: must name some of k000"),
        ("population.random_forms=1000", "random_forms: must leave 1,000 new forms"),
        ("population.side_by_side=0", "side_by_side: must be a whole number from 1"),
        ("population.stuck=true", "stuck: must be a number from 0 to 1"),
        ("population.margin=0", "margin: must be a number above 0"),
        ("population.colour=1", "population.colour: must be a known key"),
        ("population.tasks={}", "population.tasks: must have a table for each"),
        ('population.contrasts=["A > 0"]', "population.contrasts: a contrast must read"),
        ('population.starts.only.sigma="wide"', "sigma"),
        ('rule.name="oja"', "rule.name: must be a rule that names its terms"),
        ("population.tasks.copy.task.length=-1", "task.length"),
        ("population=1", "must have a section"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(file, change, told):
    with pytest.raises(DeclarationError, match=told):
        read_population(file, [change])


def test_the_digest_is_that_of_the_science(file, small):
    assert read_population(file).digest == small.digest
    assert read_population(file, ['question="why?"']).digest == small.digest
    for change in ("search.generations=4", "seeds=[3]", "population.random_forms=3"):
        assert read_population(file, [change]).digest != small.digest


# -- searches -------------------------------------------------------------------------------------


def test_a_form_on_the_shared_program_is_the_network_of_its_own_rule(small, experiment):
    """Absent terms are 0 here, and left out of the equations there."""
    study, form = small.cells[0].study, Form("", ("k110", "k021"))
    table = study.to_table()
    settings = table["rule"]["coefficients"]
    kept = ("w", *form.terms)
    table["rule"]["terms"] = " ".join(form.terms)
    table["rule"]["coefficients"] = {name: settings[name] for name in kept}
    own = Experiment(study_of(table, "own"))
    free = free_numbers(experiment, study, form)
    vectors, reduced = np.tile(experiment.centre, (3, 1)), np.zeros((3, own.dimension))
    vectors[:, free] = generator(5, "vectors").normal(size=(3, int(free.sum())))
    for label, place in own.slices.items():
        reduced[:, place] = vectors[:, experiment.slices[label]]
    streams = trial_streams(1, 16, "test")
    shared, alone = experiment.evaluate(vectors, streams), own.evaluate(reduced, streams)
    idle = [label for label in experiment.slices if "modulators" in label]
    assert own.dimension == free.sum() - len(idle)  # no term hears the modulatory neurons
    np.testing.assert_allclose(shared.losses, alone.losses, rtol=1e-9)
    assert np.ptp(shared.losses) > 0.01


def test_a_search_is_the_same_alone_and_beside_others(small, experiment):
    study = small.cells[0].study
    searches = [Search(form, seed) for form in small.forms[:2] for seed in (1, 2)]
    together = search_forms(experiment, study, searches)
    alone = search_forms(experiment, study, searches[2:3])
    np.testing.assert_array_equal(together.vectors[2], alone.vectors[0])
    assert not np.array_equal(together.vectors[2], together.vectors[3])
    assert together.evaluations == 3 * 6 * 4


def test_absent_terms_stay_0_and_controls_touch_no_others(small, experiment):
    searches = [Search(small.forms[0], 1)]
    found = search_forms(experiment, small.cells[0].study, searches)
    absent = np.concatenate(
        [
            found.vectors[0, place]
            for label, place in experiment.slices.items()
            if label.rpartition(".")[2] in ("k000", "k100", "m110")
        ]
    )
    assert not absent.any()
    shuffled = shuffled_vectors(experiment, found, searches)
    np.testing.assert_array_equal(np.sort(shuffled[0]), np.sort(found.vectors[0]))
    assert not np.array_equal(shuffled, found.vectors)
    free = found.free[0]
    np.testing.assert_array_equal(shuffled[0, ~free], found.vectors[0, ~free])


def test_each_candidate_may_have_trials_of_its_own(experiment):
    xs = generator(2, "xs").normal(size=(2, experiment.dimension)) * 0.3
    streams = np.stack([trial_streams(seed, 5, "own") for seed in (1, 2)])
    both = experiment.evaluate(xs, streams)
    for k in range(2):
        one = experiment.evaluate(xs[k : k + 1], streams[k])
        np.testing.assert_array_equal(both.losses[k], one.losses[0])


def test_a_body_of_another_simulator_is_refused(file):
    changes = ['task={name="halfcheetah_run"}', 'test.inputs="searched"']
    with pytest.raises(DeclarationError, match="must run in the compiled network"):
        read_population(file, changes)


def test_goals_side_by_side_are_refused(file):
    change = "objective={terms={loss={},rate={}},pareto=true}"
    with pytest.raises(DeclarationError, match="must have one goal"):
        read_population(file, [change])
