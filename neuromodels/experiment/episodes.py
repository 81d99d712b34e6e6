"""Trials of one solution, run from Python step by step, so that they can be read and changed."""

from __future__ import annotations

import re

import numpy as np

from neuromodels import tasks
from neuromodels.errors import DeclarationError
from neuromodels.experiment.batches import batch_of, readouts_of, shown_in, values_of
from neuromodels.experiment.motion import motion_of
from neuromodels.rules import PlasticityRule
from neuromodels.rules.synergy import Synergy
from neuromodels.rules.synergy.shares import LARGEST
from neuromodels.simulation.network.builder import circuit_of, network_of
from neuromodels.simulation.network.circuit import Circuit, Projection
from neuromodels.study.circuits import OwnNetwork, words_of
from neuromodels.study.study import Study
from neuromodels.tasks.embodied import EmbodiedTask


def steps_of(study: Study) -> int:
    """Return how many steps a trial has; where a body is moved from outside, of that body."""
    task = study.task_out_of(tasks.CATALOG)
    steps = task.decisions if isinstance(task, EmbodiedTask) else task.steps
    return task.number(steps, task.with_defaults(study.task.parameters))


class Episodes:
    """All trials of a solution side by side.

    Parameters
    ----------
    condition
        Whose network, see `neuromodels.study.conditions.BUILT`.
    vector
        Coefficients of the search behind that condition, (d,); or those of each trial, (trials, d).
    streams
        Noise streams of the trials, (trials,).
    inputs
        Numbers of the inputs that trials show, (trials,); None: each trial draws its own.
    """

    def __init__(
        self,
        study: Study,
        condition: str,
        vector: np.ndarray,
        streams: np.ndarray,
        inputs: np.ndarray | None = None,
    ):
        circuit = circuit_of(study, condition)
        assembly = network_of(study, condition, circuit)
        self.batch = batch_of(assembly, study, len(streams), inputs)
        self._circuit, self._assembly = circuit, assembly
        self._began_with: dict[str, np.ndarray] = {}
        """What was replaced before the first step, by address."""
        self._set_out(vector, streams)
        self.steps = steps_of(study)
        self.items = assembly.items
        self.shapes = {
            projection.name: (
                circuit.population(projection.source).size,
                circuit.population(projection.target).size,
            )
            for projection in circuit.projections
        }
        """Source and target neurons of each projection, by its name."""
        self._pairs = {
            projection.name: projection.pairs
            for projection in circuit.projections
            if projection.pairs is not None
        }
        self.extents: dict[str, tuple[int, ...]] = {
            name: self._pairs[name].shape[1:] if name in self._pairs else shape
            for name, shape in self.shapes.items()
        }
        """Shape of a projection's synapses: as `shapes`, or how many the user has connected."""
        self.examined = [p.name for p in circuit.projections if _is_examined(p, study)]
        """Projections that lesions hit: all; in a network of one's own, those named as plastic."""
        self.active = active_populations(circuit, self.examined)
        """Populations whose activity is examined."""
        self._rules = {projection.name: projection.rule for projection in circuit.projections}
        self._traces = {
            population.name: f"{population.name}.{population.trace}"
            for population in circuit.populations
        }
        self._signals = {p.name: f"{p.name}.{p.signal}" for p in circuit.populations}
        output = circuit.populations[-1]
        self._output = output.name, output.signal
        self._score = assembly.accuracy
        self._step = assembly.duration / self.steps
        self._motion = motion_of(study, condition, assembly, self.batch)

    def _set_out(self, vector: np.ndarray, streams: np.ndarray) -> None:
        self.batch.streams = np.asarray(streams, dtype=np.uint64)
        for address, values in values_of(self._circuit, self._assembly, vector).items():
            self.batch[address] = values if np.ndim(vector) > 1 else values[0]

    @property
    def can_restart(self) -> bool:
        """Whether `restart` leads to the same trials as a network that is built anew.

        A body of an outside simulator has a state of its own. What is drawn from the streams is
        drawn no more where it was replaced before the first step.
        """
        return self._motion is None and not set(self._began_with) & set(self._assembly.initial)

    def restart(
        self, vector: np.ndarray, streams: np.ndarray, inputs: np.ndarray | None = None
    ) -> None:
        """Begin anew with another solution of the same condition; nothing is built.

        Parameters
        ----------
        vector
            Coefficients, (d,), or those of each trial.
        streams, inputs
            As many as before; inputs where there were some.
        """
        self.batch.restart()
        for address, values in self._began_with.items():
            self.batch[address] = values
        self._began_with.clear()
        for address, numbers in shown_in(self._assembly, inputs).items():
            self.batch[address] = numbers[:, None]
        self._set_out(vector, streams)

    def _replace(self, address: str, values: np.ndarray) -> None:
        if float(self.batch.time) == 0:
            self._began_with.setdefault(address, self.batch[address])
        self.batch[address] = values

    def run(self, steps: int = 1) -> None:
        """Run all trials on for some steps."""
        if self._motion is not None:
            self._motion.run(steps)
        else:
            self.batch.run(steps * self._step)

    def score(self) -> np.ndarray:
        """Return the scores so far, (trials,)."""
        if self._motion is not None:
            return self._motion.scores
        return np.asarray(self.batch[self._score]).reshape(-1)

    def readouts(self) -> np.ndarray:
        """Return the read-outs of the last step, (trials, outputs)."""
        return readouts_of(self.batch, *self._output)

    def traces(self, population: str) -> np.ndarray:
        """Return the traces of a population that plasticity sees now, (trials, neurons).

        Raises
        ------
        DeclarationError
            Where a group of one's own has no variable of the name in ``circuit.trace``.
        """
        if self._traces[population].endswith("."):
            must = f"must name a variable of {population!r}, whose activity is examined"
            cure = "Write an equation for one in the group, and name it in the study."
            raise DeclarationError("OwnNetwork.trace", must, cure=cure)
        return np.asarray(self.batch[self._traces[population]])

    def signals(self, population: str) -> np.ndarray:
        """Return what a population sends in this step, spikes for most, (trials, neurons)."""
        return np.asarray(self.batch[self._signals[population]])

    def weights(self) -> dict[str, np.ndarray]:
        """Return the weights now by projection, (trials, pairs); 0 where a pair has no synapse.

        Raises
        ------
        DeclarationError
            For a rule composed of mechanisms, which has no single weight.
        """
        for name in self.shapes:
            self._check_single(name)
        return {
            name: self._between_all(name, np.asarray(self.batch[f"{name}.w"]))
            for name in self.shapes
        }

    def acting(self) -> dict[str, np.ndarray]:
        """Return the normalised weights of the next step by projection, (trials, pairs)."""
        return {
            name: self._rules[name].normalise(weights) for name, weights in self.weights().items()
        }

    def set_weights(self, weights: dict[str, np.ndarray]) -> None:
        """Replace the weights of some projections."""
        for name, values in weights.items():
            self._replace(f"{name}.w", values[:, self._places(name)])

    def variables(self, projection: str) -> tuple[str, ...]:
        """Return the variables of a synapse that its weight is made of, coefficients left out.

        That is ``w``, or both parts of ``w + alpha*rho``, ``rho`` and ``w``.
        """
        return weight_variables(self._rules[projection])

    def learned(self, projection: str) -> tuple[str, ...]:
        """Return those of `variables` that the rule changes; none of fixed weights."""
        rule = self._rules[projection]
        changing = rule.learns if rule.is_plastic else ()
        return tuple(name for name in self.variables(projection) if name in changing)

    def plastic_parts(self) -> dict[str, np.ndarray]:
        """Return what is learned of each examined projection, (trials, synapses).

        That is the normalised weight of the next step, or ``rho`` of ``w + alpha*rho``.

        Raises
        ------
        DeclarationError
            For a rule composed of mechanisms, which has no single weight.
        """
        for name in self.examined:
            self._check_single(name)
        parts = {name: (*self.learned(name), "w")[0] for name in self.examined}
        return {
            name: self._rules[name].normalise(self.synaptic(name, variable))
            for name, variable in parts.items()
        }

    def _check_single(self, projection: str) -> None:
        rule = self._rules[projection]
        if rule.mechanisms:
            raise DeclarationError(
                f"PlasticityRule.{rule.name}",
                "must have one weight to be examined, and each mechanism has its own",
                ", ".join(rule.mechanisms),
                "Choose measures of behaviour, or examine the mechanisms alone.",
            )

    def fused_weights(self) -> dict[str, np.ndarray]:
        """Return the weights now by projection, those of mechanisms times their shares, summed.

        Returns
        -------
        dict of ndarray
            (trials, synapses).

        Raises
        ------
        DeclarationError
            For a rule whose weight is no such sum: one that is normalised, or whose shares depend
            on activity or on the neuron.
        """
        return {name: self._fused(name) for name in self.shapes}

    def _fused(self, projection: str) -> np.ndarray:
        rule = self._rules[projection]
        if rule.normed or not all(each.isidentifier() for each in _weights_of(rule)):
            raise _not_fused(rule)
        if not isinstance(rule, Synergy):
            return self.synaptic(projection, rule.weight)
        parts = [self.synaptic(projection, each) for each in _weights_of(rule)]
        return sum(
            share * part for share, part in zip(self._shares(projection), parts, strict=True)
        )

    def _shares(self, projection: str) -> list[np.ndarray]:
        """Return the share of each mechanism, (trials, 1) or (trials, synapses)."""
        rule = self._rules[projection]
        assert isinstance(rule, Synergy)
        symbol = "lambda" if rule.shares == "free" else "logit"
        known = {each.symbol: each.per for each in rule.coefficients}
        names = [f"{symbol}_{each}" for each in rule.mechanisms]
        if rule.assignment == "local" or any(known[each] in ("pre", "post") for each in names):
            raise _not_fused(rule)
        numbers = [self.synaptic(projection, each) for each in names]
        if symbol == "lambda":
            return numbers
        ups = [np.exp(np.clip(each, -LARGEST, LARGEST)) for each in numbers]
        return [up / sum(ups) for up in ups]

    def synaptic(self, projection: str, variable: str) -> np.ndarray:
        """Return a variable of a projection's synapses, (trials, synapses)."""
        return np.asarray(self.batch[f"{projection}.{variable}"])

    def set_synaptic(self, projection: str, variable: str, values: np.ndarray) -> None:
        """Replace a variable of a projection's synapses, (trials, synapses)."""
        self._replace(f"{projection}.{variable}", values)

    def _between_all(self, name: str, weights: np.ndarray) -> np.ndarray:
        """Return weights of synapses as weights of all pairs, row by source neuron."""
        if name not in self._pairs:
            return weights
        rows, columns = self.shapes[name]
        spread = np.zeros((len(weights), rows * columns), dtype=weights.dtype)
        spread[:, self._places(name)] = weights
        return spread

    def _places(self, name: str) -> slice | np.ndarray:
        """Return where the synapses of a projection stand among all pairs."""
        if name not in self._pairs:
            return slice(None)
        sources, targets = self._pairs[name]
        return sources * self.shapes[name][1] + targets


def _weights_of(rule: PlasticityRule) -> list[str]:
    """Return what stands for the weight of a rule, or of each of its mechanisms."""
    return [part.weight for part in rule.parts] if isinstance(rule, Synergy) else [rule.weight]


def _not_fused(rule: PlasticityRule) -> DeclarationError:
    return DeclarationError(
        f"PlasticityRule.{rule.name}",
        "must have weights that a sum of mechanisms makes, with shares of the projection",
        rule.weight,
        "Choose measures of behaviour, or another assignment of shares.",
    )


def weight_variables(rule: PlasticityRule) -> tuple[str, ...]:
    """Return the variables that a rule's weight is made of: ``w`` and what it learns."""
    named = set(re.findall(r"[A-Za-z_]\w*", rule.weight))
    return tuple(sorted(named & {"w", *rule.learns}))


def active_populations(circuit: Circuit, examined: list[str]) -> tuple[str, ...]:
    """Return the populations whose activity is examined, in the order of the circuit.

    Those are the hidden neurons; in a network of one's own the groups that examined projections
    drive, or leave where they drive none.
    """
    if circuit.own is None:
        return tuple(p.name for p in circuit.populations if p.name == "hidden")
    found = [p for p in circuit.projections if p.name in examined]
    own = [p.name for p in circuit.populations if p.is_own]
    ends = {p.target for p in found} & set(own) or {p.source for p in found}
    return tuple(name for name in own if name in ends)


def _is_examined(projection: Projection, study: Study) -> bool:
    if not isinstance(study.circuit, OwnNetwork):
        return True
    # objects of the user's cannot be called "input" or "output"
    ends = {projection.own} if projection.own else {projection.source, projection.target}
    return bool(ends & set(words_of(study.circuit.plastic)))
