"""Rules inside an assembled network whose neurons spike and modulate as a test says."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from brian2 import TimedArray
from brian2.units import ms, second

from neuromodels.neurons import CATALOG as MODELS
from neuromodels.neurons import NeuronModel
from neuromodels.rules import CATALOG, PlasticityRule
from neuromodels.simulation.device.batch import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Circuit, Population, Projection
from neuromodels.study.conditions import Controls
from neuromodels.tasks import Task

DT, TAU = 1e-3, 0.02

SILENCE = Task(
    name="silence",
    summary="nothing happens",
    parameters={"steps": 1},
    steps="steps",
    items="1",
    item_model="q : 1",
    item_start={"q": "0"},
    channels=1,
    stimulus_model="cue : 1\nu : 1",
    stimulus="u = cue",
    shown="0*q_pre",
    asked="0*q_pre",
    score_model="target : 1\nloss : 1\ncorrect : 1",
    score="loss = 0*y",
    step=DT,
)


def spiking(name: str, spikes: np.ndarray, **kept: float) -> NeuronModel:
    """Return neurons that spike where (steps, n) is 1; `kept` are further variables of theirs."""
    given = TimedArray(spikes.astype(float), dt=DT * second, name=f"spikes_of_{name}")
    more = "\n".join(f"{variable} = {value!r} : 1" for variable, value in kept.items())
    return NeuronModel(
        name=name,
        summary="",
        signal="s",
        trace="tr",
        threshold=f"spikes_of_{name}(t, i) > 0.5",
        equations=f"dtr/dt = -tr/tau : 1\nI : 1\ns : 1\n{more}",
        reset="s = 1\ntr += 1",
        before_spikes="s = 0",
        constants={f"spikes_of_{name}": given, "tau": TAU * 1000 * ms},
    )


def saying(third: np.ndarray) -> NeuronModel:
    """Return a unit that says the numbers (steps,)."""
    given = TimedArray(third, dt=DT * second, name="third_factor")
    return NeuronModel(
        name="saying",
        summary="",
        equations="I : 1\no : 1",
        signal="o",
        trace="o",
        each_step="o = given(t)",
        constants={"given": given},
    )


def with_values(rule: PlasticityRule, values: Mapping[str, float]) -> PlasticityRule:
    return rule.with_coefficients({name: {"frozen": float(v)} for name, v in values.items()})


def stepped(
    rules: Mapping[str, PlasticityRule],
    before: np.ndarray,
    after: np.ndarray,
    third: np.ndarray,
    **kept: float,
) -> dict[str, dict[str, np.ndarray]]:
    """Return what each rule's variables are at the end of each step, (steps, n, m).

    All rules see the spikes (steps, n) and (steps, m) of both sides and the same m, (steps,).
    """
    loud = with_values(CATALOG["fixed"].with_options({"normalisation": "none"}), {"w": 1.0})
    populations = [
        Population("channels", 1),
        Population("before", before.shape[1], spiking("before", before)),
        Population("modulator", 1, saying(third)),
        *(Population(name, after.shape[1], spiking(name, after, **kept)) for name in rules),
        Population("output", 1, MODELS["readout"]),
    ]
    projections = [Projection("before", name, rule) for name, rule in rules.items()]
    projections += [
        Projection("modulator", name, loud, into="modulation")
        for name, rule in rules.items()
        if rule.modulator
    ]
    circuit = Circuit(tuple(populations), tuple(projections))
    assembly = assemble(circuit, SILENCE, {"steps": len(before)}, controls=Controls(record=True))
    batch = Batch(assembly.network, dtype="float64", namespace={})
    batch.record([0])
    batch.run(assembly.duration)
    shape = (len(before), before.shape[1], after.shape[1])
    return {
        name: {
            variable: np.asarray(samples).T.reshape(shape)
            for variable, samples in batch.samples(f"watch_before_{name}").items()
            if variable != "t"
        }
        for name in rules
    }
