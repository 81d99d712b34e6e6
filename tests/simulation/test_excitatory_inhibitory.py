"""Networks of excitatory and inhibitory neurons that a study file declares, against numpy."""

import numpy as np
import pytest

from neuromodels.experiment.batches import batch_of, values_of
from neuromodels.seeding import trial_streams
from neuromodels.simulation.network.builder import circuit_of, network_of
from neuromodels.study.file import read_study

STUDY = """
name = "four_rules"
[task]
name = "target_rate"
duration = 400
weakest = 40.0
strongest = 60.0
[circuit]
hidden = 5
neuron = "lif"
inhibitory = 3
probability = { XE = 0.6, EE = 0.5, IE = 0.7 }
coefficients = { bias = { frozen = 0.0 } }
[rule]
name = "fixed"
normalisation = "none"
coefficients.w = { sigma = 0.02, default = 0.06, low = 0.0 }
[rules.XE]
name = "doublet"
form = "dense"
[rules.XE.coefficients]
w = { per = "projection", default = 0.3 }
alpha = { frozen = -0.1 }
beta = { frozen = 0.05 }
gamma = { default = 0.3, sigma = 0.01 }
kappa = { frozen = -0.2 }
tau_y = { frozen = 0.05 }
[rules.EE]
name = "doublet"
[rules.EE.coefficients]
w = { default = 0.05, sigma = 0.02 }
alpha = { frozen = 0.1 }
beta = { frozen = -0.1 }
gamma = { frozen = 1.0 }
kappa = { frozen = -0.7 }
tau_x = { frozen = 0.03 }
[rules.EI]
name = "oja"
coefficients.eta = { frozen = 0.002 }
[rules.IE]
name = "inhibitory_stdp"
coefficients.w = { default = 0.1 }
coefficients.rate = { frozen = 12.0 }
[rules.II]
name = "taylor"
[rules.II.coefficients]
k110 = { frozen = 0.002 }
k021 = { frozen = -0.001 }
[device]
dtype = "float64"
threads = 1
"""
DT, CHANNELS, EXC, INH = 0.002, 32, 5, 3
TYPES = {
    "XE": "input_hidden",
    "EE": "hidden_hidden",
    "EI": "hidden_inhibitory",
    "IE": "inhibitory_hidden",
    "II": "inhibitory_inhibitory",
}

SPARSE = {"input_hidden": 0.6, "hidden_hidden": 0.5, "inhibitory_hidden": 0.7}
TRIALS = 40


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "four_rules.toml"
    path.write_text(STUDY)
    return read_study(path)


@pytest.fixture(scope="module")
def vector(study):
    """Return the coefficients where the search starts, weights and one of a rule moved."""
    coefficients = circuit_of(study, "plastic").coefficients
    found, rng = coefficients.centre, np.random.default_rng(4)
    for label, part in coefficients.slices.items():
        if label.endswith(".w") or label == "input_hidden.gamma":
            found[part] += rng.normal(scale=0.02, size=found[part].size)
    return found


@pytest.fixture(scope="module")
def batch(study, vector):
    """Return trials that have run, the first two recorded, the last one a copy of the first."""
    circuit = circuit_of(study, "plastic")
    made = network_of(study, "plastic", circuit, with_monitors=True)
    found = batch_of(made, study, TRIALS)
    found.streams = np.append(trial_streams(1, TRIALS - 1), trial_streams(1, 1))
    for address, values in values_of(circuit, made, vector).items():
        found[address] = values[0]
    found.record([0, 1])
    found.run(made.duration)
    return found


def recorded(batch, name, variable, trial=0):
    return np.asarray(batch.samples(f"watch_{name}", trial)[variable])


class Neurons:
    """Leaky integrate-and-fire neurons and their trace."""

    def __init__(self, size):
        self.v, self.trace, self.rest, self.s = (np.zeros(size) for _ in range(4))

    def step(self, current):
        decay = np.exp(-DT / 0.02)
        self.v, self.trace = self.v * decay, self.trace * decay
        self.rest = np.maximum(self.rest - 1000 * DT, 0)
        hears = self.rest < 500 * DT
        self.v = self.v + current * hears
        self.s = ((self.v > 1) & hears).astype(float)
        self.v, self.trace = self.v - self.s, self.trace + self.s
        self.rest = np.where(self.s > 0, 1.0, self.rest)


class Doublet:
    def __init__(self, shape, alpha, beta, gamma, kappa, tau_x=0.02, tau_y=0.02):
        self.numbers, self.taus = (alpha, beta, gamma, kappa), (tau_x, tau_y)
        self.early, self.late = np.zeros((shape[0], 1)), np.zeros((1, shape[1]))

    def step(self, w, pre, post, x, y):
        alpha, beta, gamma, kappa = self.numbers
        self.early = self.early * np.exp(-DT / self.taus[0])
        self.late = self.late * np.exp(-DT / self.taus[1])
        w = np.clip(w + pre[:, None] * 0.01 * (alpha + kappa * self.late), 0, 20)
        self.early = self.early + pre[:, None]
        w = np.clip(w + post * 0.01 * (beta + gamma * self.early), 0, 20)
        self.late = self.late + post
        return w


class Balance:
    """Vogels et al. 2011 with a target of 12 Hz."""

    def __init__(self, shape):
        self.near_i, self.near_e = np.zeros((shape[0], 1)), np.zeros((1, shape[1]))

    def step(self, w, pre, post, x, y):
        decay, eta = np.exp(-DT / 0.02), 0.005
        self.near_i, self.near_e = self.near_i * decay + pre[:, None], self.near_e * decay
        w = np.clip(w + pre[:, None] * eta * (self.near_e - 2 * 12.0 * 0.02), 0, 10)
        self.near_e = self.near_e + post
        return np.clip(w + post * eta * self.near_i, 0, 10)


class Oja:
    def step(self, w, pre, post, x, y):
        return np.clip(w + 0.002 * y * (x[:, None] - y * w), -2, 2)


class Taylor:
    def step(self, w, pre, post, x, y):
        return np.clip(w + 0.002 * np.outer(x, y) - 0.001 * y**2 * w, -10, 10)


class Reference:
    """The whole circuit, every sum written out; who is connected and the inputs are given."""

    def __init__(self, study, vector, batch):
        found = circuit_of(study, "plastic").coefficients.decode(vector[None])
        shapes = {
            "XE": (CHANNELS, EXC),
            "EE": (EXC, EXC),
            "EI": (EXC, INH),
            "IE": (INH, EXC),
            "II": (INH, INH),
        }
        self.w = {kind: found[f"{name}.w"].reshape(shapes[kind]) for kind, name in TYPES.items()}
        self.w_channels = found["input_inhibitory.w"].reshape(CHANNELS, INH)
        self.gates = {
            kind: np.asarray(batch[f"{name}.is_connected"])[0].reshape(shapes[kind])
            if name in SPARSE
            else 1.0
            for kind, name in TYPES.items()
        }
        gamma = found["input_hidden.gamma"].item()
        self.rules = {
            "XE": Doublet(shapes["XE"], -0.1, 0.05, gamma, -0.2, tau_y=0.05),
            "EE": Doublet(shapes["EE"], 0.1, -0.1, 1.0, -0.7, tau_x=0.03),
            "EI": Oja(),
            "IE": Balance(shapes["IE"]),
            "II": Taylor(),
        }

    def run(self, channels):
        """Return spikes of E and I, the read-out and the weights, each by step."""
        excitatory, inhibitory, trace = Neurons(EXC), Neurons(INH), np.zeros(CHANNELS)
        steps = []
        for u in channels.T:
            trace = trace * np.exp(-DT / 0.02) + u
            before = excitatory.s, inhibitory.s
            sent = {kind: self.gates[kind] * w for kind, w in self.w.items()}
            excitatory.step(u @ sent["XE"] + before[0] @ sent["EE"] - before[1] @ sent["IE"])
            inhibitory.step(
                u @ self.w_channels + excitatory.s @ sent["EI"] - before[1] @ sent["II"]
            )
            sides = {
                "X": (u, trace),
                "E": (excitatory.s, excitatory.trace),
                "I": (inhibitory.s, inhibitory.trace),
            }
            for (source, target), rule in self.rules.items():
                (pre, x), (post, y) = sides[source], sides[target]
                self.w[source + target] = rule.step(self.w[source + target], pre, post, x, y)
            steps.append((excitatory.s, inhibitory.s, excitatory.s.mean(), dict(self.w)))
        return steps


@pytest.fixture(scope="module")
def expected(study, vector, batch):
    return Reference(study, vector, batch).run(recorded(batch, "input", "u"))


def test_spikes_and_read_out_are_those_of_numpy_in_every_step(batch, expected):
    spikes = [np.array([step[k] for step in expected]).T for k in (0, 1)]
    assert [each.sum() > 20 for each in spikes] == [True, True]
    np.testing.assert_array_equal(recorded(batch, "hidden", "s"), spikes[0])
    np.testing.assert_array_equal(recorded(batch, "inhibitory", "sent"), -spikes[1])
    mean = [step[2] for step in expected]
    np.testing.assert_allclose(recorded(batch, "output", "o")[0], mean, atol=1e-12)


@pytest.mark.parametrize("kind", TYPES)
def test_weights_of_each_type_follow_their_own_rule(batch, expected, kind):
    weights = np.array([step[3][kind].reshape(-1) for step in expected]).T
    assert len(np.unique(weights)) > 50, "they change"
    found = recorded(batch, TYPES[kind], "w")
    np.testing.assert_allclose(found, weights, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("name", "p"), SPARSE.items())
def test_pairs_are_drawn_anew_in_each_trial_with_their_probability(batch, name, p):
    drawn = np.asarray(batch[f"{name}.is_connected"])
    assert set(np.unique(drawn)) == {0.0, 1.0}
    assert abs(drawn[:-1].mean() - p) < 4 * np.sqrt(p * (1 - p) / drawn[:-1].size)
    assert (drawn[0] != drawn[1]).any()
    np.testing.assert_array_equal(drawn[0], drawn[-1])


@pytest.mark.parametrize("trial", [0, 1])
def test_loss_and_score_are_those_of_the_rate_in_the_second_half(batch, trial):
    rate = recorded(batch, "hidden", "s", trial)[:, 100:].mean() / DT
    score, loss = (np.asarray(batch[f"score.{name}"])[trial, 0] for name in ("correct", "loss"))
    assert score == pytest.approx(max(0, 1 - abs(rate - 8) / 8), abs=1e-9)
    assert loss == pytest.approx(np.log((rate + 0.1) / 8.1) ** 2, rel=1e-9)


def test_inputs_have_the_rate_of_their_trial(batch):
    levels = np.asarray(batch["items.level"])[:, 0]
    assert levels.min() >= 40
    assert levels.max() <= 60
    for trial in (0, 1):
        spikes, p = recorded(batch, "input", "u", trial), levels[trial] * DT
        assert abs(spikes.mean() - p) < 4 * np.sqrt(p * (1 - p) / spikes.size)
