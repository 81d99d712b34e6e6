"""What a search depends on: a key of a study enters its digest, or its numbers stay to the bit."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from brian2 import ms
from plastic_network import reader

from neuromodels import neurons
from neuromodels.errors import DeclarationError
from neuromodels.experiment.runner import Runner
from neuromodels.experiment.shared_search import (
    Neighbour,
    SharedSearches,
    plain_value,
    search_digest,
)
from neuromodels.files import read_arrays
from neuromodels.store.store import Store
from neuromodels.study.study import RuleChoice, Study, TaskChoice
from neuromodels.study.sweep import read_declared

STUDY = """
name = "small"
conditions = ["fixed"]
[task]
name = "sequence_copy"
length = 4
[rule]
name = "bcm"
[circuit]
hidden = 3
[search]
candidates = 2
trials = 1
generations = 3
[test]
trials = 6
curve_trials = 2
every = 2
finalists = 2
"""
LEFT_ALONE = {
    "name": 'name="other"',
    "question": 'question="Why?"',
    "seeds": "seeds=[1, 2]",
    "conditions": 'conditions=["fixed", "random"]',
    "rule.name": 'rule.name="scaling"',
    "rule.coefficients.eta.per": 'rule.coefficients.eta.per="post"',
    "rule.coefficients.eta.scale": 'rule.coefficients.eta.scale="linear"',
    "rule.coefficients.eta.default": "rule.coefficients.eta.default=0.01",
    "rule.coefficients.eta.low": "rule.coefficients.eta.low=1e-5",
    "rule.coefficients.eta.high": "rule.coefficients.eta.high=0.2",
    "rule.coefficients.eta.sigma": "rule.coefficients.eta.sigma=0.1",
    "rule.coefficients.eta.frozen": "rule.coefficients.eta.frozen=true",
    "rule.coefficients.w.frozen": "rule.coefficients.w.frozen=true",
    "circuit.plastic": 'circuit.plastic="input"',
    "circuit.modulators": "circuit.modulators=2",
    "circuit.modulator": 'circuit.modulator="modulatory_lif"',
    "circuit.modulated_by": 'circuit.modulated_by="all"',
    "device.threads": "device.threads=1",
}
"""Keys that play no part in a search of fixed weights, and another value of each."""
ENTERING = {
    "task.length": "task.length=5",
    "task.latency": "task.latency=1",
    "task.prelude": "task.prelude=1",
    "task.slope": "task.slope=2.0",
    "rule.coefficients.w.per": 'rule.coefficients.w.per="pre"',
    "rule.coefficients.w.default": "rule.coefficients.w.default=0.2",
    "rule.coefficients.w.low": "rule.coefficients.w.low=-0.1",
    "rule.coefficients.w.high": "rule.coefficients.w.high=0.5",
    "rule.coefficients.w.sigma": "rule.coefficients.w.sigma=0.2",
    "circuit.hidden": "circuit.hidden=4",
    "circuit.neuron": 'circuit.neuron="lif"',
    "circuit.groups": "circuit.groups=3",
    "circuit.readout": 'circuit.readout="leaky_readout"',
    "circuit.recurrent": "circuit.recurrent=true",
    "circuit.gru": "circuit.gru=2",
    "circuit.inhibitory": "circuit.inhibitory=2",
    "search.optimizer": 'search.optimizer="snes"',
    "search.candidates": "search.candidates=4",
    "search.trials": "search.trials=2",
    "search.checkpoint_every": "search.checkpoint_every=2",
    "search.patience": "search.patience=3",
    "search.target": "search.target=0.9",
    "search.stages": "search.stages=[{generations=1, task={length=3}}]",
    "search.options": "search.options.learning_rate=0.05",
    "test.trials": "test.trials=7",
    "test.finalists": "test.finalists=1",
    "test.every": "test.every=3",
    "test.curve_trials": "test.curve_trials=3",
    "test.random_rules": "test.random_rules=3",
    "test.archive": "test.archive=2",
    "test.archive_margin": "test.archive_margin=0.2",
    "test.front": "test.front=3",
    "objective.terms": "objective.terms.loss.weight=2.0",
    "objective.pareto": "objective={pareto = true, terms = {loss = {}, error = {}}}",
    "failures.nan": "failures.nan=7.0",
    "failures.explosion": "failures.explosion=7.0",
    "failures.silence": "failures.silence=7.0",
    "failures.timeout": "failures.timeout=7.0",
    "failures.outside": "failures.outside=7.0",
    "failures.highest_rate": "failures.highest_rate=40.0",
    "failures.lowest_rate": "failures.lowest_rate=0.5",
    "failures.largest_weight": "failures.largest_weight=9.0",
    "device.dtype": 'device.dtype="float64"',
}
ELSEWHERE = {
    "search.generations": "a run has it beside its digest, and only an equal one is taken over",
    "search.start": "its content is tested below",
    "task.name": "other tasks have other keys; below",
    "device.name": "the others need a GPU; below",
    "circuit.drawn": "needs plastic = 'output'; below",
    "circuit.inhibitor": "of circuits with inhibitory neurons; below",
    "rule.coefficients.w.scale": "weights of both signs have no logarithm",
    "test.inputs": "needs a share that is held out; below",
    **{
        f"circuit.{key}": "a network of one's own has no digest; below"
        for key in ("build", "input", "output", "signal", "trace")
    },
}
"""Keys for which no other value stands here."""


@pytest.fixture(scope="module")
def declared(tmp_path_factory):
    """Return the study with changes, read as from a file."""
    path = tmp_path_factory.mktemp("declared") / "small.toml"
    path.write_text(STUDY)
    return lambda *changes: read_declared(path, list(changes))


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    """Return a function that makes the fixed search of a study and returns all of its numbers."""

    def run(study: Study):
        folder = tmp_path_factory.mktemp("run") / "run"
        with Store(folder, study.to_table(), study.digest) as store:
            assert Runner(study, store).run()
            ledger = store.ledger
            rows = [
                (each.centre_loss, each.centre_score, each.best_loss, each.mean_loss, each.failures)
                for each in ledger.generations("fixed", 1)
            ]
            tests = [
                replace(each)
                for kind in ("curve", "final")
                for each in ledger.tests(kind, "fixed")
                if each.seed == 1
            ]
            checkpoint, _ = store.resume_point("fixed", 1)
        arrays = [
            read_arrays(folder / name / "fixed-seed1.npz") for name in ("solutions", "centres")
        ]
        arrays += [checkpoint.optimizer, checkpoint.finalists, checkpoint.kept]
        return rows, tests, [{k: a.tobytes() for k, a in each.items()} for each in arrays]

    return run


@pytest.fixture(scope="module")
def base(declared, numbers):
    return search_digest(declared(), "fixed"), numbers(declared())


def leaves(table, above=""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{above}{key}.")
        else:
            yield above + key


def test_every_key_of_a_study_is_here(declared):
    """Whoever adds a key says here whether a search depends on it."""
    known = {*LEFT_ALONE, *ENTERING, *ELSEWHERE}
    for key in leaves(declared().to_table()):
        key = key.replace(".theta.", ".eta.")  # coefficients of the rule are alike
        group = ".".join(key.split(".")[:2])
        assert key in known or (group in known and group.count(".")), key


@pytest.mark.parametrize("key", LEFT_ALONE)
def test_a_key_outside_of_the_digest_changes_no_bit(declared, numbers, base, key):
    study = declared(LEFT_ALONE[key])
    assert study.to_table() != declared().to_table()
    assert search_digest(study, "fixed") == base[0]
    assert numbers(study) == base[1]


def test_drawn_weights_enter_the_digest(declared):
    searched = declared('circuit.plastic="output"')
    drawn = declared('circuit.plastic="output"', "circuit.drawn=0.1")
    assert search_digest(searched, "fixed") != search_digest(drawn, "fixed")


def test_held_out_inputs_enter_the_digest(declared):
    share = "task.test_share=0.5"
    seen, other = declared(share), declared(share, 'test.inputs="held out"')
    digests = {search_digest(each, "fixed") for each in (seen, other, declared())}
    assert len(digests) == 3


@pytest.mark.parametrize("key", ENTERING)
def test_a_key_that_may_count_enters_the_digest(declared, base, key):
    changed = search_digest(declared(ENTERING[key]), "fixed")
    assert changed
    assert changed != base[0]


def test_a_start_enters_with_its_content(declared):
    study = declared()
    started = replace(study, search=replace(study.search, start="runs/one"))
    one, other = (replace(started, contents={"search.start": text}) for text in ("abc", "def"))
    digests = [search_digest(each, "fixed") for each in (study, one, other)]
    assert len(set(digests)) == 3
    moved = replace(one, search=replace(study.search, start="elsewhere"))
    assert search_digest(moved, "fixed") == digests[1]


def test_task_device_and_inhibitory_neurons_enter(declared):
    study = declared()
    labels = replace(study, task=TaskChoice("cue_label"))
    assert search_digest(labels, "fixed") != search_digest(study, "fixed")
    cuda = replace(study, device=replace(study.device, name="cuda"))
    assert search_digest(cuda, "fixed") != search_digest(study, "fixed")
    digest = partial(search_digest, condition="fixed")
    balanced, other = (
        declared("circuit.inhibitory=2", f'circuit.inhibitor="{name}"')
        for name in ("inhibitory_lif", "lif")
    )
    assert digest(balanced) != digest(other)


def test_with_plastic_weights_the_rule_enters(declared):
    plain = search_digest(declared(), "plastic")
    assert plain != search_digest(declared(), "fixed")
    for change in ('rule.name="scaling"', "rule.coefficients.eta.high=0.2"):
        assert search_digest(declared(change), "plastic") != plain


def test_what_cannot_be_compared_has_no_digest(declared, monkeypatch):
    """Such as a function of the user's own, which may do anything."""
    ternary = neurons.CATALOG["ternary_lif"]
    own = replace(ternary, constants={**ternary.constants, "own": lambda x: x})
    monkeypatch.setattr(neurons, "CATALOG", {**neurons.CATALOG, "ternary_lif": own})
    assert search_digest(declared(), "fixed") == ""


def test_a_network_of_ones_own_has_no_digest(tmp_path):
    """Its file has a name, and content that may change."""
    study = reader(tmp_path)()
    assert search_digest(study, "fixed") == search_digest(study, "plastic") == ""


def test_arrays_enter_with_their_content(tmp_path):
    path = tmp_path / "data.toml"
    task = 'name = "arrays"\nfile = "trials.npz"\nkind = "currents"'
    path.write_text(STUDY.replace('name = "sequence_copy"\nlength = 4', task))
    digests = []
    for level in (1.0, 2.0, 1.0):
        inputs = np.full((4, 3, 2), level)
        np.savez(tmp_path / "trials.npz", inputs=inputs, labels=np.array([0, 1, 0, 1]))
        digests.append(search_digest(read_declared(path, []), "fixed"))
    assert digests[0]
    assert digests[0] == digests[2] != digests[1]


@pytest.mark.parametrize(
    "values",
    [
        (1, 1.0, True, "1", None, np.float32(1), np.array(1.0)),
        (20 * ms, 20, np.array([0.02]), 0.02),
        (np.zeros(4), np.zeros((2, 2)), np.zeros(4, dtype=np.float32), [0.0] * 4),
        ({"a": 1, "b": 2}, {"a": 2, "b": 1}, {"a": {"b": 2}}),
    ],
)
def test_different_values_are_told_apart(values):
    plain = [repr(plain_value(value)) for value in values]
    assert len(set(plain)) == len(values)
    assert plain == [repr(plain_value(value)) for value in values]


@pytest.mark.parametrize("value", [abs, object(), {1, 2}, np.array([abs], dtype=object)])
def test_a_value_that_cannot_be_compared_is_refused(value):
    with pytest.raises(TypeError, match="cannot be compared"):
        plain_value(value)


def test_a_setting_that_does_not_make_a_search_is_not_even_compared(tmp_path):
    """Its rule may have no third factor, and then its network cannot be built so."""
    rules = {"plain": RuleChoice("pdlf"), "gated": RuleChoice("nm_pdlf")}
    conditions = {"plain": ("plastic",), "gated": ("plastic", "unmodulated")}
    plain, gated = (
        Study(name=n, task=TaskChoice("sequence_copy"), rule=rules[n], conditions=conditions[n])
        for n in rules
    )

    class Sweep:
        digest = staticmethod(search_digest)

        def beside(self, own):
            return [Neighbour("plain", tmp_path, plain)]

    with pytest.raises(DeclarationError):
        search_digest(plain, "unmodulated")
    assert SharedSearches(gated, tmp_path / "own", Sweep(), {}).find("unmodulated", 1) is None
