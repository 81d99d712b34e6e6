"""Sums of integers over synapses are exact in single precision too."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, Synapses, ms, prefs

from neuromodels.errors import UnsupportedFeature
from neuromodels.simulation import Batch, Emulation

pytestmark = pytest.mark.filterwarnings("ignore")
SUMS = ("few.dense", "many.dense", "few.sparse", "many.sparse")


def network(expression: str = "w*2 + n_pre") -> Network:
    """Return all-to-all and listed synapses whose integers are summed on both sides."""
    few = NeuronGroup(12, "n : integer\ndense : integer\nsparse : integer", name="few")
    many = NeuronGroup(20, "dense : integer\nsparse : integer", name="many")
    few.n = "i*1000001 - 5"
    objects = [few, many]
    for name in ("dense", "sparse"):
        equations = "w : integer\n" + "\n".join(
            f"{name}_{side} = {expression} : integer (summed)" for side in ("pre", "post")
        )
        synapses = Synapses(few, many, equations, name=f"{name}_w")
        synapses.connect(condition="True" if name == "dense" else "(i + j) % 3 != 0")
        synapses.w = "8388608 + i"
        objects.append(synapses)
    return Network(*objects)


@pytest.mark.parametrize("device", ["cpp", Emulation(4)], ids=["cpp", "kernel"])
def test_sums_of_integers_are_exact(device):
    stock, single = network(), network()
    before, prefs.codegen.target = prefs.codegen.target, "numpy"
    stock.run(0.1 * ms, namespace={})
    prefs.codegen.target = before
    batch = Batch(single, 1, dtype="float32", device=device, namespace={})
    batch.run(0.1 * ms)
    for address in SUMS:
        group, name = address.split(".")
        np.testing.assert_array_equal(batch[address][0], getattr(stock[group], name)[:])


def test_real_numbers_are_not_summed_in_an_integer():
    made = network("w*0.5")
    with pytest.raises(UnsupportedFeature, match="only be the sum of integers"):
        Batch(made, 1, namespace={})
