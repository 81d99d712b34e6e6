"""One condition of a study, built once: vectors of coefficients in, losses and scores out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuromodels import neurons, rules, tasks
from neuromodels.coefficients import FIXED_WEIGHT
from neuromodels.errors import DeclarationError
from neuromodels.rules import PlasticityRule
from neuromodels.simulation import FAILED, Batch
from neuromodels.simulation.network.assembly import Assembly, assemble
from neuromodels.simulation.network.circuit import Circuit, Population, Projection, layered
from neuromodels.study.conditions import Limits, controlled, recorded
from neuromodels.study.outcome import FAILURES, Outcome
from neuromodels.study.study import CONNECTIONS, MEAN, SEARCH_OF, SEARCHED, RuleChoice, Study

BUILT = (*SEARCHED, *SEARCH_OF)


class Experiment:
    """The compiled network of one condition.

    Parameters
    ----------
    study
        What is asked.
    condition
        One of `BUILT`.
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
        self._lowest_rate = study.failures.lowest_rate
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
        spikes = [made.spikes] if made.spikes else []
        found = self._batch.trials(
            made.duration,
            [made.loss, made.accuracy, made.over, *spikes, FAILED],
            streams=np.tile(np.asarray(streams, dtype=np.uint64), count),
            values=values_of(self.circuit, made, xs),
            rows=np.repeat(np.arange(count), trials),
            until=made.over,
        )
        numbers = {name: each.reshape(count, trials).astype(float) for name, each in found.items()}
        measures = {"rate": numbers[made.spikes] / made.seconds} if made.spikes else {}
        failed = self._failed(numbers[FAILED] > 0, numbers[made.over], measures.get("rate"))
        losses, scores = (
            np.where(failed, np.nan, numbers[name]) for name in (made.loss, made.accuracy)
        )
        return Outcome(losses, scores, failed, measures)

    def _failed(
        self, infinite: np.ndarray, over: np.ndarray, rates: np.ndarray | None
    ) -> np.ndarray:
        """Return how each trial failed, 0 where it did not, see `Outcome.failed`."""
        kinds = {"nan": infinite, "explosion": over != 0}
        if rates is not None:
            kinds["silence"] = rates < self._lowest_rate
        numbers = [1 + FAILURES.index(kind) for kind in kinds]
        return np.select(list(kinds.values()), numbers, 0).astype(np.uint8)

    @property
    def report(self) -> dict[str, float]:
        """Builds, cache hits, seconds, rates, bytes and threads so far."""
        return self._batch.report.as_dict()


def rule_of(chosen: RuleChoice, condition: str) -> PlasticityRule:
    """Return a rule under a condition; fixed weights keep the options that they share."""
    if SEARCH_OF.get(condition, condition) != "fixed":
        rule = rules.CATALOG[chosen.name].chosen(dict(chosen.options))
        return rule.with_coefficients(chosen.coefficients)
    return fixed_weights(chosen)


def fixed_weights(chosen: RuleChoice) -> PlasticityRule:
    """Return weights that do not change, normalised and searched as those of a rule."""
    fixed = rules.CATALOG["fixed"]
    normalisation = rules.CATALOG[chosen.name].chosen(dict(chosen.options)).normalisation
    weights = {
        name: {key: value for key, value in settings.items() if key != "frozen"}
        for name, settings in chosen.coefficients.items()
        if name == FIXED_WEIGHT.name
    }
    return fixed.chosen({"normalisation": normalisation}).with_coefficients(weights)


def circuit_of(study: Study, condition: str) -> Circuit:
    """Return the circuit of a condition."""
    chosen = study.circuit
    if chosen.inhibitory:
        return _balanced(study, condition)
    rule, layers = rule_of(study.rule, condition), [_channels(study)]
    if chosen.hidden:
        layers.append(_population(study, "hidden", chosen.hidden, chosen.neuron, chosen.groups))
    layers.append(_output(study))
    modulators = (
        _population(study, "modulators", chosen.modulators, chosen.modulator)
        if rule.modulator
        else None
    )
    beside = _population(study, "gru", chosen.gru, "gru") if chosen.gru else None
    return layered(
        tuple(layers),
        rule,
        fixed_weights(study.rule),
        plastic=chosen.plastic,
        recurrent=chosen.recurrent,
        modulators=modulators,
        modulated_by=chosen.modulated_by,
        beside=beside,
    )


def _balanced(study: Study, condition: str) -> Circuit:
    """Return channels, excitatory and inhibitory neurons and a read-out, a rule for each type."""
    chosen = study.circuit
    excitatory = _population(study, "hidden", chosen.hidden, chosen.neuron, chosen.groups)
    inhibitory = _population(study, "inhibitory", chosen.inhibitory, chosen.inhibitor)
    projections = tuple(
        Projection(source, target, _of_type(study, kind, condition), probability=probability)
        for kind, (source, target) in CONNECTIONS.items()
        if (probability := chosen.probability.get(kind, 1.0)) > 0
    )
    return Circuit((_channels(study), excitatory, inhibitory, _output(study)), projections)


def _of_type(study: Study, kind: str, condition: str) -> PlasticityRule:
    """Return the rule of a type of connection; what never changes is the same when all is fixed."""
    if kind == MEAN and kind not in study.rules:
        weight = {"w": {"per": "projection", "frozen": 1 / study.circuit.hidden}}
        return rules.CATALOG["fixed"].chosen({"normalisation": "none"}).with_coefficients(weight)
    chosen = study.rules.get(kind, study.rule)
    changing = rule_of(chosen, "plastic")
    return rule_of(chosen, condition) if changing.is_plastic else changing


def _channels(study: Study) -> Population:
    task = tasks.CATALOG[study.task.name]
    return Population("input", task.channels, None, task.groups, task.trace)


def _output(study: Study) -> Population:
    outputs = tasks.CATALOG[study.task.name].outputs
    return _population(study, "output", outputs, study.circuit.readout, outputs)


def _population(study: Study, name: str, size: int, model: str, groups: int = 1) -> Population:
    """Return neurons with the study's settings of their coefficients, in groups of equal size."""
    if size % groups:
        raise DeclarationError(
            "circuit.groups", f"must divide the {size} neurons of {name!r}", groups
        )
    known = study.circuit.coefficients
    settings = {key.removeprefix(f"{name}."): each for key, each in known.items()}
    chosen = neurons.CATALOG[model].with_coefficients(settings)
    return Population(name, size, chosen, (size // groups,) * groups)


def network_of(
    study: Study, condition: str, circuit: Circuit, with_monitors: bool = False
) -> Assembly:
    """Return the Brian2 network of a condition."""
    task = tasks.CATALOG[study.task.name]
    parameters, controls = controlled(task, study.task.parameters, condition)
    chosen = recorded(controls) if with_monitors else replace(controls, limits=limits_of(study))
    return assemble(circuit, task, parameters, controls=chosen)


def limits_of(study: Study) -> Limits:
    """Return what ends a trial, and whether its spikes are counted."""
    plan = study.failures
    return Limits(plan.highest_rate, plan.largest_weight, study.sees_spikes)


def batch_of(made: Assembly, study: Study, instances: int = 1) -> Batch:
    """Return the batch that runs a network, its trials drawn from their streams."""
    device = "cpp" if study.device.name == "batch" else study.device.name
    batch = Batch(
        made.network,
        instances,
        dtype=study.device.dtype,
        threads=study.device.threads or None,
        device=device,
        namespace={},
    )
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
        ``"items"``, the first variable that the task draws; what it draws, ``"items.x"``, (items,)
        at the end; if the task acts, all variables of its body in SI units, (1, steps).
    """
    circuit = circuit_of(study, condition)
    made = network_of(study, condition, circuit, with_monitors=True)
    batch = batch_of(made, study)
    batch.streams = np.array([stream], dtype=np.uint64)
    for address, values in values_of(circuit, made, vector).items():
        batch[address] = values[0]
    batch.run(made.duration)
    drawn = {address: np.asarray(batch[address])[0] for address in made.initial}
    found = {"items": next(iter(drawn.values())), **drawn}
    watched = [population.name for population in circuit.populations]
    watched += [projection.name for projection in circuit.projections]
    for name in [*watched, "items"] if tasks.CATALOG[study.task.name].acts else watched:
        samples = batch.samples(f"watch_{name}")
        found["t"] = np.asarray(samples.pop("t"))
        found |= {f"{name}.{variable}": np.asarray(x) for variable, x in samples.items()}
    return found
