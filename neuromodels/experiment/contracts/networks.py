"""Small networks in which a rule, a neuron or a task shows whether it keeps its contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from neuromodels.experiment.batches import values_of
from neuromodels.neurons import CATALOG as NEURONS
from neuromodels.neurons import NeuronModel
from neuromodels.rules import CATALOG as RULES
from neuromodels.rules import PlasticityRule
from neuromodels.seeding import generator
from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import Assembly, assemble
from neuromodels.simulation.network.circuit import Circuit, Population, Projection
from neuromodels.study.conditions import Controls, Limits
from neuromodels.tasks import Task

STEPS = 100
DRIVE = Task(
    name="drive",
    summary="channels that are pulsed at random until a step, or held",
    parameters={"steps": STEPS, "until": STEPS, "pulsed": 1},
    steps="steps",
    items="1",
    item_model="nothing : 1",
    item_start={"nothing": "0"},
    channels=4,
    stimulus_model="cue : 1\nu : 1",
    stimulus=("u = cue + int(timestep(t, dt) < until)*(pulsed*int(rand() < 0.3) + (1 - pulsed))"),
    shown="0*nothing_pre",
    asked="0*nothing_pre",
    score_model="target : 1\nloss : 1\ncorrect : 1",
    score="loss = 0*y",
    step=1e-3,
)
"""What drives the networks in which rules and neurons are examined; 1 ms a step."""
TOLD = replace(DRIVE, name="told", taught="1 - 2*int(timestep(t, dt) % 2 > 0)")
"""The same with an answer that changes in each step, for rules that need an error."""
TYPED = replace(TOLD, name="typed", typed="1 - 2*int(timestep(t, dt) % 4 > 1)")
"""The same with samples that are real or false in turn."""
BEFORE, AFTER = 4, 3
PULSE = 1.2
"""What a pulse adds to a membrane whose threshold is 1."""
EXAMINED = "before_after"
"""The projection that follows the examined rule."""


def steady(name: str) -> NeuronModel:
    """Return a model of the catalog whose coefficients no search changes."""
    return unsearched(NEURONS[name])


def unsearched(model: NeuronModel) -> NeuronModel:
    """Return a model with all coefficients at their defaults."""
    return model.with_coefficients({c.name: {"frozen": True} for c in model.coefficients})


def constant(weight: float) -> PlasticityRule:
    """Return weights that neither change nor are searched."""
    plain = RULES["fixed"].with_options({"normalisation": "none"})
    return plain.with_coefficients({"w": {"frozen": weight}})


class Trials:
    """A network whose trials run from given coefficients and streams, in double precision.

    Parameters
    ----------
    circuit, task
        What it is made of.
    controls
        What a control condition does to it.
    weights
        Fixed weights by projection, each (synapses,).
    """

    def __init__(
        self,
        circuit: Circuit,
        task: Task,
        controls: Controls | None = None,
        weights: Mapping[str, np.ndarray] | None = None,
    ):
        self.circuit = circuit
        self.made: Assembly = assemble(circuit, task, {}, controls=controls)
        self.batch = Batch(self.made.network, dtype="float64", namespace={})
        for address, expression in self.made.initial.items():
            self.batch.initialise(address, expression)
        for projection, values in (weights or {}).items():
            self.batch[f"{projection}.w"] = values

    def run(
        self,
        outputs: Sequence[str],
        streams: Sequence[int],
        vectors: np.ndarray | None = None,
        share: float = 1.0,
    ) -> dict[str, np.ndarray]:
        """Run each candidate on each stream; return outputs, (candidates, streams, size).

        Parameters
        ----------
        vectors
            Searched numbers, (candidates, d); None: one candidate, the defaults.
        share
            Of the trial that is run, from its start.
        """
        xs = np.atleast_2d(self.circuit.coefficients.centre if vectors is None else vectors)
        found = self.batch.trials(
            share * self.made.duration,
            list(outputs),
            streams=np.tile(np.asarray(streams, dtype=np.uint64), len(xs)),
            values=values_of(self.circuit, self.made, xs),
            rows=np.repeat(np.arange(len(xs)), len(streams)),
        )
        shape = (len(xs), len(streams), -1)
        return {name: np.asarray(values).reshape(shape) for name, values in found.items()}


def rule_trials(rule: PlasticityRule, controls: Controls | None = None) -> Trials:
    """Return spiking neurons on both sides of synapses that follow a rule.

    The neurons average their membranes and inputs, which some rules read; a modulatory unit hears
    the presynaptic ones.
    """
    traced, loud = steady("traced_lif"), constant(PULSE)
    populations = [Population("input", DRIVE.channels)]
    populations += [Population("before", BEFORE, traced, (BEFORE // 2,) * 2)]
    projections = [Projection("input", "before", loud), Projection("input", "after", loud)]
    projections += [Projection("before", "after", rule), Projection("after", "output", loud)]
    if rule.modulator:
        populations.append(Population("modulators", 1, steady("modulator")))
        projections += [
            Projection("before", "modulators", constant(0.1), "trace"),
            Projection("modulators", "after", constant(1.0), into="modulation"),
        ]
    task = _task_for(rule)
    populations += [Population("after", AFTER, traced), _read_out(task)]
    # each neuron hears a channel of its own
    one_each = {
        "input_before": PULSE * np.eye(DRIVE.channels, BEFORE).ravel(),
        "input_after": PULSE * np.eye(DRIVE.channels, AFTER, k=-1).ravel(),
    }
    return Trials(Circuit(tuple(populations), tuple(projections)), task, controls, one_each)


def _task_for(declared: PlasticityRule | NeuronModel) -> Task:
    """Return what drives a network and tells it what a rule or neurons need."""
    if isinstance(declared, PlasticityRule) and declared.needs_type:
        return TYPED
    return TOLD if declared.needs_error else DRIVE


def _read_out(task: Task) -> Population:
    return Population("output", 1, steady("leaky_readout" if task.taught else "readout"))


def driven_neurons(
    model: NeuronModel,
    strengths: Sequence[float],
    until: int = STEPS,
    forget_at: int | None = None,
) -> Batch:
    """Return neurons of a model after a held input; an instance for each of its strengths.

    Parameters
    ----------
    until
        Step at which the input ends.
    forget_at
        Step at whose end the neurons are erased; None: never.
    """
    task = _task_for(model)
    populations = (
        Population("input", DRIVE.channels),
        Population("examined", AFTER, unsearched(model)),
        _read_out(task),
    )
    projections = (
        Projection("input", "examined", constant(1.0)),
        Projection("examined", "output", constant(1.0)),
    )
    forget = None if forget_at is None else (forget_at, forget_at + 1)
    controls = Controls(forget=forget, limits=Limits(count_spikes=True))
    parameters = {"until": until, "pulsed": 0}
    made = assemble(Circuit(populations, projections), task, parameters, controls=controls)
    batch = Batch(made.network, len(strengths), dtype="float64", namespace={})
    per_synapse = np.asarray(strengths, dtype=float)[:, None] / DRIVE.channels
    batch["input_examined.w"] = per_synapse * np.ones(DRIVE.channels * AFTER)
    batch.run(made.duration)
    return batch


def task_trials(task: Task, loud: bool) -> Trials:
    """Return a task's channels and a read-out, with random weights (`loud`) or without."""
    output = steady("leaky_readout" if task.taught else "readout")
    populations = (
        Population("input", task.channels, None, task.groups, task.trace),
        Population("output", task.outputs, output),
    )
    circuit = Circuit(populations, (Projection("input", "output", constant(0.0)),))
    # of one sign: some tasks hear a rate
    drawn = generator(0, "contract").uniform(0, 0.3, task.channels * task.outputs)
    return Trials(circuit, task, weights={"input_output": drawn * loud})
