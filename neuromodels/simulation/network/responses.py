"""What a rule with given numbers does at pairs of spikes: its window and its frequency dependence.

All protocols of all synapses run side by side in one compiled network.  A synapse stands alone, as
in `neuromodels.simulation.network.protocols`; its traces are those of `lif`, which a spike raises
by 1 and which decay with 20 ms, and the norm over a projection is left out.

Protocols: Bi and Poo 1998, J Neurosci 18:10464 (60 pairs at 1 Hz); Sjostrom et al. 2001, Neuron
32:1149 (pairs at several frequencies).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from brian2 import Clock, Network, SpikeGeneratorGroup
from brian2.units import second

from neuromodels.rules import PlasticityRule
from neuromodels.simulation.device.batch import Batch
from neuromodels.simulation.network.examined import check_examined
from neuromodels.simulation.network.protocols import (
    LEAD,
    keep_step,
    seen_of_spikes,
    synapses_between,
)

PAIRS = 60
REACH, GAP = 0.1, 0.005
"""Longest delay of the window, and the distance between two delays, s."""
FREQUENCIES = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 50.0)
"""Pairs per second; their periods are whole multiples of 5 ms."""
OFFSET = 0.010
"""Delay of the pairs whose frequency is varied, s."""
WEIGHT = "weight_now"


@dataclass(frozen=True, eq=False)
class Responses:
    """Changes of weight, in units of the weight, of k synapses.

    What the rule does without any spike in the same time is taken away from all but `silence`.
    Not-a-number stands where a weight left the range of numbers.

    Parameters
    ----------
    delays
        Postsynaptic minus presynaptic time, s, (n,).
    window
        By 60 pairs at 1 Hz with each delay, (k, n).
    first
        By the first of these pairs alone, (k, n).
    before, after
        By as many presynaptic, or postsynaptic, spikes alone, (k,).
    silence
        In as long a time without spikes, (k,).
    frequencies
        Pairs per second, (f,); those at which pairs do not overlap.
    offset
        Delay of the pairs below, s.
    by_frequency
        By 60 pairs at each frequency, presynaptic spike first and postsynaptic spike first,
        (k, 2, f).
    """

    delays: np.ndarray
    window: np.ndarray
    first: np.ndarray
    before: np.ndarray
    after: np.ndarray
    silence: np.ndarray
    frequencies: np.ndarray
    offset: float
    by_frequency: np.ndarray


@dataclass(frozen=True)
class _Plan:
    """Which synapse gets which spikes: spikes of both sides, s, and when its weight is read."""

    delays: np.ndarray
    frequencies: np.ndarray
    offset: float

    @property
    def trains(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Times of both sides: of the window, of each side alone, of none, of each frequency."""
        slow, none = _times(1.0), np.zeros(0)
        window = [(slow, slow + delay) for delay in self.delays]
        alone = [(slow, none), (none, slow), (none, none)]
        paired = [
            (_times(frequency), _times(frequency) + shift)
            for shift in (self.offset, -self.offset)
            for frequency in self.frequencies
        ]
        return [*window, *alone, *paired]

    @property
    def ends(self) -> dict[str | float, float]:
        """When weights are read, s: after the first pair, and after the last of each frequency."""
        of_first = {"first": 2 * LEAD + 0.5}
        return of_first | {f: float(_times(f)[-1]) + LEAD for f in {1.0, *self.frequencies}}


def _times(frequency: float) -> np.ndarray:
    return LEAD + np.arange(PAIRS) / frequency


def responses(
    rule: PlasticityRule, values: Mapping[str, np.ndarray], dt: float, third: np.ndarray | None
) -> Responses:
    """Return what a rule does to synapses with given numbers.

    Parameters
    ----------
    rule
        Any that reads no more of a network than the two sides of a synapse. A contrast is among
        many silent synapses.
    values
        Numbers of each synapse by coefficient, (k,); others have the rule's defaults.
    dt
        Length of a step, s: that of the network whose rule it is.
    third
        The third factor M of each synapse, (k,); None for a rule that has none.

    Raises
    ------
    DeclarationError
        For a rule that reads variables of a neuron model.
    """
    alone = replace(rule, normalisation="none")
    check_examined(alone, dict.fromkeys(values, 0.0))
    plan = _plan(dt)
    batch = _batch(alone, values, dt, third, plan.trains)
    start = np.asarray(batch[f"examined.{WEIGHT}"]).copy()
    return _read(plan, start, _weights_at(batch, plan.ends))


def _plan(dt: float) -> _Plan:
    gap = max(dt, GAP)
    delays = np.arange(-round(REACH / gap), round(REACH / gap) + 1) * gap
    offset = max(dt, OFFSET)
    fitting = [f for f in FREQUENCIES if 2 * offset <= 1 / f or f == 1.0]
    return _Plan(delays, np.array(fitting), offset)


def _batch(
    rule: PlasticityRule,
    values: Mapping[str, np.ndarray],
    dt: float,
    third: np.ndarray | None,
    trains: list[tuple[np.ndarray, np.ndarray]],
) -> Batch:
    """Return the network of all protocols, an instance for each synapse, its numbers set."""
    clock = Clock(dt * second, name="protocol_clock")
    before = _spikes("before", [pre for pre, _ in trains], clock)
    after = _spikes("after", [post for _, post in trains], clock)
    seen = f"{seen_of_spikes(rule, None)}\n{WEIGHT} : 1"
    made = synapses_between(rule, before, after, None, clock, seen)
    made.connect(j="i")
    for coefficient in rule.coefficients:
        setattr(made, coefficient.symbol, coefficient.default)
    keep_step(made, rule, clock, is_alone=False)
    made.run_regularly(f"{WEIGHT} = {rule.weight}", when="end", clock=clock, name="examined_weight")
    count = max([1, *(len(each) for each in values.values())])
    network = Network(before, after, made, name="protocol")
    batch = Batch(network, count, dtype="float64", namespace={})
    symbols = {coefficient.name: coefficient.symbol for coefficient in rule.coefficients}
    for name, numbers in values.items():
        batch[f"examined.{symbols[name]}"] = np.asarray(numbers, dtype=float)[:, None]
    for factor in rule.third_factors if third is not None else ():
        batch[f"examined.{factor}"] = np.asarray(third, dtype=float)[:, None]
    batch.initialise(f"examined.{WEIGHT}", rule.weight)
    return batch


def _spikes(name: str, trains: list[np.ndarray], clock: Clock) -> SpikeGeneratorGroup:
    indices = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    times = np.concatenate(trains) * second
    return SpikeGeneratorGroup(len(trains), indices, times, name=name, clock=clock)


def _weights_at(batch: Batch, ends: Mapping[str | float, float]) -> dict[str | float, np.ndarray]:
    """Return all weights at some times, each (k, synapses); the network runs on from one to the
    next."""
    found, now = {}, 0.0
    for name, end in sorted(ends.items(), key=lambda each: each[1]):
        batch.run((end - now) * second)
        found[name], now = np.asarray(batch[f"examined.{WEIGHT}"]).copy(), end
    return found


def _read(plan: _Plan, start: np.ndarray, found: dict[str | float, np.ndarray]) -> Responses:
    n, count = len(plan.delays), len(plan.frequencies)
    silent = {name: weights[:, [n + 2]] for name, weights in found.items()}
    with np.errstate(invalid="ignore"):
        changed = {name: _finite(weights - silent[name]) for name, weights in found.items()}
        silence = _finite(silent[1.0] - start[:, [n + 2]])[:, 0]
    paired = np.stack([changed[f][:, n + 3 :] for f in plan.frequencies], axis=-1)
    by_frequency = paired.reshape(len(start), 2, count, count)
    return Responses(
        delays=plan.delays,
        window=changed[1.0][:, :n],
        first=changed["first"][:, :n],
        before=changed[1.0][:, n],
        after=changed[1.0][:, n + 1],
        silence=silence,
        frequencies=plan.frequencies,
        offset=plan.offset,
        by_frequency=np.einsum("ksff->ksf", by_frequency),
    )


def _finite(changes: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(changes), changes, np.nan)


def synapses_in(found: Responses, which: slice) -> Responses:
    """Return the responses of some of the synapses."""
    shared = ("delays", "frequencies", "offset")
    own = {name: each[which] for name, each in vars(found).items() if name not in shared}
    return replace(found, **own)
