"""LIF neuron whose excitability is that of its type: a gain on all that arrives.

    v <- v*exp(-dt/tau_m) + excitability*I + bias

`lif` in all else. The gain is one number for each group of hidden neurons (`circuit.groups`), so a
group is a cell type. The pseudo-derivative of a spike is that of `lif` times the gain.

Neuromodulators change excitability by cell type. Here the gain of a type is constant within an
episode, and a search finds it. All of it [I]: we know of no published equation to follow.
"""

from dataclasses import replace

from neuromodels.coefficients import Coefficient
from neuromodels.neurons.lif import LIF

TYPED_LIF = replace(
    LIF,
    name="typed_lif",
    summary="lif with a gain on its input, one for each group: cell types",
    before_spikes=LIF.before_spikes.replace("(I + bias)", "(excitability*I + bias)"),
    derivative=f"excitability*{LIF.derivative}",
    coefficients=(
        *LIF.coefficients,
        Coefficient(
            "excitability", default=1.0, low=0.05, high=20, scale="log", per="group", sigma=0.3
        ),
    ),
    reference="our own",
)
