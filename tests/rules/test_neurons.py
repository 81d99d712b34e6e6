"""Neuron models against plain numpy, filters and the formula of their discrete map."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import TimedArray
from brian2.units import second

from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG
from neuromodels.simulation.device.batch import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Circuit, Population, Projection
from neuromodels.study.conditions import Controls
from tests.rules.scripted import DT, SILENCE, with_values

STEPS = 1500
RNG = np.random.default_rng(2)
CURRENT = RNG.normal(0.04, 0.08, STEPS)
TOLD = np.where(np.arange(STEPS) % 300 < 150, 0.5, 0.0)
BIAS = np.array([0.0, 0.03, 0.06])
MEMBRANE = np.exp(-DT / 0.02)
SPIKING = (
    *("lif", "slow_lif", "alif", "traced_lif", "modulatory_lif", "action_lif"),
    "lingering_lif",
)
EXCITABILITY = np.array([1.5, 1.0, 2.5])
THRESHOLD = {"eta_theta": 0.05, "rate_0": 30.0}


def slow_lif():
    """Return a lif that is refractory for 5 ms."""
    lif = MODELS["lif"]
    bias, rest = lif.coefficients
    return replace(lif, name="slow_lif", coefficients=(bias, replace(rest, default=5.0)))


@pytest.fixture(scope="module")
def watched():
    """Return what monitors saw of one population per model, driven by the same current."""
    given = TimedArray(CURRENT, dt=DT * second, name="given_current")
    taught = TimedArray(TOLD, dt=DT * second, name="given_lesson")
    task = replace(
        SILENCE,
        stimulus="u = given(t) + cue",
        taught="lesson(t) + 0*q_pre",
        constants={"given": given, "lesson": taught},
        outputs=3,
        score="loss = 0*y0",
    )
    loud = with_values(CATALOG["fixed"].with_options({"normalisation": "none"}), {"w": 1.0})
    models = {
        name: MODELS[name]
        for name in (*SPIKING, "homeostatic_lif", "typed_lif", "modulator")
        if name in MODELS
    }
    models["slow_lif"] = slow_lif()
    populations = [Population("channels", 1)]
    populations += [Population(name, 3, model) for name, model in models.items()]
    populations.append(Population("output", 3, MODELS["leaky_readout"]))
    projections = [Projection("channels", p.name, loud) for p in populations[1:]]
    circuit = Circuit(tuple(populations), tuple(projections))
    assembly = assemble(circuit, task, {"steps": STEPS}, controls=Controls(record=True))
    batch = Batch(assembly.network, dtype="float64", namespace={})
    for name, value in THRESHOLD.items():
        batch[f"homeostatic_lif.{name}"] = value
    for name in (*SPIKING, "homeostatic_lif", "typed_lif", "output"):
        batch[f"{name}.bias"] = BIAS
    batch["typed_lif.excitability"] = EXCITABILITY
    batch["modulator.f_0"] = BIAS
    batch["output.gain"] = 2.0
    batch.record([0])
    batch.run(assembly.duration)
    seen = {p.name: batch.samples(f"watch_{p.name}") for p in populations}
    ends = {
        name: np.asarray(batch[f"traced_lif.{name}"])[0] for name in ("v_slow", "c_exc", "c_inh")
    }
    return seen, ends


def spikes(t_ref=1.0, v_th=1.0, beta=0.0, drive=CURRENT[:, None] + BIAS):
    """Return spikes (steps, n) and membranes of a lif or alif, one step after the other."""
    v = np.zeros(drive.shape[1])
    a, rest = v.copy(), v.copy()
    jump = (1 - np.exp(-DT / 2.0)) / (1 - MEMBRANE)
    fired, membranes = [], []
    for current in drive:
        v, a, rest = v * MEMBRANE, a * np.exp(-DT / 2.0), np.maximum(rest - 1, 0)
        awake = rest == 0
        v = v + current * awake
        s = (v > v_th + beta * a) & awake
        v, a, rest = v - v_th * s, a + jump * s, np.where(s, t_ref, rest)
        fired.append(s.astype(float))
        membranes.append(v)
    return np.array(fired), np.array(membranes)


def homeostatic_spikes(drive):
    """Return spikes (steps, n) of neurons whose threshold seeks a rate."""
    v, theta, rest = (np.zeros(drive.shape[1]) for _ in range(3))
    fired = []
    for current in drive:
        v, rest = v * MEMBRANE, np.maximum(rest - 1, 0)
        v = v + current * (rest == 0)
        s = (v > 1 + theta) & (rest == 0)
        v, rest = v - (1 + theta) * s, np.where(s, 1.0, rest)
        theta = np.clip(theta + THRESHOLD["eta_theta"] * (s - THRESHOLD["rate_0"] * DT), -0.9, 20)
        fired.append(s.astype(float))
    return np.array(fired)


def filtered(values, tau):
    """Return sums of `values` that fade with tau, the newest in full."""
    total, found = np.zeros(values.shape[1:]), []
    for value in values:
        total = total * np.exp(-DT / tau) + value
        found.append(total)
    return np.array(found)


LINGERING = (1 - np.exp(-DT / 0.2)) * filtered(CURRENT, 0.2)
"""The mean input over the last 0.2 s, of which a lingering_lif adds twice."""
OPTIONS = {
    "slow_lif": {"t_ref": 5.0},
    "alif": {"v_th": 0.6, "beta": 1.7},
    "lingering_lif": {"drive": (CURRENT + 2 * LINGERING)[:, None] + BIAS},
}


@pytest.mark.parametrize("name", SPIKING)
def test_a_spiking_neuron_is_its_discrete_map(watched, name):
    fired, _ = spikes(**OPTIONS.get(name, {}))
    assert (fired.sum(axis=0) > 10).all()
    seen = watched[0][name]
    trace = filtered(fired, 0.02)
    np.testing.assert_allclose(np.asarray(seen["tr"]).T, trace, atol=1e-9)
    if name != "modulatory_lif":
        np.testing.assert_array_equal(np.asarray(seen["s"]).T, fired)


def test_a_plastic_threshold_is_its_discrete_map_and_evens_out_rates(watched):
    fired = homeostatic_spikes(CURRENT[:, None] + BIAS)
    seen = np.asarray(watched[0]["homeostatic_lif"]["s"]).T
    np.testing.assert_array_equal(seen, fired)
    plain, _ = spikes()
    kept, free = (each[STEPS // 2 :].mean(axis=0) / DT for each in (fired, plain))
    assert np.ptp(kept) < np.ptp(free) / 3
    assert np.abs(kept - THRESHOLD["rate_0"]).max() < 10


def test_a_type_hears_its_input_times_its_excitability(watched):
    fired, _ = spikes(drive=CURRENT[:, None] * EXCITABILITY + BIAS)
    assert (fired.sum(axis=0) > 10).all()
    np.testing.assert_array_equal(np.asarray(watched[0]["typed_lif"]["s"]).T, fired)
    slope = MODELS["typed_lif"].derivative
    assert slope == f"excitability*{MODELS['lif'].derivative}"


def test_a_modulatory_neuron_sends_its_trace():
    assert MODELS["modulatory_lif"].signal == MODELS["modulatory_lif"].trace == "tr"


def test_refractory_neurons_pause(watched):
    fired = np.asarray(watched[0]["slow_lif"]["s"]).T
    gaps = [np.diff(np.flatnonzero(each)).min() for each in fired.T]
    assert min(gaps) >= 5


def test_adaptation_slows_a_constantly_driven_neuron():
    """Over 2 s, one tau_a: intervals grow, which without adaptation they do not."""
    adapted, plain = (constant_drive(np.array([0.12]), name) for name in ("alif", "lif"))
    gaps = np.diff(np.flatnonzero(adapted[:, 0]))
    assert gaps[-3:].mean() > 2 * gaps[:3].mean()
    assert np.ptp(np.diff(np.flatnonzero(plain[:, 0]))) <= 1


def test_the_rate_of_a_lif_lies_where_its_map_says():
    """From v_0, n steps lead to v_0*L**n + I*(1 - L**n)/(1 - L), which passes 1 at the spike.

    A spike leaves v_0 between 0 and I, so that the interval lies between those of the two.  Below
    I = 1 - L there is no spike at all.
    """
    levels = np.array([0.9, 1.5, 3.0, 6.0]) * (1 - MEMBRANE)
    fired = constant_drive(levels)
    assert fired[:, 0].sum() == 0
    for level, train in zip(levels[1:], fired[:, 1:].T, strict=True):
        gaps = np.diff(np.flatnonzero(train))
        rest = level / (1 - MEMBRANE)
        longest, shortest = (
            np.floor(np.log((rest - 1) / (rest - v)) / np.log(MEMBRANE)) + 1 for v in (0, level)
        )
        assert len(gaps) > 20
        assert shortest <= gaps.min()
        assert gaps.max() <= longest


def constant_drive(levels, name="lif"):
    """Return the spikes (steps, n) of neurons that only their biases drive."""
    populations = (
        Population("channels", 1),
        Population("hidden", len(levels), MODELS[name]),
        Population("output", 1, MODELS["readout"]),
    )
    circuit = Circuit(populations, ())
    assembly = assemble(circuit, SILENCE, {"steps": 2000}, controls=Controls(record=True))
    batch = Batch(assembly.network, dtype="float64", namespace={})
    batch["hidden.bias"] = levels
    batch.record([0])
    batch.run(assembly.duration)
    return np.asarray(batch.samples("watch_hidden")["s"]).T


def test_a_leaky_readout_is_an_exponential_filter_and_only_its_trace_is_taught(watched):
    seen = watched[0]["output"]
    answer = filtered(CURRENT[:, None] + 0 * BIAS, 0.02) + BIAS
    np.testing.assert_allclose(np.asarray(seen["o"]).T, answer, atol=1e-9)
    squashed = np.tanh(answer + 2.0 * TOLD[:, None])
    np.testing.assert_allclose(np.asarray(seen["z"]).T, squashed, atol=1e-9)


def test_a_modulator_is_the_tanh_of_its_input(watched):
    said = np.asarray(watched[0]["modulator"]["o"]).T
    np.testing.assert_allclose(said, np.tanh(CURRENT[:, None] + BIAS), atol=1e-12)


@pytest.mark.parametrize("name", ["reward_modulator", "action_lif"])
def test_what_a_task_tells_a_neuron_is_added_to_its_input(name):
    """Told by a read-out's lesson: tanh of both, or spikes of the sum."""
    lesson = TimedArray(TOLD - 0.2, dt=DT * second, name="told_to_neurons")
    given = TimedArray(CURRENT, dt=DT * second, name="given_to_neurons")
    task = replace(
        SILENCE,
        stimulus="u = given(t) + cue",
        taught="lesson(t) + 0*q_pre",
        constants={"given": given, "lesson": lesson},
        outputs=3,
        score="loss = 0*y0",
    )
    loud = with_values(CATALOG["fixed"].with_options({"normalisation": "none"}), {"w": 1.0})
    populations = (Population("channels", 1), Population("output", 3, MODELS[name]))
    circuit = Circuit(populations, (Projection("channels", "output", loud),))
    assembly = assemble(circuit, task, {"steps": STEPS}, controls=Controls(record=True))
    batch = Batch(assembly.network, dtype="float64", namespace={})
    batch["output.f_0" if name == "reward_modulator" else "output.bias"] = BIAS
    batch["output.gain"] = 0.3
    batch.record([0])
    batch.run(assembly.duration)
    seen = batch.samples("watch_output")
    drive = CURRENT[:, None] + BIAS + 0.3 * (TOLD - 0.2)[:, None]
    if name == "reward_modulator":
        np.testing.assert_allclose(np.asarray(seen["o"]).T, np.tanh(drive), atol=1e-12)
    else:
        np.testing.assert_array_equal(np.asarray(seen["s"]).T, spikes(drive=drive)[0])


def test_a_traced_lif_averages_membrane_and_inputs(watched):
    """First-order averages: what each step leaves is 1 - dt/tau of what there was."""
    _, membranes = spikes()
    for name, values, tau in (
        ("v_slow", membranes, 0.1),
        ("c_exc", np.maximum(CURRENT, 0)[:, None] + 0 * BIAS, 0.01),
        ("c_inh", np.maximum(-CURRENT, 0)[:, None] + 0 * BIAS, 0.1),
    ):
        weights = (1 - DT / tau) ** np.arange(STEPS)[::-1] * DT / tau
        np.testing.assert_allclose(watched[1][name], weights @ values, rtol=1e-6)
