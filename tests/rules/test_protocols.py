"""Protocols on synapses of their own, over the whole catalog, against statements run in numpy."""

import re

import numpy as np
import pytest
from brian2 import Equations
from brian2.units import ms, second

from neuromodels.coefficients import Coefficient
from neuromodels.errors import DeclarationError
from neuromodels.rules import CATALOG, PlasticityRule
from neuromodels.simulation.network.protocols import between_poisson, driven, paired

DT = 1e-3
DELAYS = np.array([-0.030, -0.012, 0.0, 0.007, 0.021])
THIRD = 0.6


def variants():
    """Return every rule of the catalog with each of its options, by label."""
    found = {}
    for name, rule in CATALOG.items():
        for option, values in ({"": ("",)} | rule.options).items():
            for value in values:
                plain = {"normalisation": "none"} if "normalisation" in rule.options else {}
                chosen = {**plain, **({option: value} if option else {})}
                found["_".join(filter(None, [name, option, value]))] = rule.with_options(chosen)
    return found


VARIANTS = variants()
VALUES = {"eta": 0.01, "eta_e": 0.03, "g_0": 0.3, "alpha": 0.4, "kappa": 0.3, "gamma": 0.7}
VALUES |= {
    "beta": -0.2,
    "A": 0.5,
    "B": 0.2,
    "C": 0.1,
    "D": 0.05,
    "tau_e": 0.1,
    "contrasted": 0.5,
    "k110": 0.01,
}


class NumpySynapses:
    """Variables of n synapses, and statements that are run on them."""

    def __init__(self, rule, values, count, third):
        self.rule, equations = rule, Equations(rule.model)
        known = {c.name: float(c.default) for c in rule.coefficients} | values
        states = [*equations.diff_eq_names, *equations.parameter_names]
        self.state = {name: np.full(count, known.get(name, 0.0)) for name in states}
        self.fixed = {k: float(v) for k, v in {**rule.constants, **known}.items()}
        self.fixed |= {"second": 1.0, "dt": DT, "M": third, "exp": np.exp, "tanh": np.tanh}
        self.fixed |= {"clip": np.clip, "abs": np.abs, "inf": np.inf, "sqrt": np.sqrt}
        self.derived = {name: equations[name].expr.code for name in equations.subexpr_names}
        self.rates = {name: equations[name].expr.code for name in equations.diff_eq_names}

    def names(self, **more):
        names = {**self.fixed, **self.state, **more}
        for name, text in self.derived.items():
            names[name] = eval(text, {}, names)
        return names

    def decay(self):
        """Event-driven variables are all of the form dv/dt = -v/tau."""
        for name, text in self.rates.items():
            pace = eval(text, {}, self.names(**{name: 1.0}))
            self.state[name] = self.state[name] * np.exp(pace * DT)

    def run(self, statements, where, **more):
        for line in filter(None, map(str.strip, statements.splitlines())):
            names = self.names(**more)
            exec(re.sub(r"^(\w+) ([+*-])= (.*)$", r"\1 = \1 \2 (\3)", line), {}, names)
            name = line.split()[0]
            if name in self.state:
                self.state[name] = np.where(where, names[name], self.state[name])
            else:
                more[name] = names[name]


def in_numpy(rule, values, before, after):
    """Return the change of what a rule learns by the spikes (steps, n) of both sides."""
    synapses = NumpySynapses(rule, values, before.shape[1], THIRD)
    learned = rule.learns[0]
    start = synapses.state[learned].copy()
    x, y = np.zeros(before.shape[1]), np.zeros(before.shape[1])
    centre = 0.0
    for pre, post in zip(before, after, strict=True):
        synapses.decay()
        x, y = x * np.exp(-DT / 0.02) + pre, y * np.exp(-DT / 0.02) + post
        seen = {"x": x, "y": y, "sx": pre, "sy": post, "centre": centre}
        synapses.run(rule.each_step, True, **seen)
        synapses.run(rule.on_pre, pre > 0, **seen)
        synapses.run(rule.on_post, post > 0, **seen)
        if rule.centred:
            centre = synapses.state[rule.centred].copy()
    return synapses.state[learned] - start


def pair_trains(delays, pairs, frequency):
    steps = round((0.5 + (pairs - 1) / frequency + 0.5) / DT)
    before, after = np.zeros((2, steps, len(delays)))
    for k in range(pairs):
        at = 0.5 + k / frequency
        for n, delay in enumerate(delays):
            before[round(at / DT), n] = after[round((at + delay) / DT), n] = 1
    return before, after


def chosen_values(rule):
    return {c.name: VALUES[c.name] for c in rule.coefficients if c.name in VALUES}


def assert_pairs_are_those_of_numpy(rule):
    values = chosen_values(rule)
    found = paired(rule, DELAYS, 3, 10.0, values, dt=DT * second, third=THIRD)
    expected = in_numpy(rule, values, *pair_trains(DELAYS, 3, 10.0))
    assert np.abs(expected).max() > 1e-7
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)


def is_refused(rule):
    """Whether a rule does nothing at spikes, or reads what only a neuron has."""
    texts = f"{rule.on_pre} {rule.on_post}"
    at_spikes = texts.strip() or re.search(r"\bs[xy]\b", rule.each_step)
    return not at_spikes or reads_neurons(rule)


def reads_neurons(rule):
    return "_slow_post" in f"{rule.on_pre} {rule.on_post} {rule.each_step}"


@pytest.mark.parametrize("label", ["hebb_form_event", "three_factor_contrast_mean"])
def test_pairs_with_statements_of_each_step_are_those_of_numpy(label):
    assert_pairs_are_those_of_numpy(VARIANTS[label])


@pytest.mark.strain
@pytest.mark.parametrize("label", [name for name, rule in VARIANTS.items() if not is_refused(rule)])
def test_pairs_of_every_rule_are_those_of_numpy(label):
    assert_pairs_are_those_of_numpy(VARIANTS[label])


@pytest.mark.parametrize("label", [name for name, rule in VARIANTS.items() if is_refused(rule)])
@pytest.mark.parametrize(
    "protocol", [lambda r: paired(r, DELAYS), lambda r: between_poisson(r, 5, 5, 0.1)]
)
def test_a_rule_that_pairs_cannot_show_is_refused_by_name(label, protocol):
    with pytest.raises(DeclarationError, match=rf"^PlasticityRule\.{VARIANTS[label].name}"):
        protocol(VARIANTS[label])


def test_pair_stdp_with_traces_that_decay_in_each_step_has_its_exponential_window():
    """The same rule as `stdp`, its traces written in the other way."""
    fading = "apre *= exp(-dt/tau)\napost *= exp(-dt/tau)"
    rule = PlasticityRule(
        name="stepwise_stdp",
        summary="",
        model="w : 1\napre : 1\napost : 1",
        each_step=fading,
        on_pre="apre += 1\nw = w - 0.1*apost",
        on_post="apost += 1\nw = w + 0.1*apre",
        coefficients=(Coefficient("w", 0.5),),
        constants={"tau": 20 * ms},
    )
    delays = np.array([-0.04, -0.01, 0.01, 0.04])
    expected = np.sign(delays) * 0.1 * np.exp(-np.abs(delays) / 0.02)
    np.testing.assert_allclose(paired(rule, delays, pairs=1), expected, rtol=1e-9)


def test_given_activity_is_refused_where_a_rule_acts_at_spikes_or_is_normalised():
    with pytest.raises(DeclarationError, match="plastic_bcm: must have no statements on_pre or"):
        driven(CATALOG["plastic_bcm"], np.zeros((3, 2)))
    with pytest.raises(DeclarationError, match=r"pdlf\.normalisation: must be 'none'"):
        driven(CATALOG["pdlf"], np.zeros((3, 2)))


def activity_in_numpy(rule, values, inputs, start):
    """Return what the inputs (n,) of a linear neuron have learned; a centre is their mean."""
    synapses, centre = NumpySynapses(rule, values, inputs.shape[1], THIRD), 0.0
    synapses.state[rule.learns[0]] = start
    for u in inputs:
        weights = eval(rule.weight, {}, synapses.names(centre=centre))
        y = np.full(len(u), (weights * u).sum())
        synapses.run(rule.each_step, True, x=u, y=y, sx=u, sy=y, centre=centre)
        if rule.centred:
            centre = synapses.state[rule.centred].mean()
    return synapses.state[rule.learns[0]]


def assert_activity_is_that_of_numpy(rule):
    values, start = chosen_values(rule), np.full(4, 0.3)
    inputs = np.random.default_rng(3).random((40, 4))
    found = driven(rule, inputs, values, start, DT, THIRD)
    expected = activity_in_numpy(rule, values, inputs, start.copy())
    assert np.abs(expected - start).max() > 1e-7
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)


def takes_activity(rule):
    has_events = f"{rule.on_pre}{rule.on_post}".strip()
    return (
        rule.each_step.strip()
        and not has_events
        and not reads_neurons(rule)
        and not rule.is_normalised
    )


def test_given_activity_with_a_contrast_is_that_of_numpy():
    assert_activity_is_that_of_numpy(VARIANTS["three_factor_contrast_mean"])


@pytest.mark.strain
@pytest.mark.parametrize("label", [name for name, rule in VARIANTS.items() if takes_activity(rule)])
def test_given_activity_of_every_rule_is_that_of_numpy(label):
    assert_activity_is_that_of_numpy(VARIANTS[label])
