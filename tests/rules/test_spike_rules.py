"""Rules that act at spikes, against formulas of their papers and an event-by-event simulation."""

import numpy as np
import pytest
from brian2.utils.logger import catch_logs

from neuromodels.errors import DeclarationError
from neuromodels.rules import CATALOG
from neuromodels.simulation.network.protocols import between_poisson, driven, paired
from tests.rules.checks import checks

STDP, TRIPLET, ISP = (CATALOG[n] for n in ("stdp", "triplet_stdp", "inhibitory_stdp"))


@checks("stdp")
def test_the_stdp_window_is_two_exponentials():
    """One pair, Song et al. 2000, equations 1 and 2."""
    delays = np.array([-0.06, -0.02, -0.005, 0.005, 0.02, 0.06])
    found = paired(STDP, delays, pairs=1)
    expected = np.where(
        delays > 0, 0.005 * np.exp(-delays / 0.02), -0.00525 * np.exp(delays / 0.02)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_pairs_add_up_at_a_low_frequency():
    delays = np.array([-0.01, 0.01])
    np.testing.assert_allclose(
        paired(STDP, delays, pairs=10), 10 * paired(STDP, delays, pairs=1), rtol=1e-6
    )


def test_stdp_between_independent_trains_drifts_with_the_area_of_its_window():
    """<dw> = T*r_pre*r_post*(A_plus*tau_plus - A_minus*tau_minus)."""
    values = {"A_plus": 1e-4, "A_minus": 3e-4}
    found = between_poisson(STDP, 20, 30, seconds=40, synapses=200, values=values)
    expected = 40 * 20 * 30 * (1e-4 - 3e-4) * 0.02
    assert found.mean() == pytest.approx(expected, abs=4 * found.std() / np.sqrt(200))


def events(delay, pairs, frequency):
    """Pfister and Gerstner's full model, one event after the other."""
    tau_plus, tau_x, tau_minus, tau_y = 0.0168, 0.101, 0.0337, 0.125
    times = np.arange(pairs) / frequency
    pre = sorted([(t, 0) for t in times] + [(t + delay, 1) for t in times])
    r1 = r2 = o1 = o2 = change = last = 0.0
    for time, is_post in pre:
        gap, last = time - last, time
        r1, r2 = r1 * np.exp(-gap / tau_plus), r2 * np.exp(-gap / tau_x)
        o1, o2 = o1 * np.exp(-gap / tau_minus), o2 * np.exp(-gap / tau_y)
        if is_post:
            change += r1 * (5e-10 + 6.2e-3 * o2)
            o1, o2 = o1 + 1, o2 + 1
        else:
            change -= o1 * (7e-3 + 2.3e-4 * r2)
            r1, r2 = r1 + 1, r2 + 1
    return change


@checks("triplet_stdp")
@pytest.mark.parametrize("frequency", [0.1, 10, 20, 40])
def test_triplets_are_the_published_model(frequency):
    delays = np.array([-0.01, 0.01])
    # the interval is a whole number of steps, and the weight starts in the middle of its range
    found = paired(TRIPLET, delays, pairs=15, frequency=frequency)
    expected = [events(delay, 15, frequency) for delay in delays]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


@checks("triplet_stdp")
def test_triplets_depend_on_frequency_as_in_the_experiments():
    """Sjostrom et al. 2001: post before pre depresses at 10 Hz and potentiates at 40 Hz and above;
    pre before post does nothing at 0.1 Hz and potentiates more the faster."""
    change = {f: paired(TRIPLET, np.array([-0.01, 0.01]), 60, f) for f in (0.1, 10, 20, 40)}
    assert change[0.1][0] < 0
    assert abs(change[0.1][1]) < 0.02
    assert change[10][0] < 0
    assert change[40][0] > 0
    growing = [change[f][1] for f in (0.1, 10, 20, 40)]
    assert growing == sorted(growing)
    assert growing[-1] > 0.2


def test_the_unit_of_the_target_rate_is_the_one_that_brian2_knows():
    with catch_logs() as logs:
        paired(ISP, np.array([0.01]), pairs=2)
    assert not [each for each in logs if "refers to different objects" in each[2]]


@checks("inhibitory_stdp")
@pytest.mark.parametrize(("rate_post", "sign"), [(2.0, -1), (5.0, 0), (12.0, 1)])
def test_inhibition_rests_at_its_target_rate(rate_post, sign):
    """<dw> = T*eta*r_pre*2*tau*(r_post - rate), Vogels et al. 2011."""
    values = {"eta": 1e-4, "rate": 5.0}
    found = between_poisson(ISP, 20, rate_post, seconds=60, synapses=300, values=values)
    expected = 60 * 1e-4 * 20 * 2 * 0.02 * (rate_post - 5.0)
    assert np.sign(expected) == sign
    assert found.mean() == pytest.approx(expected, abs=4 * found.std() / np.sqrt(300))


def test_the_inhibitory_window_is_symmetric():
    delays = np.array([-0.03, -0.01, 0.01, 0.03])
    values = {"eta": 0.01, "rate": 0.0}
    found = paired(ISP, delays, pairs=1, values=values)
    np.testing.assert_allclose(found, 0.01 * np.exp(-np.abs(delays) / 0.02), rtol=1e-9)


def test_what_a_protocol_cannot_examine_is_refused():
    with pytest.raises(DeclarationError, match="oja: must have statements on_pre or on_post"):
        paired(CATALOG["oja"], np.array([0.01]))
    with pytest.raises(DeclarationError, match="stdp: must have statements each_step"):
        driven(STDP, np.zeros((3, 2)))
    with pytest.raises(DeclarationError, match=r"shorter than half a period, 0\.05 s; got 0\.06"):
        paired(STDP, np.array([0.06]), frequency=10)
    with pytest.raises(DeclarationError, match="coefficients are w, A_plus, A_minus; got 'A'"):
        paired(STDP, np.array([0.01]), values={"A": 1.0})
