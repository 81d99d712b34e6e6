"""Constants of a user's neurons that are searched with the rule: they act as if written there."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose
from plastic_network import OWN, reader

from neuromodels.cli import main
from neuromodels.coefficients import Coefficient
from neuromodels.errors import DeclarationError
from neuromodels.experiment.coefficient_use import check_coefficients
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.recording import trial_of
from neuromodels.experiment.runner import Runner
from neuromodels.simulation.network.builder import circuit_of
from neuromodels.store.load import load
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.circuits import OwnNetwork
from neuromodels.study.file import StudyFileError, read_study, study_of

STREAMS = np.arange(6, dtype=np.uint64)
TAU = 'coefficients."cells.tau" = { unit = "ms", default = 20, low = 5, high = 80 }\n'
LIMIT = 'coefficients."cells.limit" = { default = 1, low = 0.5, high = 2, scale = "linear" }\n'
DRIVE = 'coefficients."cells.drive" = { unit = "mV", default = 0, low = -1, high = 1, PER }\n'
DRIVEN = (("told             : 1", "told : 1\n        drive : volt (constant)"),
          ('"v += told + heard; s = 0"', '"v += told + heard + drive/mV; s = 0"'),
          ("ms, volt,", "ms, mV, volt,"))  # fmt: skip


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a study of a network."""
    return reader(tmp_path)


def with_constants(*lines):
    return OWN + "".join(f"    {line}" for line in lines)


def drawn(experiment, labels):
    """Return two vectors: the same numbers for the same label, whatever else there is."""
    xs = np.tile(experiment.centre, (2, 1))
    for label in labels:
        part = experiment.slices[label]
        draws = np.random.default_rng(len(label)).normal(0, 0.6, (2, part.stop - part.start))
        xs[:, part] += draws
    return xs


def check_as_written(read, lines, searched, swaps, given=()):
    """Compare candidates with the networks in whose text their values stand."""
    experiment = Experiment(read(with_constants(*lines), swaps=given))
    plain = [Experiment(read(swaps=(*given, *each))) for each in swaps]
    labels = list(plain[0].slices)
    assert set(experiment.slices) - set(labels) == set(searched)
    xs = drawn(experiment, labels)
    for label, values in searched.items():
        block = next(b for b in experiment.coefficients.blocks if b.label == label)
        xs[:, experiment.slices[label]] = block.coefficient.to_search_scale(np.array(values))
    found = experiment.evaluate(xs, STREAMS)
    for k, each in enumerate(plain):
        expected = each.evaluate(drawn(each, labels)[k : k + 1], STREAMS)
        assert_allclose(found.losses[k], expected.losses[0], rtol=1e-9, atol=1e-12)
    assert np.ptp(found.losses, axis=0).max() > 1e-3


def test_numbers_around_a_group_are_searched(read):
    written = [("20*ms, 1", "31*ms, 0.8")]
    values = {"cells.tau": [[31], [12]], "cells.limit": [[0.8], [1.3]]}
    check_as_written(read, [TAU, LIMIT], values, [written])


@pytest.mark.parametrize("per", [pytest.param("population", marks=pytest.mark.strain), "neuron"])
def test_parameters_of_the_equations_are_searched(read, per):
    size = 7 if per == "neuron" else 1
    values = np.linspace(-0.2, 0.3, 2 * size).reshape(2, size)
    sets = [f"cells.drive = np.array({each.tolist()})*mV; return Network" for each in values]
    line = DRIVE.replace("PER", f'per = "{per}"')
    swaps = [[("return Network", each)] for each in sets]
    check_as_written(read, [line], {"cells.drive": values}, swaps, DRIVEN)


def test_reset_and_fixed_weights_keep_the_constants_of_a_candidate(read):
    study = read(with_constants(TAU, DRIVE.replace("PER", 'per = "neuron"')), swaps=DRIVEN)
    labels = {"plastic": set(), "fixed": set(), "reset": set()}
    for condition in labels:
        circuit = circuit_of(study, condition)
        labels[condition] = {b.label for b in circuit.coefficients.blocks}
        assert "drive" not in circuit.population("cells").model.forget
    assert {"cells.tau", "cells.drive"} <= labels["fixed"]
    assert labels["reset"] == labels["plastic"]


def test_the_start_is_the_declared_one(read):
    shifted = TAU.replace("default = 20", "default = 40")
    centre = circuit_of(read(), "plastic").coefficients.centre
    study = read(with_constants(shifted))
    coefficients = circuit_of(study, "plastic").coefficients
    vector = coefficients.centre
    assert vector.size == centre.size + 1
    assert_allclose(vector[coefficients.slices["cells.tau"]], np.log(40))
    assert_allclose(coefficients.sigma[coefficients.slices["cells.tau"]], 0.1 * np.log(16))
    check_coefficients(study)
    frozen = read(with_constants(shifted.replace("high = 80", "high = 80, frozen = true")))
    course = trial_of(frozen, "plastic", centre + 0.5, 3)
    searched = trial_of(study, "plastic", np.append(centre + 0.5, np.log(40)), 3)
    assert_allclose(course["cells.tr"], searched["cells.tr"])
    tr, fired = course["cells.tr"], course["cells.s"][:, 1:] == 0
    kept = (tr[:, 1:] / np.where(tr[:, :-1] > 0, tr[:, :-1], np.nan))[fired & (tr[:, :-1] > 0)]
    assert_allclose(kept, np.exp(-(course["t"][1] - course["t"][0]) / 0.04))


# -- what is refused --------------------------------------------------------------------------


NUDGE = "on_pre='drive_post += 0.1*mV', name='back'"
WRONG = {
    "no such constant": (TAU.replace("cells.tau", "cells.tua"), (), "Did you mean 'cells.tau'"),
    "no such group": (TAU.replace("cells.tau", "cell.tau"), (), "Did you mean 'cells.tau'"),
    "state": (TAU.replace("cells.tau", "cells.tr"), (), "must be a constant of a group"),
    "the channels": (LIMIT.replace("limit", "told"), (), "must be a constant of a group"),
    "a sum": (LIMIT.replace("limit", "heard"), (), "must be a constant of a group"),
    "what a reset sets": (LIMIT.replace("limit", "s"), (), "must be a constant of a group"),
    "what synapses set": (
        DRIVE.replace("PER", 'per = "neuron"'),
        (*DRIVEN, ("volt (constant)", "volt"), ('name="back"', NUDGE)),
        "must be a constant of a group",
    ),
    "another unit": (TAU.replace('"ms"', '"mV"'), (), r"unit: must be a unit of 'tau', such as 's"),
    "no unit": (TAU.replace('unit = "ms", ', ""), (), r"must be a unit of 'tau'.*got 'none'"),
    "a unit too many": (LIMIT.replace("{", '{ unit = "ms",'), (), "must be a unit of 'limit'"),
    "an unknown unit": (TAU.replace('"ms"', '"mss"'), (), "'mss' is no unit of Brian2"),
    "a name of a rule": (
        LIMIT.replace("limit", "eta"),
        (("limit = 20*ms, 1", "limit, eta = 20*ms, 1, 1"), ("v > limit", "v > eta*limit")),
        "no variable with a name that its synapses have too",
    ),
    "a constant of the synapses": (
        LIMIT,
        (("= w*s_pre", "= limit*w*s_pre"),),
        "must not use a constant of its neurons that is searched; got 'limit'",
    ),
    "one for each neuron of what is shared": (
        DRIVE.replace("PER", 'per = "neuron"'),
        (*DRIVEN, ("volt (constant)", "volt (shared, constant)")),
        "per: must be 'population'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused_by_name(read, case):
    line, swaps, said = WRONG[case]
    with pytest.raises(DeclarationError, match=said) as it:
        circuit_of(read(with_constants(line), swaps=swaps), "plastic")
    assert "\n" not in str(it.value)


STATIC = {
    "no bounds": (TAU.replace(", low = 5, high = 80", ""), "lacks low, high. Write default, low"),
    "crossed bounds": (TAU.replace("low = 5", "low = 90"), "low: must be finite and below high"),
    "a start outside": (TAU.replace("= 20", "= 200"), r"default must lie in \[5, 80\]"),
    "an unknown key": (TAU.replace("high", "hgih"), "lacks high"),
    "a nearby key": (TAU.replace("unit", "units"), "units: unknown key. Did you mean 'unit'"),
    "groups": (TAU.replace("high", 'per = "group", high'), "is here one of neuron, population"),
    "text": (TAU.replace("20", '"20 ms"'), "default: must be a finite number; got '20 ms'"),
    "the read-out": ('coefficients."output.gain" = { low = 1 }\n', "no such coefficient"),
}


@pytest.mark.parametrize("case", STATIC)
def test_what_a_study_says_wrong_has_its_place(read, case):
    line, said = STATIC[case]
    with pytest.raises(StudyFileError, match=rf"(?s)coefficients.*{said}"):
        read(with_constants(line))


# -- what is stored and shown -----------------------------------------------------------------


def test_a_study_keeps_its_constants_and_its_digest(read):
    study = read(with_constants(TAU))
    table = json.loads(json.dumps(study.to_table()))
    assert study_of(table, "table") == study
    assert study.digest != read().digest
    short = TAU.replace("default = 20", "default = 20.0")
    assert read(with_constants(short)).digest == study.digest
    written = TAU.replace("{", '{ scale = "log", per = "population",')
    assert read(with_constants(written)).digest == study.digest


def test_a_python_study_declares_them_too(read):
    circuit = {"build": "net.py:build", "input": "c.I", "plastic": "b", "output": "c"}
    given = {"unit": "ms", "default": 20, "low": 5, "high": 80}
    made = OwnNetwork(**circuit, coefficients={"cells.tau": given})
    stored = read(with_constants(TAU)).circuit.coefficients["cells.tau"]
    assert made.coefficients["cells.tau"] == stored
    with pytest.raises(DeclarationError, match=r"'cells\.tau': must have default, low and high"):
        OwnNetwork(**circuit, coefficients={"cells.tau": {"default": 20}})


@pytest.mark.strain
def test_a_run_finds_stores_and_shows_them(read, tmp_path, capsys):
    read(with_constants(TAU))
    study, folder = read_study(tmp_path / "study.toml", CONDITIONS), tmp_path / "run"
    with Store(folder, study.to_table(), study.digest) as store:
        assert Runner(study, store).run()
    found = load(folder).solutions
    for condition in ("plastic", "fixed"):
        solution = StoredRun(folder).solution(condition, 1)
        coefficients = circuit_of(study, condition).coefficients
        tau = coefficients.decode(solution["vector"][None])["cells.tau"].item()
        assert 5 <= tau <= 80
        assert tau != 20
        kept = found["cells.tau"].sel(run="run", condition=condition, seed=1)
        assert float(np.squeeze(kept)) == pytest.approx(tau)
    assert main(["show", str(tmp_path / "study.toml")]) == 0
    assert "5 to 80 ms" in capsys.readouterr().out


CONDITIONS = ['conditions=["plastic", "fixed"]']


def test_a_range_is_searched_in_units_of_its_width():
    coefficient = Coefficient("g", 3.0, -1.0, 9.0, scale="range", sigma=0.1)
    assert float(coefficient.to_search_scale(3.0)) == pytest.approx(0.3)
    assert_allclose(coefficient.value(np.array([0.3, 2.0, -1.0])), [3.0, 9.0, -1.0])
    with pytest.raises(DeclarationError, match="a scale 'range' needs finite low < high"):
        Coefficient("g", scale="range")
