"""What a rule does to synapses on their own: pairs of spikes, Poisson trains, given activity."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from brian2 import (
    Clock,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    Synapses,
    TimedArray,
)
from brian2.units import Hz, ms, second

from neuromodels.errors import DeclarationError
from neuromodels.rules import PlasticityRule
from neuromodels.simulation.capture.messages import reading
from neuromodels.simulation.device.batch import Batch

STEP = 0.1 * ms
LEAD = 0.5
"""Seconds before the first pair: nothing is left of whatever came earlier."""
Values = Mapping[str, float]


def paired(
    rule: PlasticityRule,
    delays: np.ndarray,
    pairs: int = 60,
    frequency: float = 1.0,
    values: Values | None = None,
) -> np.ndarray:
    """Return the change of weight by pairs of spikes, (n,), as an STDP window shows it.

    Parameters
    ----------
    rule
        One with statements at spikes, and traces of its own.
    delays
        Postsynaptic minus presynaptic time, s, (n,); each has its own synapse.
    pairs, frequency
        How many, and how many per second.
    values
        Coefficients that differ from the rule's defaults.

    Raises
    ------
    DeclarationError
        For a rule that does nothing at spikes, or pairs that overlap.
    """
    delays = np.asarray(delays, dtype=float)
    if not np.abs(delays).max(initial=0) < 0.5 / frequency:
        raise DeclarationError(
            "paired.delays",
            f"must be shorter than half a period, {0.5 / frequency:g} s",
            float(np.abs(delays).max()),
        )
    times = LEAD + np.arange(pairs) / frequency
    clock = Clock(STEP, name="protocol_clock")
    before = _spikes("before", np.zeros_like(delays), times, clock)
    after = _spikes("after", delays, times, clock)
    return _change(rule, before, after, values, clock, times[-1] + LEAD)


def between_poisson(
    rule: PlasticityRule,
    rate_pre: float,
    rate_post: float,
    seconds: float,
    synapses: int = 100,
    seed: int = 0,
    values: Values | None = None,
) -> np.ndarray:
    """Return the change of weights between independent Poisson trains, (synapses,), rates in Hz."""
    clock = Clock(STEP, name="protocol_clock")
    before, after = (
        PoissonGroup(synapses, rate * Hz, name=name, clock=clock, namespace={})
        for name, rate in (("before", rate_pre), ("after", rate_post))
    )
    return _change(rule, before, after, values, clock, seconds, seed)


def driven(
    rule: PlasticityRule,
    inputs: np.ndarray,
    values: Values | None = None,
    weights: np.ndarray | None = None,
    dt: float = 0.02,
    third: float = 1.0,
) -> np.ndarray:
    """Return what a linear neuron has learned after its inputs were active, (n,).

    That is the variable that the rule changes: the weight, or its plastic part.

    Parameters
    ----------
    rule
        One with statements in every step; its traces are the activities of this step.
    inputs
        Activity of the inputs, (steps, n); the neuron's is their weighted sum.
    weights
        What is learned, to begin with, (n,); by default the rule's own.
    dt
        Length of a step, s.
    third
        The third factor M, for a rule that has one.
    """
    _check(rule, rule.each_step, "each_step", values)
    steps, count = inputs.shape
    clock = Clock(dt * second, name="protocol_clock")
    activity = TimedArray(np.asarray(inputs, dtype=float), dt=dt * second, name="activity")
    before = NeuronGroup(
        count, "u : 1", name="before", clock=clock, namespace={"activity": activity}
    )
    before.run_regularly("u = activity(t, i)", when="start", clock=clock, name="before_step")
    after = NeuronGroup(1, "summed : 1", name="after", clock=clock, namespace={})
    seen = f"x = u_pre : 1\ny = summed_post : 1\nsummed_post = ({rule.weight})*u_pre : 1 (summed)"
    seen += f"\nM = {float(third)!r} : 1" if rule.modulator else ""
    made = _between(rule, before, after, values, clock, seen)
    made.connect()
    _set(made, rule, values)
    if weights is not None:
        setattr(made, rule.learns[0], weights)
    made.run_regularly(rule.each_step, when="end", clock=clock, name="examined_step")
    batch = Batch(Network(before, after, made, name="protocol"), dtype="float64", namespace={})
    batch.run(steps * dt * second)
    return np.asarray(batch[f"examined.{rule.learns[0]}"])[0]


def _spikes(name: str, shifts: np.ndarray, times: np.ndarray, clock: Clock) -> SpikeGeneratorGroup:
    """Return one neuron per shift that spikes at all times, moved by it."""
    moved = (times[:, None] + shifts).ravel()
    indices = np.tile(np.arange(len(shifts)), len(times))
    return SpikeGeneratorGroup(len(shifts), indices, moved * second, name=name, clock=clock)


def _change(
    rule: PlasticityRule,
    before,
    after,
    values: Values | None,
    clock: Clock,
    seconds: float,
    seed: int = 0,
) -> np.ndarray:
    _check(rule, rule.on_pre + rule.on_post, "on_pre or on_post", values)
    made = _between(rule, before, after, values, clock, "")
    made.connect(j="i")
    _set(made, rule, values)
    network = Network(before, after, made, name="protocol")
    batch = Batch(network, seed=seed, dtype="float64", namespace={})
    learned = f"examined.{rule.learns[0]}"
    start = np.asarray(batch[learned])[0].copy()
    batch.run(seconds * second)
    return np.asarray(batch[learned])[0] - start


def _between(rule: PlasticityRule, before, after, values, clock: Clock, seen: str) -> Synapses:
    own = [line.split(":")[0].strip() for line in rule.model.splitlines()]
    lines = [f"{c.name} : 1 (constant)" for c in rule.coefficients if c.name not in own]
    equations = "\n".join([rule.model, *lines, seen])
    with reading("examined", equations):
        return Synapses(
            before,
            after,
            equations,
            on_pre=rule.on_pre or None,
            on_post=rule.on_post or None,
            namespace=dict(rule.constants),
            name="examined",
            clock=clock,
            method="exact",
        )


def _set(made: Synapses, rule: PlasticityRule, values: Values | None) -> None:
    for coefficient in rule.coefficients:
        value = (values or {}).get(coefficient.name, coefficient.default)
        setattr(made, coefficient.name, value)


def _check(rule: PlasticityRule, statements: str, what: str, values: Values | None) -> None:
    where, names = f"PlasticityRule.{rule.name}", [c.name for c in rule.coefficients]
    if not statements.strip():
        raise DeclarationError(where, f"must have statements {what}")
    for name in values or {}:
        if name not in names:
            raise DeclarationError(where, f"coefficients are {', '.join(names)}", name)
