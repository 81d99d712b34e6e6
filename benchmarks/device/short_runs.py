"""Many short runs of one large network under ``set_device("batch")``: what is not simulation.

560 neurons, all-to-all plastic synapses with a delay each, 100 ms at a time.  Prints for each run
the seconds of the whole call, those of the compiled program, and how many programs were compiled.

    python benchmarks/device/short_runs.py
    python benchmarks/device/short_runs.py --neurons 100 --runs 3
"""

import argparse
import time

import brian2
import numpy as np
from brian2 import Network, NeuronGroup, SpikeMonitor, Synapses, get_device, ms

import neuromodels.simulation  # noqa: F401  (makes the device known to Brian2)

STDP = "w : 1\ndx/dt = -x/(20*ms) : 1 (event-driven)\ndy/dt = -y/(20*ms) : 1 (event-driven)"
ON_PRE = "v_post += 1e-5*w; x += 0.01; w = clip(w + y, 0, 1)"
ON_POST = "y -= 0.01; w = clip(w + x, 0, 1)"


def network(neurons: int) -> Network:
    """Return the network; its numbers come from one seed."""
    space, rng = {"ms": ms}, np.random.default_rng(1)
    group = NeuronGroup(
        neurons,
        "dv/dt = (1.2 - v)/(10*ms) : 1",
        threshold="v > 1",
        reset="v = 0",
        method="exact",
        name="cells",
        namespace=space,
    )
    plastic = Synapses(group, group, STDP, on_pre=ON_PRE, on_post=ON_POST, namespace=space)
    plastic.connect()
    group.v, plastic.w = rng.random(neurons), rng.random(neurons**2)
    plastic.pre.delay = 5 * rng.random(neurons**2) * ms
    return Network(group, plastic, SpikeMonitor(group))


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=560)
    parser.add_argument("--runs", type=int, default=6)
    options = parser.parse_args()
    brian2.set_device("batch")
    net = network(options.neurons)
    print("run   seconds   simulated   share   compiled")
    for number in range(options.runs):
        start = time.perf_counter()
        net.run(100 * ms, namespace={})
        spent, report = time.perf_counter() - start, get_device().report
        share = report.seconds / spent
        print(f"{number:3} {spent:9.2f} {report.seconds:11.2f} {share:7.2f} {report.builds:10}")


if __name__ == "__main__":
    main()
