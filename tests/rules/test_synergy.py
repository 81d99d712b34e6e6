"""Composed rules step by step: the batch device, stock Brian2 and plain numpy say the same."""

import numpy as np
import pytest
from brian2 import StateMonitor, prefs

from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG
from neuromodels.rules.synergy import compose
from neuromodels.simulation.device.batch import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Circuit, Population, Projection
from neuromodels.study.conditions import Controls
from tests.rules.checks import checks
from tests.rules.scripted import DT, SILENCE, TAU, saying, spiking, with_values

STEPS, PRE, POST = 150, 3, 2
RNG = np.random.default_rng(7)
BEFORE = (RNG.random((STEPS, PRE)) < [0.05, 0.10, 0.15]).astype(float)
AFTER = (RNG.random((STEPS, POST)) < [0.06, 0.12]).astype(float)
HEARD = np.where(np.arange(STEPS) // 30 % 2, -0.8, 1.3)
WEIGHTS = RNG.uniform(0.1, 0.9, (4, PRE, POST))
LOGITS = RNG.uniform(-1, 1, (3, POST))
VALUES = {
    "oja": {"eta": 0.03},
    "gated": {"eta": 0.02, "a_plus": 0.7, "a_minus": 0.3, "tau_e": 0.2, "g_0": 0.1},
    "split": {"alpha": 0.5, "eta": 0.1},
}
RULES = {
    "oja": CATALOG["oja"],
    "gated": CATALOG["r_stdp"],
    "split": CATALOG["plastic_oja"],
}
"""Weights in each step; a third factor with an eligibility; a plastic part at spikes."""


def composed(**how):
    """Return the composition of `RULES` with the numbers of this page, shares per target neuron."""
    rule = compose(RULES, **how)
    kept = {
        f"{name}.{key}": {"frozen": v} for name, each in VALUES.items() for key, v in each.items()
    }
    rule = rule.with_coefficients(kept)
    if how.get("assignment") == "local":
        ends = {"x": 0.3, "y": -0.4, "w": 0.5}
        symbol = symbol_of(rule)
        rule = rule.with_coefficients(
            {f"{name}.{symbol}_{end}": {"frozen": v} for name in RULES for end, v in ends.items()}
        )
    return rule


def symbol_of(rule):
    """Return the name of the numbers behind shares."""
    return next(
        c.name
        for c in rule.coefficients
        if c.name.startswith("oja.") and c.name.endswith((".logit", ".lambda", ".drive"))
    ).partition(".")[2]


class Numpy:
    """The same, written down from the papers: one object of arrays (PRE, POST) per mechanism."""

    def __init__(self, shares, assignment):
        self.shares, self.assignment = shares, assignment
        self.w = {name: each.copy() for name, each in zip(RULES, WEIGHTS, strict=False)}
        self.rho, self.elig = np.zeros((PRE, POST)), np.zeros((PRE, POST))
        self.z = np.array([np.broadcast_to(each, (PRE, POST)) for each in LOGITS])
        self.x, self.y = np.zeros((PRE, 1)), np.zeros((1, POST))

    @property
    def parts(self):
        return np.array([self.w["oja"], self.w["gated"], self.w["split"] + 0.5 * self.rho])

    def lambdas(self, x, y):
        z = self.z
        if self.assignment == "local":
            z = z + 0.3 * x - 0.4 * y + 0.5 * np.abs(self.parts)
        if self.shares == "free":
            return z
        up = np.exp(z)
        return up / up.sum(axis=0)

    def step(self, pre, post, m):
        """Return the current that arrives, and move all mechanisms by the activity of a step."""
        y_before, pre, post = self.y, pre[:, None], post[None]
        self.x = self.x * np.exp(-DT / TAU) + pre
        self.y = self.y * np.exp(-DT / TAU) + post
        # the current arrives before the spikes of its target in this step
        lambdas = self.lambdas(self.x, y_before)
        self.arrived = (lambdas * self.parts * pre).sum(axis=(0, 1))
        currents = (self.parts * pre).mean(axis=1)[:, None]
        shares = self.lambdas(self.x, self.y)
        self.move(self.x, self.y, pre, post, m)
        if self.assignment == "learned":
            towards = currents
            if self.shares == "softmax":
                towards = shares * (currents - (shares * currents).sum(axis=0))
            self.z = self.z + 0.05 * m * towards
        return self

    def move(self, x, y, pre, post, m):
        factor = np.tanh(m + 0.1)
        oja = self.w["oja"]
        self.w["oja"] = np.clip(oja + 0.03 * y * (x - y * oja), -2.0, 2.0)
        self.w["gated"] = np.clip(self.w["gated"] + 0.02 * factor * self.elig, 0, 1)
        self.elig = self.elig * np.exp(-DT / 0.2) + 0.7 * x * post - 0.3 * (y - post) * pre
        self.rho = np.clip(self.rho + post * 0.1 * (x - self.rho), -1, 1)


def network_of(rules, controls=None):
    """Return one network in which rules see the same spikes and the same third factor."""
    loud = with_values(CATALOG["fixed"].with_options({"normalisation": "none"}), {"w": 1.0})
    populations = [
        Population("channels", 1),
        Population("before", PRE, spiking("before", BEFORE)),
        Population("modulator", 1, saying(HEARD)),
        *(Population(name, POST, spiking(name, AFTER)) for name in rules),
        Population("output", 1, MODELS["readout"]),
    ]
    projections = [Projection("before", name, rule) for name, rule in rules.items()]
    projections += [Projection("modulator", name, loud, into="modulation") for name in rules]
    circuit = Circuit(tuple(populations), tuple(projections))
    made = assemble(circuit, SILENCE, {"steps": STEPS}, controls=controls or Controls(record=True))
    groups = {each.name: each for each in made.network.objects}
    for name in rules:
        heard = StateMonitor(groups[name], "I", record=True, name=f"heard_{name}", when="end")
        made.network.add(heard)
    return made, {each.name: each for each in made.network.objects}


def starts_of(name, rule):
    """Return the weights and shares to begin with, by address."""
    starts = {f"before_{name}.w_{part}": WEIGHTS[k].ravel() for k, part in enumerate(RULES)}
    symbol = symbol_of(rule)
    for k, part in enumerate(RULES):
        if rule.assignment == "learned":
            starts[f"before_{name}.{symbol}_{part}"] = np.tile(LOGITS[k], PRE)
        else:
            starts[f"{name}.{symbol}_{part}_before_{name}"] = LOGITS[k]
    return starts


WAYS = [
    ("softmax", "searched"),
    ("free", "local"),
    ("softmax", "learned"),
    ("free", "learned"),
]


def with_shares_of_neurons(rule):
    """Return a composition whose searched shares are one per target neuron."""
    symbol = symbol_of(rule)
    if rule.assignment == "learned":
        return rule.with_coefficients({"eta_share": {"frozen": 0.05}})
    return rule.with_coefficients({f"{name}.{symbol}": {"per": "post"} for name in RULES})


def composition(shares, assignment):
    rule = composed(shares=shares, assignment=assignment)
    return with_shares_of_neurons(rule)


@pytest.fixture(scope="module")
def rules():
    return {f"{shares}_{way}": composition(shares, way) for shares, way in WAYS}


@pytest.fixture(scope="module")
def of_batch(rules):
    made, _ = network_of(rules)
    batch = Batch(made.network, dtype="float64", namespace={})
    for name, rule in rules.items():
        for address, values in starts_of(name, rule).items():
            batch[address] = values
    batch.record([0])
    batch.run(made.duration)
    return {
        key: batch.samples(key)
        for each in rules
        for key in (f"watch_before_{each}", f"heard_{each}")
    }


@pytest.fixture(scope="module")
def of_brian2(rules):
    made, objects = network_of(rules)
    for name, rule in rules.items():
        for address, values in starts_of(name, rule).items():
            owner, _, variable = address.partition(".")
            setattr(objects[owner], variable, values)
    before, prefs.codegen.target = prefs.codegen.target, "numpy"
    try:
        made.network.run(made.duration, namespace={})
    finally:
        prefs.codegen.target = before
    return objects


@checks("synergy")
@pytest.mark.parametrize(("shares", "way"), WAYS)
def test_mechanisms_and_their_current_are_those_of_plain_numpy(of_batch, shares, way):
    name, law = f"{shares}_{way}", Numpy(shares, way)
    seen, heard = of_batch[f"watch_before_{name}"], of_batch[f"heard_{name}"]["I"]
    for step in range(STEPS):
        law.step(BEFORE[step], AFTER[step], HEARD[step])
        np.testing.assert_allclose(np.asarray(heard)[:, step], law.arrived, atol=1e-9)
        own = {"w_oja": law.w["oja"], "w_gated": law.w["gated"], "rho_split": law.rho}
        for variable, values in own.items():
            found = np.asarray(seen[variable])[:, step].reshape(PRE, POST)
            np.testing.assert_allclose(found, values, atol=1e-9, err_msg=f"{variable} {step}")
    assert len(np.unique(np.round(heard, 6))) > 20


@pytest.mark.parametrize(("shares", "way"), WAYS)
def test_stock_brian2_says_the_same(of_batch, of_brian2, shares, way):
    for key in (f"watch_before_{shares}_{way}", f"heard_{shares}_{way}"):
        for variable, samples in of_batch[key].items():
            if variable != "t":
                stock = np.asarray(getattr(of_brian2[key], variable))
                np.testing.assert_allclose(np.asarray(samples), stock, atol=1e-9)


@pytest.fixture(scope="module")
def controlled():
    """One network under controls: `one` as above, `scp` with a normalised mechanism."""
    scp = compose({"scp": CATALOG["pdlf"], "oja": CATALOG["oja"]}, shares="free")
    kept = {f"scp.{key}": {"frozen": 0.02} for key in ("eta", "A", "B", "C", "D")}
    scp = scp.with_coefficients({**kept, "oja.eta": {"frozen": 0.03}})
    one = composition("softmax", "searched")
    controls = Controls(record=True, freeze_at=STEPS // 2, only="split", removed="gated")
    made, _ = network_of({"one": one, "scp": scp}, controls)
    batch = Batch(made.network, dtype="float64", namespace={})
    for address, values in starts_of("one", one).items():
        batch[address] = values
    batch["before_scp.w_scp"], batch["before_scp.w_oja"] = WEIGHTS[0].ravel(), WEIGHTS[1].ravel()
    batch.record([0])
    batch.run(made.duration)
    return {key: batch.samples(key) for key in ("watch_before_one", "heard_one", "heard_scp")}


def test_a_control_freezes_one_mechanism(controlled):
    seen = controlled["watch_before_one"]
    learned = ("w_oja", "w_gated", "rho_split")
    late = {name: np.asarray(seen[name])[:, STEPS // 2 :] for name in learned}
    still = {name for name, each in late.items() if (each == each[:, :1]).all()}
    assert still == {"rho_split"}


def test_a_removed_mechanism_learns_on_and_adds_no_current(controlled, of_batch):
    learned, whole = (
        np.asarray(each["w_gated"])
        for each in (controlled["watch_before_one"], of_batch["watch_before_softmax_searched"])
    )
    np.testing.assert_allclose(learned, whole, atol=1e-12)
    law, heard = Numpy("softmax", "searched"), np.asarray(controlled["heard_one"]["I"])
    for step in range(STEPS // 2):
        parts = law.lambdas(0, 0) * law.parts * BEFORE[step][:, None]
        np.testing.assert_allclose(heard[:, step], parts[[0, 2]].sum(axis=(0, 1)), atol=1e-9)
        law.step(BEFORE[step], AFTER[step], HEARD[step])


def test_mechanisms_are_normalised_each_by_itself(controlled):
    """w <- w/|w|_8 of each normalised mechanism at the start of a step, before it transmits."""
    scp, oja, x, y = WEIGHTS[0], WEIGHTS[1], np.zeros((PRE, 1)), np.zeros((1, POST))
    heard = np.asarray(controlled["heard_scp"]["I"])
    for step in range(STEPS):
        scp = scp / np.linalg.norm(scp.ravel(), ord=8)
        np.testing.assert_allclose(heard[:, step], BEFORE[step] @ (scp + oja), atol=1e-9)
        x, y = x * np.exp(-DT / TAU) + BEFORE[step][:, None], y * np.exp(-DT / TAU) + AFTER[step]
        scp = scp + 0.02 * (0.02 * x * (y - 0.02) + 0.02 * y + 0.02)
        oja = np.clip(oja + 0.03 * y * (x - y * oja), -2, 2)
