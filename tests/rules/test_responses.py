"""Windows and frequency dependence of rules with given numbers, against formulas and Brian2."""

import numpy as np
import pytest
from brian2 import Clock, Network, SpikeGeneratorGroup, Synapses
from brian2.units import ms, second

from neuromodels.errors import DeclarationError
from neuromodels.rules import CATALOG
from neuromodels.simulation.network.protocols import paired
from neuromodels.simulation.network.responses import responses
from tests.rules.test_spike_rules import events

DT = 1e-3


def test_pair_stdp_has_its_exponential_window_for_every_synapse():
    """Song et al. 2000, equations 1 and 2; each synapse has amplitudes of its own."""
    ups, downs = np.array([1e-5, 3e-5]), np.array([2e-5, 0.0])
    found = responses(CATALOG["stdp"], {"A_plus": ups, "A_minus": downs}, DT, None)
    d = found.delays
    expected = np.where(
        d > 0, ups[:, None] * np.exp(-d / 0.02), -downs[:, None] * np.exp(np.minimum(d, 0) / 0.02)
    )
    there = d != 0
    np.testing.assert_allclose(found.first[:, there], expected[:, there], rtol=1e-9, atol=1e-18)
    # 60 pairs at 1 Hz: the next pair is 50 time constants away
    np.testing.assert_allclose(
        found.window[:, there], 60 * expected[:, there], rtol=1e-6, atol=1e-15
    )
    assert found.silence == pytest.approx(0.0)
    assert (d.min(), d.max(), len(d)) == (-0.1, 0.1, 41)


def test_triplets_depend_on_frequency_as_published():
    """Pfister and Gerstner 2006, full model, event by event; signs of Sjostrom et al. 2001."""
    found = responses(CATALOG["triplet_stdp"], {}, DT, None)
    for k, frequency in enumerate(found.frequencies):
        expected = [events(shift, 60, frequency) for shift in (0.01, -0.01)]
        # the weight has a range of 1 and begins in its middle: larger changes end at a bound
        if max(np.abs(expected)) < 0.45:
            np.testing.assert_allclose(found.by_frequency[0, :, k], expected, rtol=1e-6)
    assert set(found.frequencies) == {1, 2, 5, 10, 20, 40, 50}
    pre_first, post_first = found.by_frequency[0]
    assert (np.diff(pre_first) >= -1e-9).all(), "potentiation grows with frequency"
    assert post_first[0] < 0 < post_first[-1], "depression turns into potentiation"


def test_a_window_is_that_of_one_protocol_after_the_other():
    """`paired` builds a network for each; a rule of each step, with a norm that is left out."""
    rule = CATALOG["three_factor"]
    values = {"a_lead": 0.7, "a_lag": 0.2, "eta": 1e-4, "tau_e": 0.1}
    given = {name: np.full(2, value) for name, value in values.items()}
    found = responses(rule, given, DT, np.array([0.0, 1.0]))
    expected = paired(rule, found.delays, 60, 1.0, values, dt=DT * second, third=1.0)
    np.testing.assert_allclose(found.window[1], expected, rtol=1e-6, atol=1e-12)
    np.testing.assert_array_equal(found.window[0], 0.0)


def test_a_rule_of_traces_is_what_stock_brian2_makes_of_it():
    """PDLF with its drift, weights in every step; Brian2's own run of the same pairs."""
    rule = CATALOG["pdlf"]
    values = {"eta": 1e-3, "A": 0.8, "B": -0.3, "C": 0.1, "D": 0.02}
    given = {name: np.array([value]) for name, value in values.items()}
    found = responses(rule, given, 5e-3, None)
    delay = 0.010
    place = int(np.argmin(np.abs(found.delays - delay)))
    expected = stock_change(values, delay) - stock_change(values, None)
    assert found.window[0, place] == pytest.approx(expected, rel=1e-6)
    assert found.silence[0] == pytest.approx(stock_change(values, None), rel=1e-6)


def stock_change(values, delay):
    """Return the change by 60 pairs at 1 Hz; without a delay there are no spikes."""
    clock = Clock(5 * ms, name="stock_clock")
    times = 0.5 + np.arange(60.0) if delay is not None else np.zeros(0)
    sides = [
        SpikeGeneratorGroup(
            1, np.zeros(len(times), int), (times + shift) * second, clock=clock, name=n
        )
        for n, shift in (("stock_before", 0.0), ("stock_after", delay or 0.0))
    ]
    made = Synapses(
        *sides,
        "w : 1\nx : 1\ny : 1",
        on_pre="x += 1",
        on_post="y += 1",
        namespace=values,
        clock=clock,
        name="stock",
    )
    made.connect()
    made.pre.order, made.post.order = -2, -1
    made.run_regularly(
        "x *= exp(-dt/(20*ms))\ny *= exp(-dt/(20*ms))", when="before_synapses", name="stock_fade"
    )
    made.run_regularly("w += eta*(A*x*(y - C) + B*y + D)", when="after_synapses", name="stock_step")
    network = Network(*sides, made, name="stock_network")
    network.run(60 * second, namespace={})
    return float(made.w[0])


def test_steps_of_twenty_milliseconds_have_fewer_delays_and_frequencies():
    found = responses(CATALOG["oja"], {"eta": np.array([1e-4])}, 0.02, None)
    np.testing.assert_allclose(found.delays, np.arange(-5, 6) * 0.02)
    assert (found.offset, list(found.frequencies)) == (0.02, [1, 2, 5, 10, 20])
    assert found.window.shape == (1, 11)
    assert np.isfinite(found.by_frequency).all()


def test_what_a_weight_is_made_of_is_in_its_change():
    """Of ``w + alpha*rho`` rho alone moves: the change is alpha times its own."""
    rule = CATALOG["plastic_oja"].with_options({"form": "dense"})
    given = {"eta": np.full(2, 1e-4), "alpha": np.array([1.0, 2.0]), "w": np.full(2, 0.3)}
    found = responses(rule, given, DT, None)
    np.testing.assert_allclose(found.first[1], 2 * found.first[0], rtol=1e-6)


def test_a_rule_that_reads_neurons_is_refused():
    with pytest.raises(DeclarationError, match="polynomial: must read nothing that only a neuron"):
        responses(CATALOG["polynomial"], {}, DT, None)
