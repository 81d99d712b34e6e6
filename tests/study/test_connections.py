"""Types of connection in a study file: which rule each follows, and what mistakes there say."""

from pathlib import Path

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.experiment.runner import Runner
from neuromodels.simulation.network.builder import circuit_of
from neuromodels.store.load import coefficients_of
from neuromodels.store.store import Store
from neuromodels.study.file import StudyFileError, read_study, study_of
from neuromodels.study.sweep import read_declared
from neuromodels.tasks import CATALOG as TASKS

STUDIES = Path(__file__).parents[2] / "studies"
FIXED = {"name": "fixed", "normalisation": "none"}
TABLE = {
    "name": "types",
    "task": {"name": "target_rate"},
    "circuit": {"hidden": 6, "neuron": "lif", "inhibitory": 2, "probability": {"II": 0, "XE": 0.5}},
    "rule": {**FIXED, "coefficients": {"w": {"per": "projection"}}},
    "rules": {
        "XE": {**FIXED, "coefficients": {"w": {"frozen": 0.3}}},
        "IE": {"name": "doublet", "coefficients": {"w": {"per": "projection", "frozen": 0.1}}},
    },
}


def changed(**sections):
    """Return the table with keys of sections changed, `rules` by type."""
    merged = {key: {**TABLE[key], **sections.pop(key, {})} for key in ("circuit", "rule", "rules")}
    return {**TABLE, **merged, **sections}


def labels(study, condition):
    coefficients = circuit_of(study, condition).coefficients
    return {block.label: block.size for block in coefficients.blocks}


def test_a_type_follows_its_rule_and_all_others_follow_the_rule_of_the_study():
    study = study_of(TABLE, "table")
    circuit = circuit_of(study, "plastic")
    rules = {each.name: each.rule.name for each in circuit.projections}
    assert rules == {
        "input_hidden": "fixed",
        "input_inhibitory": "fixed",
        "hidden_hidden": "fixed",
        "hidden_inhibitory": "fixed",
        "inhibitory_hidden": "doublet",
        "hidden_output": "fixed",
    }
    chances = {each.name: each.probability for each in circuit.projections if each.is_sparse}
    assert chances == {"input_hidden": 0.5}
    assert circuit.population("inhibitory").model.name == "inhibitory_lif"
    weights = ["input_inhibitory.w", "hidden_hidden.w", "hidden_inhibitory.w"]
    searched = [
        f"inhibitory_hidden.{name}"
        for name in ("tau_x", "tau_y", "alpha", "beta", "gamma", "kappa")
    ]
    biases = {"hidden.bias": 6, "inhibitory.bias": 2}
    assert labels(study, "plastic") == dict.fromkeys([*weights, *searched], 1) | biases
    assert labels(study, "fixed") == dict.fromkeys([*weights, "inhibitory_hidden.w"], 1) | biases


def test_the_read_out_is_the_mean_unless_a_rule_is_named_for_it():
    mean = circuit_of(study_of(TABLE, "table"), "fixed").projections[-1].rule.coefficients[0]
    assert (mean.default, mean.frozen) == (pytest.approx(1 / 6), True)
    trained = study_of(changed(rules={"EO": FIXED}), "table")
    assert labels(trained, "plastic")["hidden_output.w"] == 6


def test_a_study_with_types_survives_its_own_table_and_has_its_own_digest():
    study = study_of(TABLE, "table")
    assert study_of(study.to_table(), "table") == study
    other = study_of(changed(circuit={"probability": {"XE": 0.5}}), "table")
    renamed = study_of(changed(rules={"EE": FIXED}), "table")
    assert len({study.digest, other.digest, renamed.digest}) == 3


def test_coefficients_of_a_stored_study_are_those_of_each_type():
    known = coefficients_of(study_of(TABLE, "table"), "plastic")
    assert (known["inhibitory_hidden.alpha"].low, known["inhibitory_hidden.alpha"].high) == (-2, 2)
    assert known["inhibitory_hidden.tau_x"].scale == "log"
    assert known["input_hidden.w"].default == 0.3


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"circuit": {"inhibitory": 0}}, ["rules.IE: goes with inhibitory", "circuit.inhibitory"]),
        ({"circuit": {"hidden": 0}}, ["circuit.hidden", "at least 1 beside inhibitory"]),
        ({"circuit": {"plastic": "input"}}, ["circuit.plastic: must be 'all'", "[rules.IE]"]),
        ({"circuit": {"recurrent": True}}, ["circuit.recurrent", "It always is", "EE = 0"]),
        ({"circuit": {"gru": 3}}, ["circuit.gru", "got 3"]),
        ({"circuit": {"inhibitor": "inhibitory"}}, ["circuit.inhibitor", "'inhibitory_lif'"]),
        ({"circuit": {"probability": {"XE": 2}}}, ["probability.XE", "from 0 to 1; got 2"]),
        ({"circuit": {"probability": {"EO": 0.5}}}, ["probability.EO", "unknown type"]),
        ({"rules": {"IEE": FIXED}}, ["rules.IEE: unknown key", "'IE'"]),
        ({"rules": {"EE": "stdp"}}, ["1 problem", "rules.EE: must be a table"]),
        ({"rules": {"II": FIXED}}, ["rules.II: there are none", "probability.II is 0"]),
        ({"circuit": {"inhibitory": "two"}}, ["1 problem", "inhibitory: must be a whole number"]),
        ({"rules": {"EE": {"form": "event"}}}, ["rules.EE.name: is missing"]),
        ({"rules": {"EE": {"name": "doublets"}}}, ["rules.EE.name: unknown rule", "'doublet'"]),
        ({"rules": {"EE": {"name": "doublet", "from": 1}}}, ["EE.from: unknown key", "'form'"]),
        ({"rules": {"EE": {"name": "doublet", "form": 1}}}, ["rules.EE.form", "event, dense"]),
        ({"rules": {"EE": {"name": "doublet", "coefficients": {"alfa": {}}}}}, ["'alpha'"]),
        ({"rules": {"EE": {"name": "nm_oja"}}}, ["rules.EE.name", "has a third factor"]),
        ({"rules": {"XE": {"name": "doublet"}}}, ["in XE, where channels", "form = 'dense'"]),
        ({"rules": {"EO": {"name": "stdp"}}}, ["in EO, where read-outs", "another rule"]),
        ({"rules": {"EE": {"name": "pdlf"}}}, ["rules.EE.normalisation: must be 'none'"]),
        ({"rule": {"normalisation": "p8"}}, ["rule.normalisation: must be 'none'"]),
        ({"conditions": ["M0"]}, ["'M0' needs a rule with a third factor"]),
        ({"rules": {"EE": {"name": "absent.py:X"}}}, ["rules.EE.name", "absent.py"]),
    ],
)
def test_a_mistake_names_key_value_and_cure(sections, words):
    with pytest.raises(StudyFileError) as caught:
        study_of(changed(**sections), "table")
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_rule_of_a_type_may_stand_beside_the_study_file_and_not_elsewhere(tmp_path):
    rule = (STUDIES.parent / "neuromodels" / "rules" / "oja.py").read_text()
    text = '[task]\nname = "target_rate"\n[circuit]\ninhibitory = 2\n[rule]\nname = "fixed"\n'
    text = f'name = "own"\n{text}normalisation = "none"\n[rules.EE]\nname = "mine.py:OJA"\n'
    (tmp_path / "mine.py").write_text(rule)
    (tmp_path / "own.toml").write_text(text)
    study = read_study(tmp_path / "own.toml")
    assert list(study.contents) == ["rules.EE.name"]
    (tmp_path / "mine.py").write_text(rule.replace("eta*y*", "2*eta*y*"))
    assert read_study(tmp_path / "own.toml").digest != study.digest
    (tmp_path / "own.toml").write_text(text.replace("mine.py", "../mine.py"))
    with pytest.raises(StudyFileError, match=r"rules\.EE\.name: must lie beside the study file"):
        read_study(tmp_path / "own.toml")


@pytest.mark.parametrize("parameters", [{"goal": 0.0}, {"weakest": 50.0}, {"duration": 4001}])
def test_a_rate_that_cannot_be_asked_for_is_refused(parameters):
    with pytest.raises(DeclarationError, match=r"target_rate: .* must hold"):
        TASKS["target_rate"].with_defaults(parameters)


def test_the_shipped_study_runs(tmp_path):
    changes = [
        "conditions=['plastic']",
        "seeds=[1]",
        "search.generations=2",
        "search.candidates=6",
        "search.trials=2",
        "test.trials=8",
        "test.curve_trials=4",
        "task.duration=200",
    ]
    study = read_study(STUDIES / "ei_target_rate.toml", changes)
    with Store(tmp_path / "run", study.to_table(), study.digest) as store:
        assert Runner(study, store, record=lambda *_: {}).run()
        solution = store.solution("plastic", 1)
    names = [str(name) for name in solution["names"]]
    assert names[:3] == ["hidden_inhibitory.w", "inhibitory_hidden.w", "inhibitory_hidden.tau_x"]
    assert np.isfinite(solution["vector"]).all()
    assert len(solution["vector"]) == 9


def test_the_shipped_families_are_three_studies():
    settings = read_declared(STUDIES / "ei_target_rate_families.toml").settings
    sizes = [circuit_of(each.study, "plastic").coefficients.dimension for each in settings]
    assert sizes == [5, 24, 30], "three weights and 2, 21, 27 numbers of the rule"
