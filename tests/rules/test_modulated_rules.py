"""Rules with a third factor and families of pair rules, against formulas and each other."""

import numpy as np
import pytest

from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG
from neuromodels.simulation.device.batch import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Circuit, Population, Projection
from neuromodels.simulation.network.protocols import driven, paired
from neuromodels.study.conditions import Controls
from tests.rules.checks import checks
from tests.rules.scripted import DT, SILENCE, TAU, stepped, with_values

PHASE = 250
HEARD = np.repeat([20.0, 0.0, -20.0], PHASE)
"""M = tanh of it: 1, then 0, then -1, all of them exactly."""
ON, OFF, NEGATIVE = (slice(k * PHASE, (k + 1) * PHASE) for k in range(3))
FAST = {"eta": 0.2, "w": 0, "alpha": 0}
OF_PDLF = {"eta": 0.02, "A": 0.7, "B": -0.3, "C": 0.4, "D": 0.1}
PAIRS = {"oja": ("plastic_oja", "nm_oja"), "bcm": ("plastic_bcm", "nm_bcm")}


def trains(steps):
    """Return trains whose traces stay at or below 1: at most one spike in 100 ms."""
    before, after = np.zeros((steps, 2)), np.zeros((steps, 1))
    before[10::100, 0] = before[40::100, 1] = after[45::100, 0] = 1
    return before, after


@pytest.fixture(scope="module")
def found():
    rules = {name: with_values(CATALOG[name], FAST) for pair in PAIRS.values() for name in pair}
    rules["modulated"] = with_values(CATALOG["nm_oja"].with_options({"decay": "modulated"}), FAST)
    for name in ("retroactive_oja", "retroactive_bcm", "three_factor", "three_factor_split"):
        rules[name] = CATALOG[name]
    rules["r_stdp"] = with_values(CATALOG["r_stdp"], {"w": 0.5})
    plain = {"normalisation": "none"}
    for name in ("pdlf", "nm_pdlf"):
        rules[name] = with_values(CATALOG[name].with_options(plain), OF_PDLF)
    rules["fixed"] = with_values(
        CATALOG["fixed"].with_options({"normalisation": "none"}), {"w": 0.3}
    )
    return stepped(rules, *trains(len(HEARD)), HEARD)


@pytest.mark.parametrize("kind", PAIRS)
def test_with_a_third_factor_of_1_a_rule_is_its_plain_one(found, kind):
    plain, modulated = (found[name]["rho"][ON] for name in PAIRS[kind])
    assert np.ptp(plain) > 1e-3
    np.testing.assert_allclose(modulated, plain, rtol=1e-12)


@checks("nm_pdlf")
def test_with_a_third_factor_of_1_the_pdlf_rule_is_its_plain_one(found):
    plain, modulated = (found[name]["w"][ON] for name in ("pdlf", "nm_pdlf"))
    assert np.ptp(plain) > 0.1
    np.testing.assert_allclose(modulated, plain, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "learned"),
    [
        ("nm_bcm", "rho"),
        ("modulated", "rho"),
        ("retroactive_oja", "rho"),
        ("retroactive_bcm", "rho"),
        ("three_factor", "w"),
        ("three_factor_split", "rho"),
        ("r_stdp", "w"),
        ("nm_pdlf", "w"),
    ],
)
def test_with_a_third_factor_of_0_nothing_is_learned(found, name, learned):
    values = found[name][learned]
    assert np.ptp(values[ON]) > 0
    assert np.ptp(values[OFF], axis=0).max() == 0
    assert np.ptp(values[NEGATIVE]) > 0


def test_with_a_third_factor_of_0_a_free_decay_forgets(found):
    rho = found["nm_oja"]["rho"]
    spikes = np.flatnonzero(trains(len(HEARD))[1][OFF, 0]).size
    np.testing.assert_allclose(rho[OFF][-1], rho[ON][-1] * 0.8**spikes, rtol=1e-9)


def test_a_negative_third_factor_repels_without_bound_only_if_it_modulates_the_decay():
    """rho - x grows by 1 + eta at each spike until it is clipped; -x attracts in the other form."""
    before, after = trains(6000)
    rules = {
        decay: with_values(CATALOG["nm_oja"].with_options({"decay": decay}), FAST)
        for decay in ("free", "modulated")
    }
    seen = stepped(rules, before, after, np.full(6000, -20.0))
    free, modulated = (seen[decay]["rho"] for decay in rules)
    assert modulated[-1].min() == -1
    assert -1 < free.min() < 0
    assert np.abs(free[-1] - free[-1001]).max() < 1e-3


@checks("fixed")
def test_fixed_weights_stay(found):
    assert not CATALOG["fixed"].is_plastic
    assert (found["fixed"]["w"] == 0.3).all()


@checks("plastic_oja", "nm_oja")
def test_event_oja_becomes_the_mean_trace_at_postsynaptic_spikes():
    """Inputs 0, 5 and 20 ms before every spike, ten times a second: a geometric series."""
    delays, period, steps = np.array([0, 5, 20]), 100, 6000
    before, after = np.zeros((steps, 3)), np.zeros((steps, 1))
    after[50::period] = 1
    for k, delay in enumerate(delays):
        before[50 - delay :: period, k] = 1
    values = {"eta": 0.3, "w": 0, "alpha": 0}
    rules = {name: with_values(CATALOG[name], values) for name in ("plastic_oja", "nm_oja")}
    found = stepped(rules, before, after, np.full(steps, 20.0))
    trace = np.exp(-delays * DT / TAU) / (1 - np.exp(-period * DT / TAU))
    for values in found.values():
        np.testing.assert_allclose(values["rho"][-1, :, 0], np.clip(trace, 0, 1), atol=1e-6)


@checks("plastic_oja", "nm_oja")
@pytest.mark.parametrize("name", ["plastic_oja", "nm_oja"])
def test_dense_oja_becomes_the_first_principal_component(name):
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(40_000, 4)) @ np.diag([2.0, 1, 0.7, 0.3]) @ rng.normal(size=(4, 4))
    inputs /= inputs.std()
    rule = CATALOG[name].with_options({"form": "dense"})
    values = {"eta": 1e-3, "w": 0.0, "alpha": 1.0}
    rho = driven(rule, inputs, values, weights=0.1 * rng.normal(size=4))
    first = np.linalg.eigh(np.cov(inputs.T))[1][:, -1]
    assert np.linalg.norm(rho) == pytest.approx(1, abs=0.03)
    assert abs(rho @ first) / np.linalg.norm(rho) > 0.995


@checks("plastic_bcm", "nm_bcm")
@pytest.mark.parametrize("name", ["plastic_bcm", "nm_bcm"])
def test_dense_bcm_becomes_selective(name):
    """As the plain rule: an answer of 2*y_0 to one of two patterns, none to the other."""
    patterns = np.array([[1.0, 0.2], [0.2, 1.0]])
    inputs = patterns[np.random.default_rng(0).integers(2, size=60_000)]
    values = {"eta": 2e-3, "w": 0.0, "alpha": 1.0, "y_0": 0.4}
    rule = CATALOG[name].with_options({"form": "dense"})
    answers = np.sort(patterns @ driven(rule, inputs, values, weights=np.array([0.25, 0.2])))
    assert answers[0] < 0.1
    assert answers[1] == pytest.approx(0.8, rel=0.15)


@checks("plastic_bcm", "nm_bcm")
@pytest.mark.parametrize("y_0", [0.3, 0.8])
def test_the_bcm_threshold_slides_until_activity_rests_at_its_target(y_0):
    """One input of 1: theta follows y**2/y_0 and stops y where they are equal, at y_0."""
    for name in ("plastic_bcm", "nm_bcm"):
        rule = CATALOG[name].with_options({"form": "dense"})
        values = {"eta": 5e-3, "w": 0.5, "alpha": 1.0, "y_0": y_0}
        rho = driven(rule, np.ones((20_000, 1)), values)
        assert rho[0] + 0.5 == pytest.approx(y_0, abs=1e-3)


@checks("hebb")
def test_dense_hebb_is_the_running_mean_of_the_product():
    """With fixed weights 0.3 and inputs of 1 and 0.5, y = 0.45: rho rests at x*y."""
    inputs = np.tile([1.0, 0.5], (2000, 1))
    rule = CATALOG["hebb"].with_options({"form": "dense"})
    rho = driven(rule, inputs, {"eta": 0.02, "w": 0.3, "alpha": 0.0})
    np.testing.assert_allclose(rho, [0.45, 0.225], atol=1e-9)


WINDOW = np.array([-40, -10, -1, 0, 1, 10, 40])
"""Postsynaptic minus presynaptic time of one pair per synapse, in steps of 1 ms."""


@pytest.fixture(scope="module")
def windows():
    """One postsynaptic spike at step 50; the third factor is 0 until 150 and then 1."""
    steps = 1200
    before, after = np.zeros((steps, len(WINDOW))), np.zeros((steps, 1))
    after[50] = 1
    before[50 - WINDOW, np.arange(len(WINDOW))] = 1
    heard = np.where(np.arange(steps) < 150, 0.0, 20.0)
    values = {"a_lead": 0.7, "a_lag": 0.3, "eta": 2e-3, "tau_e": 0.1, "w": 0.0}
    rules = {
        f"{name}_{contrast}": with_values(
            CATALOG[name].with_options({"contrast": contrast}), values
        )
        for name in ("three_factor", "three_factor_split")
        for contrast in ("none", "mean")
    }
    return stepped(rules, before, after, heard)


def window():
    """Return a_lead*exp(-d/tau_x) for d >= 0, else -a_lag*exp(d/tau_x)."""
    fall = np.exp(-np.abs(WINDOW) * DT / TAU)
    return np.where(WINDOW >= 0, 0.7 * fall, -0.3 * fall)


@checks("three_factor", "three_factor_split")
@pytest.mark.parametrize("name", ["three_factor", "three_factor_split"])
def test_an_eligibility_is_an_stdp_window_that_fades(windows, name):
    last = np.maximum(50, 50 - WINDOW)
    steps = np.array([100, 140, 400])[:, None]
    expected = window() * np.exp(-(steps - last) * DT / 0.1)
    np.testing.assert_allclose(windows[f"{name}_none"]["elig"][steps[:, 0], :, 0], expected)


@checks("three_factor", "three_factor_split")
@pytest.mark.parametrize(
    ("name", "learned"), [("three_factor", "w"), ("three_factor_split", "rho")]
)
def test_a_late_third_factor_learns_what_is_left_of_the_window(windows, name, learned):
    """No change while M = 0; from step 150 on, M = 1, eta times the sum of what fades."""
    changed = windows[f"{name}_none"][learned][..., 0]
    last = np.maximum(50, 50 - WINDOW)
    left = window() * np.exp(-(149 - last) * DT / 0.1) / (1 - np.exp(-DT / 0.1))
    assert (changed[:150] == 0).all()
    # ten time constants after the pair 5e-5 of it is left
    np.testing.assert_allclose(changed[-1], 2e-3 * left, rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "learned"), [("three_factor", "w"), ("three_factor_split", "rho")]
)
def test_a_contrast_takes_the_mean_over_the_synapses_of_a_neuron(windows, name, learned):
    plain, contrasted = (windows[f"{name}_{how}"][learned][-1, :, 0] for how in ("none", "mean"))
    np.testing.assert_allclose(contrasted, plain - plain.mean(), rtol=1e-9)
    assert contrasted.sum() == pytest.approx(0, abs=1e-12)


DELAYS = np.array([-0.05, -0.02, -0.005, 0.005, 0.02, 0.05])
SAME = {"tau_x": 0.02, "tau_y": 0.02, "w": 0.5}


@checks("doublet")
def test_the_doublet_family_contains_pair_stdp():
    values = {**SAME, "eta": 0.005, "gamma": 1.0, "kappa": -1.05}
    found = paired(CATALOG["doublet"], DELAYS, pairs=5, values=values)
    np.testing.assert_allclose(found, paired(CATALOG["stdp"], DELAYS, pairs=5), rtol=1e-9)


@checks("doublet")
def test_the_doublet_family_contains_inhibitory_plasticity():
    """alpha = -2*rate*tau, gamma = kappa = 1: Vogels et al. 2011 with a target of 3 Hz."""
    values = {**SAME, "eta": 0.005, "alpha": -2 * 3.0 * 0.02, "gamma": 1.0, "kappa": 1.0}
    found = paired(CATALOG["doublet"], DELAYS, pairs=5, values=values)
    expected = paired(CATALOG["inhibitory_stdp"], DELAYS, pairs=5)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@checks("polynomial")
def test_the_polynomial_family_contains_the_doublets_of_20_ms():
    rng = np.random.default_rng(1)
    before, after = (rng.random((500, 3)) < 0.03, rng.random((500, 2)) < 0.03)
    alpha, beta, gamma, kappa = 0.2, 0.1, 0.3, -0.4
    rules = {
        "pairs": with_values(
            CATALOG["doublet"].with_options({"form": "dense"}),
            {"w": 1, "eta": 1, "alpha": alpha, "beta": beta, "gamma": gamma, "kappa": kappa},
        ),
        "products": with_values(
            CATALOG["polynomial"].with_options({"form": "dense"}),
            {
                "w": 1,
                "th0": alpha,
                "th9": kappa / 2 / alpha,
                "th10": beta,
                "th18": gamma / 2 / beta,
            },
        ),
    }
    found = stepped(rules, before, after, np.zeros(500), v_slow=0.3, c_exc=0.2, c_inh=0.1)
    assert np.ptp(found["pairs"]["w"]) > 0.1
    np.testing.assert_allclose(found["products"]["w"], found["pairs"]["w"], rtol=1e-9)


KINDS = {"E": "lif", "I": "inhibitory_lif"}


def test_four_doublets_act_together_and_inhibition_finds_its_target_rate():
    """Each pair of E and I has a doublet of its own; that from I to E is Vogels et al. 2011."""
    target, size = 8.0, 6
    still = {"alpha": 0, "beta": 0, "gamma": 0, "kappa": 0, "w": 0.005}
    balancing = {"alpha": -2 * target * 0.02, "gamma": 1, "kappa": 1, "eta": 5e-3, "w": 0.01}
    doublets = {
        (a, b): with_values(CATALOG["doublet"], balancing if (a, b) == ("I", "E") else still)
        for a in KINDS
        for b in KINDS
    }
    circuit = Circuit(
        (
            Population("channels", 1),
            *(Population(name, size, MODELS[model]) for name, model in KINDS.items()),
            Population("output", 1, MODELS["readout"]),
        ),
        tuple(Projection(a, b, rule) for (a, b), rule in doublets.items()),
    )
    assembly = assemble(circuit, SILENCE, {"steps": 12_000}, controls=Controls(record=True))
    batch = Batch(assembly.network, dtype="float64", namespace={})
    batch["E.bias"] = np.linspace(0.06, 0.09, size)
    batch["I.bias"] = np.linspace(0.06, 0.08, size)
    batch.record([0])
    batch.run(assembly.duration)
    spikes = np.asarray(batch.samples("watch_E")["s"])
    assert spikes[:, :300].mean() > 2 * target * DT
    np.testing.assert_allclose(spikes[:, -6000:].mean(axis=1) / DT, target, atol=0.1 * target)
    weights = {name: np.asarray(batch[f"{name}.w"]) for name in ("E_E", "E_I", "I_I", "I_E")}
    assert weights.pop("I_E").max() > 0.1
    assert all((each == 0.005).all() for each in weights.values())
