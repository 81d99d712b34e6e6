"""Rules with a plastic part or a third factor, step by step against plain numpy.

All rules stand in one assembled network of scripted neurons. The numpy side is written from the
equations and the order of events: traces with the spikes of this step, then what acts in each step,
then what acts at presynaptic, then what acts at postsynaptic spikes.
"""

import numpy as np
import pytest

from neuromodels.rules import CATALOG
from tests.rules.checks import checks
from tests.rules.scripted import DT, TAU, stepped, with_values

STEPS, PRE, POST = 400, 3, 2
RNG = np.random.default_rng(5)
BEFORE = (RNG.random((STEPS, PRE)) < [0.02, 0.04, 0.06]).astype(float)
AFTER = (RNG.random((STEPS, POST)) < [0.03, 0.05]).astype(float)
HEARD = np.where(np.arange(STEPS) // 50 % 2, -0.8, 1.3)
M = np.tanh(HEARD + 0.1)
V, E, F = 0.3, 0.2, 0.4

OF_PART = {"eta": 0.1, "w": 0.2, "alpha": 0.5}
OF_BCM = {**OF_PART, "eta": 0.3, "y_0": 0.5}
OF_TRACE = {"eta_e": 0.05, "g_0": 0.1}
OF_THREE = {"w": 0.1, "a_lead": 0.7, "a_lag": 0.3, "eta": 0.02, "tau_e": 0.2, "g_0": 0.1}
OF_PAIR = {
    "w": 0.5,
    "tau_x": 0.03,
    "tau_y": 0.05,
    "alpha": 0.5,
    "beta": -0.7,
    "gamma": 1.1,
    "kappa": -0.4,
    "eta": 0.03,
}
TH = dict(zip((f"th{k}" for k in range(21)), RNG.uniform(-0.4, 0.4, 21), strict=True))


def clipped(value, largest=1.0):
    return np.clip(value, -largest, largest)


class Law:
    """State of all synapses (PRE, POST) and what a step does to it; a subclass per rule."""

    def __init__(self, values, dense=False, **options):
        self.__dict__.update(values, dense=dense, options=options)
        self.rho = np.zeros((PRE, POST))
        self.elig, self.theta = self.rho.copy(), self.rho.copy()
        self.early, self.late, self.early2, self.late2 = (self.rho.copy() for _ in range(4))
        self.w = self.rho + values.get("w", 0.0)

    def slide(self, y):
        self.theta = self.theta + (y**2 / self.y_0 - self.theta) * DT / 1.0


class Oja(Law):
    def step(self, x, y, pre, post, m):
        m, back = {"plain": (1, 1), "free": (m, 1), "modulated": (m, m)}[self.options["part"]]
        if self.dense:
            self.rho = clipped(self.rho + self.eta * y * (m * x - y * back * self.rho))
        else:
            self.rho = clipped(self.rho + post * self.eta * (m * x - back * self.rho))


class BCM(Law):
    def step(self, x, y, pre, post, m):
        m = m if self.options["modulated"] else 1
        if self.dense:
            self.rho = clipped(self.rho + self.eta * m * x * y * (y - self.theta))
        self.slide(y)
        if not self.dense:
            self.rho = clipped(self.rho + post * self.eta * m * x * (y - 1 - self.theta))


class Hebb(Law):
    def step(self, x, y, pre, post, m):
        driven = x * (y if self.dense else post)
        self.rho = clipped((1 - self.eta) * self.rho + self.eta * driven)


class Retroactive(Law):
    """rho by the old eligibility, then the eligibility by H of the new rho."""

    def step(self, x, y, pre, post, m):
        before, is_bcm = self.theta, self.options["bcm"]
        self.rho = clipped(self.rho + m * self.elig)
        if is_bcm:
            self.slide(y)
        if self.dense:
            h = x * y * (y - before) if is_bcm else y * (x - y * self.rho)
        else:
            h = post * (x * (y - 1 - self.theta) if is_bcm else x - self.rho)
        self.elig = (1 - self.eta_e) * self.elig + self.eta_e * h


class ThreeFactor(Law):
    def step(self, x, y, pre, post, m):
        seen = self.elig - self.elig.mean(axis=0) * self.options["contrast"]
        name = "rho" if self.options["split"] else "w"
        setattr(self, name, clipped(getattr(self, name) + self.eta * m * seen))
        if self.options["rates"]:
            gained = x * (self.a_lead * y - self.a_lag) * DT / 0.02
        else:
            gained = self.a_lead * x * post - self.a_lag * (y - post) * pre
        self.elig = self.elig * np.exp(-DT / self.tau_e) + gained


class RewardModulated(Law):
    """Of R-STDP: excitatory weights, one window for all synapses."""

    def step(self, x, y, pre, post, m):
        self.w = np.clip(self.w + self.eta * m * self.elig, 0, 1)
        gained = self.a_plus * x * post - self.a_minus * (y - post) * pre
        self.elig = self.elig * np.exp(-DT / self.tau_e) + gained


class ModulatedPdlf(Law):
    def step(self, x, y, pre, post, m):
        side = y if self.options["post"] else x
        self.w = self.w + self.eta * m * (self.A * x * (y - self.C) + self.B * side + self.D)


class LeakyHebb(Law):
    def step(self, x, y, pre, post, m):
        driven = self.beta * x * np.tanh(y - self.theta_0)
        self.w = clipped(self.w + self.eta * (driven - self.w), 4.0)

    def __init__(self, values):
        super().__init__({**values, "theta_0": values["theta"]})


class Bcpnn(Law):
    """Probabilities of being active, alone and together, and the logarithm of their ratio."""

    p_x, p_y, p_xy = 0.1, 0.1, 0.01

    def step(self, x, y, pre, post, m):
        z_x, z_y, rate = x / 2.0, y / 2.0, DT / self.tau_p
        self.p_x = self.p_x + (z_x - self.p_x) * rate
        self.p_y = self.p_y + (z_y - self.p_y) * rate
        self.p_xy = self.p_xy + (z_x * z_y - self.p_xy) * rate
        alone = (self.p_x + 1e-3) * (self.p_y + 1e-3)
        self.w = self.w_gain * np.log((self.p_xy + 1e-6) / alone)


class Doublet(Law):
    def step(self, x, y, pre, post, m):
        self.early = self.early * np.exp(-DT / self.tau_x)
        self.late = self.late * np.exp(-DT / self.tau_y)
        change = self.eta * (self.alpha + self.kappa * self.late)
        self.w = np.clip(self.w + pre * change, 0, 20)
        self.early = self.early + pre
        change = self.eta * (self.beta + self.gamma * self.early)
        self.w = np.clip(self.w + post * change, 0, 20)
        self.late = self.late + post


class Polynomial(Law):
    def step(self, x, y, pre, post, m):
        th = list(TH.values())
        for name, tau in (("early", 0.02), ("late", 0.02), ("early2", 0.1), ("late2", 0.1)):
            setattr(self, name, getattr(self, name) * np.exp(-DT / tau))
        slow, fast = (1 + th[8] * 2 * self.early2), (1 + th[9] * 2 * self.late)
        self.w = np.clip(self.w + pre * self.shared(th[:8]) * slow * fast, 0, 20)
        self.early, self.early2 = self.early + pre, self.early2 + pre
        late = 2 * self.late2
        own = (1 + th[18] * 2 * self.early) * (1 + th[19] * late + th[20] * late**3)
        self.w = np.clip(self.w + post * self.shared(th[10:18]) * own, 0, 20)
        self.late, self.late2 = self.late + post, self.late2 + post

    def shared(self, th):
        powers = np.array([self.w**0 + th[1], th[2] * self.w, th[3] * self.w**2])
        currents = (1 + th[5] * E + th[6] * E**2) * (1 + th[7] * F)
        return th[0] * powers.sum(axis=0) * (1 + th[4] * V) * currents


OJA, BCM_M = {**OF_PART, "g_0": 0.1}, {**OF_BCM, "g_0": 0.1}
SLOW = {**OF_TRACE, "eta_e": 0.002, "y_0": 0.5}
WITH_FORMS = (
    ("plastic_oja", {}, Oja, OF_PART, {"part": "plain"}),
    ("nm_oja", {}, Oja, OJA, {"part": "free"}),
    ("nm_oja", {"decay": "modulated"}, Oja, OJA, {"part": "modulated"}),
    ("plastic_bcm", {}, BCM, OF_BCM, {"modulated": False}),
    ("nm_bcm", {}, BCM, BCM_M, {"modulated": True}),
    ("hebb", {}, Hebb, OF_PART, {}),
    ("retroactive_oja", {}, Retroactive, OF_TRACE, {"bcm": False}),
    ("retroactive_bcm", {}, Retroactive, SLOW, {"bcm": True}),
    ("doublet", {}, Doublet, OF_PAIR, {}),
    ("polynomial", {}, Polynomial, {"w": 0.5, **TH}, {}),
)
"""Rule, its options, its law, coefficients, options of the law; each as event and as dense form."""
OF_ELIGIBILITY = (
    ("three_factor", "spikes", "mean"),
    ("three_factor", "rates", "none"),
    ("three_factor_split", "spikes", "none"),
    ("three_factor_split", "rates", "mean"),
)


OF_REWARD = {"w": 0.3, "a_plus": 0.7, "a_minus": 0.3, "eta": 0.02, "tau_e": 0.2, "g_0": 0.1}
OF_LEAKY = {"w": 0.2, "eta": 0.05, "beta": 0.8, "theta": 0.4}
OF_BCPNN = {"tau_p": 0.1, "w_gain": 0.7}
OF_PDLF = {"eta": 0.02, "A": 0.7, "B": -0.3, "C": 0.4, "D": 0.1, "g_0": 0.1}


def variants():
    """Yield label, rule and law."""
    for name, chosen, law, values, options in WITH_FORMS:
        for form in ("event", "dense"):
            rule = CATALOG[name].with_options({"form": form, **chosen})
            label = "_".join([name, form, *chosen.values()])
            yield label, with_values(rule, values), law(values, form == "dense", **options)
    for name, pairs, contrast in OF_ELIGIBILITY:
        rule = CATALOG[name].with_options({"pairs": pairs, "contrast": contrast})
        law = ThreeFactor(
            OF_THREE,
            split=name.endswith("split"),
            rates=pairs == "rates",
            contrast=contrast == "mean",
        )
        yield f"{name}_{pairs}_{contrast}", with_values(rule, OF_THREE), law
    yield "r_stdp", with_values(CATALOG["r_stdp"], OF_REWARD), RewardModulated(OF_REWARD)
    yield "leaky_hebb", with_values(CATALOG["leaky_hebb"], OF_LEAKY), LeakyHebb(OF_LEAKY)
    yield "bcpnn", with_values(CATALOG["bcpnn"], OF_BCPNN), Bcpnn(OF_BCPNN)
    for side in ("post", "pre"):
        rule = CATALOG["nm_pdlf"].with_options({"pdp_side": side, "normalisation": "none"})
        law = ModulatedPdlf(OF_PDLF, post=side == "post")
        yield f"nm_pdlf_{side}", with_values(rule, OF_PDLF), law


VARIANTS = {label: (rule, law) for label, rule, law in variants()}


@pytest.fixture(scope="module")
def assembled():
    rules = {label: rule for label, (rule, _) in VARIANTS.items()}
    return stepped(rules, BEFORE, AFTER, HEARD, v_slow=V, c_exc=E, c_inh=F)


def expected(law, learned):
    """Return what numpy makes of the same spikes, (STEPS, PRE, POST)."""
    x, y, found = np.zeros((PRE, 1)), np.zeros((1, POST)), []
    for pre, post, m in zip(BEFORE[:, :, None], AFTER[:, None, :], M, strict=True):
        x, y = x * np.exp(-DT / TAU) + pre, y * np.exp(-DT / TAU) + post
        law.step(x, y, pre, post, m)
        found.append(np.broadcast_to(getattr(law, learned), (PRE, POST)))
    return np.array(found)


@checks(*dict.fromkeys(rule.name for rule, _ in VARIANTS.values()))
@pytest.mark.parametrize("label", VARIANTS)
def test_a_rule_is_its_equations_step_by_step(assembled, label):
    rule, law = VARIANTS[label]
    learned = rule.learns[0]
    numpy_says = expected(law, learned)
    assert len(np.unique(numpy_says[np.abs(numpy_says) < 1])) > 15
    np.testing.assert_allclose(assembled[label][learned], numpy_says, atol=1e-9)
