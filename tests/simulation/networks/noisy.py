"""Networks with noise and parameters, for tests of instances."""

from brian2 import Network, NeuronGroup, PoissonGroup, SpikeMonitor, Synapses, kHz, ms, mV, second

SPACE = {"tau": 10 * ms, "sigma": 0.2, "mV": mV, "second": second}


def noisy_network() -> Network:
    """Return Poisson input, plastic synapses and noisy cells of sizes that no vector divides."""
    source = PoissonGroup(5, rates=0.2 * kHz, name="noise_in")
    cells = NeuronGroup(
        19,
        "dv/dt = (gain*exp(-v) - v)/tau + sigma*xi*tau**-0.5 : 1\ngain : 1 (constant)\n"
        "jump : volt\nbias : 1 (shared)",
        threshold="v > 0.9 + bias",
        reset="v = 0.1*rand()",
        method="euler",
        name="cells",
        namespace=SPACE,
    )
    dense = Synapses(
        source,
        cells,
        "w : 1\nrate : 1 (shared)",
        name="dense_w",
        namespace={},
        on_pre="v_post += w*rand(); w += rate*randn()",
    )
    loop = Synapses(
        cells,
        cells,
        "w : 1",
        on_pre="v_post += w",
        on_post="w += 0.1*rand()",
        name="loop_w",
        namespace={},
    )
    few = NeuronGroup(3, "total : 1", name="few", namespace={})
    narrow = Synapses(
        cells,
        few,
        "w : 1\ntotal_post = w*v_pre : 1 (summed)",
        name="narrow_w",
        on_pre="w += 0.01*randn()",
        namespace={},
    )
    dense.connect()
    loop.connect(condition="(i*7 + j*3) % 5 == 0 and i != j")
    narrow.connect()
    dense.w, dense.rate, loop.w, narrow.w, cells.gain = 0.3, 0.01, "0.01*(i - j)", "i + 10*j", 1.5
    spikes = SpikeMonitor(cells, name="cell_spikes")
    return Network(source, cells, few, dense, loop, narrow, spikes)


ADDRESSES = ("cells.v", "dense_w.w", "loop_w.w", "narrow_w.w", "few.total")
