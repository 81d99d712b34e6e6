"""One condition of a study, built once: vectors of coefficients in, losses and scores out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuromodels import models, rules, tasks
from neuromodels.circuits import Circuit, feedforward
from neuromodels.errors import DeclarationError
from neuromodels.rules import PlasticityRule
from neuromodels.simulation import FAILED, Batch
from neuromodels.simulation.assembly import Assembly, assemble, controlled, recorded
from neuromodels.study import Study

BUILT = ("plastic", "fixed", "frozen", "reset")


@dataclass(frozen=True)
class Outcome:
    """Losses and scores of every candidate in every trial.

    Parameters
    ----------
    losses
        Shape (candidates, trials); NaN where any number of the instance's state is not finite.
    scores
        Fraction of right answers, shape (candidates, trials).
    failures
        How many instances failed.
    """

    losses: np.ndarray
    scores: np.ndarray
    failures: int


class Experiment:
    """The compiled network of one condition.

    Parameters
    ----------
    study
        What is asked.
    condition
        ``"plastic"``, ``"fixed"``, ``"frozen"`` or ``"reset"``.
    """

    def __init__(self, study: Study, condition: str = "plastic"):
        if condition not in BUILT:
            raise DeclarationError("Experiment.condition", f"must be one of {BUILT}", condition)
        self.circuit = circuit_of(study, condition)
        self.coefficients = self.circuit.coefficients
        self.dimension = self.coefficients.dimension
        self.centre = self.coefficients.centre
        self.sigma = self.coefficients.sigma
        self.slices = self.coefficients.slices
        self._assembly = network_of(study, condition, self.circuit)
        self._batch = batch_of(self._assembly, study)

    def evaluate(self, xs: np.ndarray, streams: np.ndarray) -> Outcome:
        """Run every candidate on every trial.

        Parameters
        ----------
        xs
            Vectors of coefficients, shape (candidates, d).
        streams
            Noise-stream ids, shape (trials,), uint64: all candidates see the same trials.
        """
        made, count, trials = self._assembly, len(xs), len(streams)
        found = self._batch.trials(
            made.duration, [made.loss, made.accuracy, FAILED],
            streams=np.tile(np.asarray(streams, dtype=np.uint64), count),
            values=values_of(self.circuit, made, xs),
            rows=np.repeat(np.arange(count), trials),
        )  # fmt: skip
        losses = found[made.loss].reshape(count, trials).astype(float)
        failed = found[FAILED].reshape(count, trials)
        losses[failed] = np.nan
        scores = found[made.accuracy].reshape(count, trials).astype(float)
        return Outcome(losses, scores, int(failed.sum()))

    @property
    def report(self) -> dict[str, float]:
        """Builds, cache hits, seconds, rates, bytes and threads so far."""
        return self._batch.report.as_dict()


def rule_of(study: Study, condition: str) -> PlasticityRule:
    """Return the rule of a condition; ``fixed`` keeps the options that it shares."""
    chosen = study.rule
    if condition != "fixed":
        rule = rules.CATALOG[chosen.name].chosen(dict(chosen.options))
        return rule.with_coefficients(chosen.coefficients)
    fixed = rules.CATALOG["fixed"]
    shared = {k: v for k, v in chosen.options.items() if k in fixed.options}
    return fixed.chosen(shared)


def circuit_of(study: Study, condition: str) -> Circuit:
    """Return the circuit of a condition."""
    channels = tasks.CATALOG[study.task.name].channels
    neuron = models.CATALOG[study.circuit.neuron]
    return feedforward(channels, study.circuit.hidden, neuron, rule_of(study, condition))


def network_of(
    study: Study, condition: str, circuit: Circuit, with_monitors: bool = False
) -> Assembly:
    """Return the Brian2 network of a condition."""
    task = tasks.CATALOG[study.task.name]
    parameters, controls = controlled(task, study.task.parameters, condition)
    chosen = recorded(controls) if with_monitors else controls
    return assemble(circuit, task, parameters, controls=chosen)


def batch_of(made: Assembly, study: Study, instances: int = 1) -> Batch:
    """Return the batch that runs a network, its trials drawn from their streams."""
    batch = Batch(
        made.network, instances, dtype=study.device.dtype, threads=study.device.threads or None,
        namespace={},
    )  # fmt: skip
    for address, expression in made.initial.items():
        batch.initialise(address, expression)
    return batch


def values_of(circuit: Circuit, made: Assembly, xs: np.ndarray) -> dict[str, np.ndarray]:
    """Return the values of all searched coefficients by address, each (candidates, size)."""
    decoded = circuit.coefficients.decode(np.atleast_2d(xs))
    return {made.addresses[label]: values for label, values in decoded.items()}


def recording_of(
    study: Study, condition: str, vector: np.ndarray, stream: int
) -> dict[str, np.ndarray]:
    """Run one trial with monitors and return what they saw.

    Parameters
    ----------
    study, condition
        Which network.
    vector
        Its coefficients, shape (d,).
    stream
        Noise-stream id of the trial.

    Returns
    -------
    dict of ndarray
        ``t`` (steps,), s; per population its signal and trace, ``"hidden.s"``, (neurons, steps);
        per projection its weights, ``"input_hidden.w"``, (synapses, steps), row by source neuron;
        ``"items"``, what was to be remembered.
    """
    circuit = circuit_of(study, condition)
    made = network_of(study, condition, circuit, with_monitors=True)
    batch = batch_of(made, study)
    batch.streams = np.array([stream], dtype=np.uint64)
    for address, values in values_of(circuit, made, vector).items():
        batch[address] = values[0]
    batch.run(made.duration)
    found = {"items": np.asarray(batch[next(iter(made.initial))])[0]}
    watched = [population.name for population in circuit.populations]
    for name in [*watched, *(projection.name for projection in circuit.projections)]:
        samples = batch.samples(f"watch_{name}")
        found["t"] = np.asarray(samples.pop("t"))
        found |= {f"{name}.{variable}": np.asarray(x) for variable, x in samples.items()}
    return found
