"""What the device does not do: one clear error before anything is compiled."""

from collections.abc import Callable

import pytest
from brian2 import (
    EventClock,
    Hz,
    Network,
    NeuronGroup,
    PoissonInput,
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
    siemens,
    uF,
    um,
)  # fmt: skip

from neuromodels.errors import NeuromodelsError
from neuromodels.simulation import Batch, library

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


def delayed(delay) -> Network:
    group = leaky()
    synapses = Synapses(group, group, on_pre="v_post += 1*mV", name="late", namespace={})
    synapses.connect()
    synapses.delay = delay
    return Network(group, synapses)


def poisson_input() -> Network:
    group = leaky()
    return Network(group, PoissonInput(group, "v", 10, 20 * Hz, weight=1 * mV))


def at_given_times() -> Network:
    group = leaky()
    group.run_at("v += 1*mV", times=[1, 3] * ms, name="at_times")
    return Network(group)


def on_event_clock() -> Network:
    return Network(
        NeuronGroup(2, "v : 1", name="odd", clock=EventClock(times=[0, 2] * ms)), leaky()
    )


def spatial() -> Network:
    neuron = SpatialNeuron(
        Soma(30 * um), "Im = 1e-4*siemens/cm**2*(-70*mV - v) : amp/meter**2", Cm=1 * uF / cm**2,
        Ri=100 * ohm * cm, name="cable", namespace={"siemens": siemens, "cm": cm, "mV": mV},
    )  # fmt: skip
    return Network(neuron)


def python_function() -> Network:
    @check_units(x=1, result=1)
    def halved(x):
        return x / 2

    space = {"halved": halved, **TAU}
    return Network(leaky("cells", "dv/dt = -v*halved(2)/tau : volt", namespace=space))


def calling(call: str) -> Network:
    return Network(leaky("cells", f"dv/dt = -v*{call}/tau : volt"))


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
    "delay": (lambda: delayed(2 * ms), "late"),
    "delays": (lambda: delayed("i*0.5*ms"), "late"),
    "PoissonInput": (poisson_input, "cells.*random"),
    "run_at": (at_given_times, "at_times"),
    "EventClock": (on_event_clock, "cells|odd"),
    "SpatialNeuron": (spatial, "cable"),
    "Python function": (python_function, "cells.*halved"),
    "poisson": (lambda: calling("poisson(2)"), "cells.*poisson"),
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


@pytest.mark.parametrize("device", ["cuda", "gpu", ""])
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
