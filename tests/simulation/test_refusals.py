"""What the device does not do: one clear error before anything is compiled."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from brian2 import (
    EventClock,
    Network,
    NeuronGroup,
    Soma,
    SpatialNeuron,
    Synapses,
    check_units,
    cm,
    implementation,
    ms,
    mV,
    network_operation,
    ohm,
    prefs,
    siemens,
    uF,
    um,
)

from neuromodels.errors import NeuromodelsError, SimulationError
from neuromodels.simulation import Batch
from neuromodels.simulation.device import library
from simulation.devices import active

TAU = {"tau": 10 * ms}


@pytest.fixture(autouse=True)
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if anything is built."""

    def forbidden(source: str) -> None:
        raise AssertionError("the compiler was called")

    monkeypatch.setattr(library, "build", forbidden)


def leaky(name: str = "cells", text: str = "dv/dt = -v/tau : volt", **options) -> NeuronGroup:
    options = {"namespace": TAU, "method": "euler", **options}
    return NeuronGroup(3, text, threshold="v > 1*mV", reset="v = 0*mV", name=name, **options)


def with_python_code() -> Network:
    @network_operation(dt=1 * ms, name="by_hand")
    def by_hand():
        pass

    return Network(leaky(), by_hand)


def on_event_clock() -> Network:
    """Return neurons without a time step, which Brian2 cannot run either."""
    return Network(
        NeuronGroup(2, "v : 1", name="odd", clock=EventClock(times=[0, 2] * ms)), leaky()
    )


def spatial() -> Network:
    neuron = SpatialNeuron(
        Soma(30 * um),
        "Im = 1e-4*siemens/cm**2*(-70*mV - v) : amp/meter**2",
        Cm=1 * uF / cm**2,
        Ri=100 * ohm * cm,
        name="cable",
        namespace={"siemens": siemens, "cm": cm, "mV": mV},
    )
    return Network(neuron)


def python_function() -> Network:
    @check_units(x=1, result=1)
    def halved(x):
        return x / 2

    space = {"halved": halved, **TAU}
    return Network(leaky("cells", "dv/dt = -v*halved(2)/tau : volt", namespace=space))


def of_the_scientific_library() -> Network:
    return Network(leaky("cells", "dv/dt = -v/tau : volt", method="gsl_rkf45"))


def on_a_synapse() -> Network:
    """Return synapses with a function that only Python knows."""

    @check_units(x=1, result=1)
    def doubled(x):
        return 2 * x

    group = leaky()
    synapses = Synapses(
        group,
        group,
        on_pre="v_post += doubled(1)*mV",
        name="calling",
        namespace={"doubled": doubled, "mV": mV},
    )
    synapses.connect()
    return Network(group, synapses)


@implementation("cpp", "double tripled(double x) { return 3*x; }")
@check_units(x=1, result=1)
def tripled(x):
    return 3 * x


def test_function_with_an_implementation_is_not_refused() -> None:
    space = {"tripled": tripled, **TAU}
    Batch(Network(leaky("cells", "dv/dt = -v*tripled(2)/tau : volt", namespace=space)))


def no_synapses() -> Network:
    group = leaky()
    return Network(group, Synapses(group, group, on_pre="v_post += 1*mV", name="lonely"))


REFUSED: dict[str, tuple[Callable[[], Network], str]] = {
    "network_operation": (with_python_code, "by_hand"),
    "EventClock": (on_event_clock, "cells|odd"),
    "SpatialNeuron": (spatial, "cable"),
    "GSL": (of_the_scientific_library, "cells.*gsl_rkf45"),
    "Python function": (python_function, "cells.*halved"),
    "Python function of synapses": (on_a_synapse, "calling.*doubled"),
    "unit error": (lambda: Network(leaky("cells", "dv/dt = (2 - v)/tau : volt")), "cells"),
    "undefined name": (lambda: Network(leaky("cells", "dv/dt = -v/tao : volt")), "cells.*tao"),
    "no synapses": (no_synapses, "lonely"),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.filterwarnings("ignore")
def test_is_refused(what: str) -> None:
    build, told = REFUSED[what]
    network = build()
    with pytest.raises(NeuromodelsError, match=f"(?s){told}") as refusal:
        Batch(network, 2, namespace={})
    text = str(refusal.value)
    assert len(text.splitlines()) < 20
    assert "Traceback" not in text


@pytest.mark.parametrize("target", ["numpy", "auto", "cython"])
def test_a_solver_of_gsl_is_refused_whatever_the_target(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Brian2 would solve such equations only with its cython target."""
    monkeypatch.setitem(prefs, "codegen.target", target)
    network = of_the_scientific_library()
    for run in (lambda: Batch(network, 2, namespace={}), lambda: network.run(1 * ms)):
        with active("batch"), pytest.raises(NotImplementedError, match=r"cells.*gsl"):
            run()


@pytest.mark.parametrize("instances", [10**6, 10**9, 10**13])
def test_more_instances_than_memory_holds(instances: int) -> None:
    """The error names sizes, comes before any memory is taken, and leaves the network as it is."""
    group = NeuronGroup(100_000, "dv/dt = -v/tau : 1", method="exact", name="large", namespace=TAU)
    network = Network(group)
    tracemalloc.start()
    try:
        with pytest.raises(SimulationError, match=r"400\d\d\d bytes.*At most \d+ would fit"):
            Batch(network, instances, namespace={}).run(1 * ms)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
    group.v = 1
    network.run(1 * ms)
    assert group.v[0] == pytest.approx(np.exp(-0.1))


NOT_SET = {
    "constant of the equations": ("cells.tau", 2 * ms, "Declare it in the equations"),
    "size": ("cells.N", 4, "only stored variables"),
    "time": ("cells.t", 2 * ms, "only stored variables"),
    "time step": ("cells.dt", 2 * ms, "only stored variables"),
    "index": ("cells.i", np.arange(3), "read-only"),
    "subexpression": ("cells.twice", 2 * mV, "only stored variables"),
}


@pytest.mark.parametrize("what", NOT_SET)
def test_what_cannot_be_set(what: str) -> None:
    address, values, told = NOT_SET[what]
    batch = Batch(
        Network(leaky("cells", "dv/dt = -v/tau : volt\ntwice = 2*v : volt")), 2, namespace={}
    )
    batch["cells.v"] = np.arange(6).reshape(2, 3) * mV
    with pytest.raises(NeuromodelsError, match=told):
        batch[address] = values
    np.testing.assert_allclose(batch["cells.v"] / mV, np.arange(6).reshape(2, 3), 1e-6)
    assert batch.report.builds == 0


@pytest.mark.parametrize("device", ["gpu", ""])
def test_unknown_device(device: str) -> None:
    with pytest.raises(NeuromodelsError, match=r"Batch\.device"):
        Batch(Network(leaky()), 2, device=device, namespace={})


@pytest.mark.parametrize(
    ("expression", "told"), [("3*ms", "cells"), ("2*nothing*mV", "nothing"), ("2 +", "cells")]
)
def test_wrong_initial_value(expression: str, told: str) -> None:
    batch = Batch(Network(leaky()), 2, namespace={"ms": ms, "mV": mV})
    with pytest.raises(NeuromodelsError, match=told):
        batch.initialise("cells.v", expression)
    assert batch.report.builds == 0


def test_names_are_looked_up_where_the_batch_is_made() -> None:
    """A group without a namespace uses that of the caller, as in Brian2."""
    tau = 5 * ms
    network = Network(leaky(namespace=None))
    Batch(network, 2)
    del tau
    with pytest.raises(NeuromodelsError, match="tau"):
        Batch(network, 2)


@pytest.mark.parametrize("duration", [3, 3 * mV, -1 * ms])
def test_wrong_duration(duration) -> None:
    with pytest.raises(NeuromodelsError, match=r"Batch\.run"):
        Batch(Network(leaky()), 2, namespace={}).run(duration)
