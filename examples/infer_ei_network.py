"""The posterior over four weights of a network of excitatory and inhibitory neurons.

usage: python infer_ei_network.py [SIMULATIONS]      by default 10000
It needs brian2-neuromodels[sbi].
"""

import sys

from brian2 import Hz, Network, NeuronGroup, Synapses, ms, mV, second

from neuromodels import Model, Parameter, infer, sweep
from neuromodels.models import FanoFactor, IntervalCV, Rate, Synchrony


def build():
    """Return 160 excitatory and 40 inhibitory noisy neurons; a fifth of the pairs is connected."""
    ee = ei = ie = ii = 0.5 * mV
    cells = NeuronGroup(
        200,
        "dv/dt = (-53*mV - v)/(20*ms) + 6*mV*xi/sqrt(10*ms) : volt (unless refractory)",
        threshold="v > -50*mV", reset="v = -60*mV", refractory=2*ms, method="euler", name="cells",
    )  # fmt: skip
    exc, inh = cells[:160], cells[160:]
    weights = {
        "from_exc_to_exc": (exc, exc, "v_post += ee"),
        "from_inh_to_exc": (inh, exc, "v_post -= ei"),
        "from_exc_to_inh": (exc, inh, "v_post += ie"),
        "from_inh_to_inh": (inh, inh, "v_post -= ii"),
    }
    synapses = [Synapses(a, b, on_pre=act, name=name) for name, (a, b, act) in weights.items()]
    for each in synapses:
        each.connect(p=0.2)
    cells.v = "-60*mV + rand()*10*mV"
    return Network(cells, synapses)


def main():
    """Infer the weights from six measures of one run, and check whether the answer is right."""
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    parameters = {
        "ee": Parameter("ee", 0.05 * mV, 0.5 * mV),
        "ei": Parameter("ei", 0.2 * mV, 4 * mV, "log"),
        "ie": Parameter("ie", 0.05 * mV, 0.8 * mV),
        "ii": Parameter("ii", 0.2 * mV, 4 * mV, "log"),
    }
    rates = {"rate_e": Rate("exc"), "rate_i": Rate("inh")}
    shapes = {
        "cv_e": IntervalCV("exc"),
        "cv_i": IntervalCV("inh"),
        "synchrony": Synchrony("exc"),
        "fano": FanoFactor("exc"),
    }
    model = Model(build, 1 * second, parameters, {**rates, **shapes}, transient=0.2 * second)
    truth = {"ee": 0.2 * mV, "ei": 1 * mV, "ie": 0.4 * mV, "ii": 1 * mV}
    seen = sweep(model, {name: [value] for name, value in truth.items()}, seed=1)
    observed = {name: seen[name].item() * (Hz if name in rates else 1) for name in model.measures}
    posterior = infer(model, observed, simulations)
    print(posterior, posterior.predictive(min(simulations, 200)), sep="\n\n")
    print(posterior.calibration(min(simulations, 300)))
    posterior.plot(truth).savefig("posterior.png")


if __name__ == "__main__":
    main()
