"""A grid over a recurrent network with STDP: two parameters, five repeats, four measures.

usage: python sweep_stdp_network.py [SECONDS]      SECONDS: simulated time of each run, by default 2
"""

import sys

from brian2 import Hz, Network, NeuronGroup, PoissonInput, Synapses, ms, mV, second

from neuromodels import Model, sweep
from neuromodels.models import IntervalCV, Rate, Synchrony


def build():
    """Return 400 excitatory and 100 inhibitory neurons; excitatory synapses are plastic."""
    g = 5.0
    cells = NeuronGroup(
        500,
        "dv/dt = (-60*mV - v)/(20*ms) : volt (unless refractory)",
        threshold="v > -50*mV", reset="v = -60*mV", refractory=2*ms, method="exact", name="cells",
    )  # fmt: skip
    exc, inh = cells[:400], cells[400:]
    plastic = Synapses(
        exc, cells,
        """w : 1
        dx/dt = -x/(20*ms) : 1 (event-driven)
        dy/dt = -y/(20*ms) : 1 (event-driven)""",
        on_pre="v_post += w*0.6*mV; x += 1; w = clip(w - 0.0105*y, 0, 2)",
        on_post="y += 1; w = clip(w + 0.01*x, 0, 2)",
        name="plastic",
    )  # fmt: skip
    inhibition = Synapses(inh, cells, on_pre="v_post -= g*0.6*mV", name="inhibition")
    plastic.connect(p=0.1)
    inhibition.connect(p=0.1)
    cells.v = "-60*mV + rand()*10*mV"
    plastic.w = "rand()*2"
    noise = PoissonInput(cells, "v", 1000, 2.5*Hz, weight=0.2*mV)  # fmt: skip
    return Network(cells, plastic, inhibition, noise)


def main():
    """Sweep the strength of inhibition and the step of depression, and print the rates."""
    length = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    model = Model(
        build,
        duration=length * second,
        transient=length / 4 * second,
        parameters={"g": "g", "w": "plastic.w"},
        measures={
            "rate": Rate("exc"),
            "cv": IntervalCV("exc"),
            "synchrony": Synchrony("exc"),
            "weight": "mean(last(plastic.w))",
        },
    )
    found = sweep(model, {"g": [2, 4, 6, 8], "w": [0.5, 1, 1.5, 2]}, repeats=5)
    print(found[["rate", "cv", "synchrony", "weight"]].mean("repeat").to_dataframe().round(3))


if __name__ == "__main__":
    main()
