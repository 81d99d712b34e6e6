"""What a rule does to synapses on their own: pairs of spikes, Poisson trains, given activity.

Here a synapse is alone with the two sides of it.  What its rule sees of them is kept in the synapse
itself, in the order of a network's step: traces and signals with the spikes of this step, then the
statements of each step, then those at presynaptic, then those at postsynaptic spikes.
"""

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
from brian2.units.fundamentalunits import Quantity

from neuromodels.errors import DeclarationError
from neuromodels.rules import PlasticityRule
from neuromodels.simulation.capture.messages import reading
from neuromodels.simulation.device.batch import Batch
from neuromodels.simulation.network.examined import check_examined, is_watching, reads_signals

STEP = 0.1 * ms
TRACE = 20 * ms
"""Time constant of the traces that a rule sees of both sides; a spike raises them by 1."""
LEAD = 0.5
"""Seconds before the first pair: nothing is left of whatever came earlier."""
Values = Mapping[str, float]


def paired(
    rule: PlasticityRule,
    delays: np.ndarray,
    pairs: int = 60,
    frequency: float = 1.0,
    values: Values | None = None,
    *,
    dt: Quantity = STEP,
    third: float = 1.0,
) -> np.ndarray:
    """Return the change of weight by pairs of spikes, (n,), as an STDP window shows it.

    Parameters
    ----------
    rule
        One with statements at spikes, or that reads ``sx`` or ``sy`` in each step. Its traces
        ``x`` and ``y`` decay with 20 ms, as those of `lif`.
    delays
        Postsynaptic minus presynaptic time, s, (n,); each has its own synapse.
    pairs, frequency
        How many, and how many per second.
    values
        Coefficients that differ from the rule's defaults.
    dt
        Length of a step: a rule whose statements of each step do not contain ``dt`` changes
        weights more often in shorter steps.
    third
        The third factor M, for a rule that has one.

    Raises
    ------
    DeclarationError
        For pairs that overlap, and for a rule that does nothing at spikes, is normalised, or reads
        variables of a neuron model.
    """
    delays = np.asarray(delays, dtype=float)
    if not np.abs(delays).max(initial=0) < 0.5 / frequency:
        raise DeclarationError(
            "paired.delays",
            f"must be shorter than half a period, {0.5 / frequency:g} s",
            float(np.abs(delays).max()),
        )
    times = LEAD + np.arange(pairs) / frequency
    clock = Clock(dt, name="protocol_clock")
    before = _spikes("before", np.zeros_like(delays), times, clock)
    after = _spikes("after", delays, times, clock)
    return _change(rule, before, after, values, clock, times[-1] + LEAD, third)


def between_poisson(
    rule: PlasticityRule,
    rate_pre: float,
    rate_post: float,
    seconds: float,
    synapses: int = 100,
    seed: int = 0,
    values: Values | None = None,
    *,
    dt: Quantity = STEP,
    third: float = 1.0,
) -> np.ndarray:
    """Return the change of weights between independent Poisson trains, (synapses,), rates in Hz.

    For the rules that it takes, and for `dt` and `third`, see `paired`.
    """
    clock = Clock(dt, name="protocol_clock")
    before, after = (
        PoissonGroup(synapses, rate * Hz, name=name, clock=clock, namespace={})
        for name, rate in (("before", rate_pre), ("after", rate_post))
    )
    return _change(rule, before, after, values, clock, seconds, third, seed)


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
        One with statements in every step and none at spikes; its traces and signals are the
        activities of this step.
    inputs
        Activity of the inputs, (steps, n); the neuron's is their weighted sum.
    weights
        What is learned, to begin with, (n,); by default the rule's own.
    dt
        Length of a step, s.
    third
        The third factor M, for a rule that has one.
    """
    if not rule.each_step.strip():
        raise DeclarationError(f"PlasticityRule.{rule.name}", "must have statements each_step")
    if (rule.on_pre + rule.on_post).strip():
        raise DeclarationError(
            f"PlasticityRule.{rule.name}",
            "must have no statements on_pre or on_post, since given activity has no spikes",
            cure="Choose form = 'dense', or take `paired`."
            if "form" in rule.options
            else "Take `paired`.",
        )
    check_examined(rule, values)
    steps, count = inputs.shape
    clock = Clock(dt * second, name="protocol_clock")
    activity = TimedArray(np.asarray(inputs, dtype=float), dt=dt * second, name="activity")
    before = NeuronGroup(
        count, "u : 1", name="before", clock=clock, namespace={"activity": activity}
    )
    before.run_regularly("u = activity(t, i)", when="start", clock=clock, name="before_step")
    means = "".join(f"\nmean_{number} : 1" for number in range(len(rule.means)))
    after = NeuronGroup(1, f"summed : 1{means}", name="after", clock=clock, namespace={})
    made = synapses_between(
        rule, before, after, values, clock, _seen_of_activity(rule, count, third)
    )
    made.connect()
    _set(made, rule, values)
    if weights is not None:
        setattr(made, rule.learns[0], weights)
    made.run_regularly(rule.each_step, when="end", clock=clock, name="examined_step")
    batch = Batch(Network(before, after, made, name="protocol"), dtype="float64", namespace={})
    batch.run(steps * dt * second)
    return np.asarray(batch[f"examined.{rule.learns[0]}"])[0]


def _seen_of_activity(rule: PlasticityRule, count: int, third: float) -> str:
    """Return what a rule sees of inputs and of the linear neuron that sums them."""
    lines = [
        *("x = u_pre : 1", "sx = u_pre : 1", "y = summed_post : 1", "sy = summed_post : 1"),
        f"summed_post = ({rule.weight})*u_pre : 1 (summed)",
    ]
    lines += [f"{name} = {float(third)!r} : 1" for name in rule.third_factors]
    for number, (name, (summed, _)) in enumerate(rule.means.items()):
        lines += [f"mean_{number}_post = ({summed})/{count} : 1 (summed)"]
        lines += [f"{name} = mean_{number}_post : 1"]
    return "\n".join(lines)


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
    third: float,
    seed: int = 0,
) -> np.ndarray:
    if not (rule.on_pre + rule.on_post).strip() and not reads_signals(rule):
        raise DeclarationError(
            f"PlasticityRule.{rule.name}",
            "must have statements on_pre or on_post, or read sx or sy in each_step",
        )
    check_examined(rule, values)
    watched = seen_of_spikes(rule, third) if is_watching(rule) else ""
    made = synapses_between(rule, before, after, values, clock, watched)
    made.connect(j="i")
    _set(made, rule, values)
    if watched:
        keep_step(made, rule, clock)
    network = Network(before, after, made, name="protocol")
    batch = Batch(network, seed=seed, dtype="float64", namespace={})
    learned = f"examined.{rule.learns[0]}"
    start = np.asarray(batch[learned])[0].copy()
    batch.run(seconds * second)
    return np.asarray(batch[learned])[0] - start


WATCH = {"watch_pre": "sx = 1\nx += 1", "watch_post": "sy = 1\ny += 1"}
"""Pathways that tell a synapse of the spikes on both sides, before its rule acts."""
WATCH_ORDER, STEP_ORDER = -9, -5
"""Places in the slot ``synapses`` before those of the rule's own pathways, -1 and 1."""


def seen_of_spikes(rule: PlasticityRule, third: float | None) -> str:
    """Return equations of what a synapse keeps of its two sides.

    Parameters
    ----------
    third
        The third factor M; None: a variable of the synapse.
    """
    value = "" if third is None else f" = {float(third)!r}"
    lines = [f"{name} : 1" for name in ("x", "y", "sx", "sy", *rule.means)]
    lines += [f"{name}{value} : 1" for name in rule.third_factors]
    return "\n".join(lines)


def keep_step(made: Synapses, rule: PlasticityRule, clock: Clock, *, is_alone: bool = True) -> None:
    """Let traces fade before the spikes of a step, and the rule act behind them.

    Parameters
    ----------
    is_alone
        Whether the mean over the synapses of a neuron is the synapse's own value, or stays as it
        is: 0, among many that are silent.
    """
    fading = f"exp(-dt/({float(TRACE / second)!r}*second))"
    fade = f"x *= {fading}\ny *= {fading}\nsx = 0\nsy = 0"
    made.run_regularly(fade, when="before_synapses", clock=clock, name="examined_fading")
    for name in WATCH:
        getattr(made, name).order = WATCH_ORDER
    if rule.each_step.strip():
        made.run_regularly(
            rule.each_step, when="synapses", order=STEP_ORDER, clock=clock, name="examined_step"
        )
    if rule.means and is_alone:
        kept = "\n".join(f"{name} = {summed}" for name, (summed, _) in rule.means.items())
        made.run_regularly(kept, when="end", clock=clock, name="examined_centre")


def synapses_between(
    rule: PlasticityRule, before, after, values, clock: Clock, seen: str
) -> Synapses:
    """Return unconnected synapses that follow a rule; `seen` are equations beside its own."""
    own = [line.split(":")[0].strip() for line in rule.model.splitlines()]
    lines = [f"{c.symbol} : 1 (constant)" for c in rule.coefficients if c.symbol not in own]
    equations = "\n".join([rule.model, *lines, seen])
    watch = WATCH if "sx : 1" in seen.splitlines() else {}
    paths = {**watch, "pre": rule.on_pre, "post": rule.on_post}
    acting = {name: text for name, text in paths.items() if text.strip()}
    with reading("examined", equations):
        return Synapses(
            before,
            after,
            equations,
            on_pre={name: text for name, text in acting.items() if name.endswith("pre")} or None,
            on_post={name: text for name, text in acting.items() if name.endswith("post")} or None,
            namespace=dict(rule.constants),
            name="examined",
            clock=clock,
            method="exact",
        )


def _set(made: Synapses, rule: PlasticityRule, values: Values | None) -> None:
    for coefficient in rule.coefficients:
        value = (values or {}).get(coefficient.name, coefficient.default)
        setattr(made, coefficient.symbol, value)
