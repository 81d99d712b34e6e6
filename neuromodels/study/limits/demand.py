"""What a study asks of this machine at the least: bytes and seconds, known before it is built.

Everything here is less than what is really taken, so that nothing is refused that would fit.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from neuromodels.errors import DeclarationError
from neuromodels.study.circuits import CONNECTIONS, Balanced, Layered, OwnNetwork, projection_of
from neuromodels.study.conditions import CONDITIONS
from neuromodels.study.kinds import MOST, Key, Problem
from neuromodels.study.study import RuleChoice, Study

SYNAPSE_BYTES = 24
"""Of a synapse while its network is made: who it connects, as Brian2 keeps it, and a variable."""
PAIR_BYTES = 8
"""Of an item of the task and a neuron that it drives."""
NUMBER_BYTES = 16
"""Of a number of a candidate: searched, and on its scale."""
TRIAL_BYTES = 40
"""Of a trial of a candidate: its stream, its row, and what it ends with."""
WORKER_BYTES = 50e6
"""Of a worker process that has imported Brian2."""
UPDATE_SECONDS = {"batch": 1e-10, "auto": 1e-13, "cuda": 1e-13}
"""Of a synapse or a neuron in a step, on one core or on a GPU; these are fast ones."""
LONGEST_GENERATION = 365 * 86400.0


@dataclass(frozen=True)
class NetworkSize:
    """What a network of one's own takes, which is known when it was built.

    Parameters
    ----------
    neurons, synapses
        How many it has.
    updates
        How many of both are updated in each step.
    numbers
        Numbers of a candidate that are searched.
    shared
        Bytes of what all instances read: constants, wiring, delays.
    each
        Bytes of the state of an instance, with its queues of spikes.
    at_once
        How many instances hold their state at the same time.
    candidate
        Bytes of a candidate's values, as its instances read them.
    recorded
        Bytes that the monitors of one recorded trial collect.
    """

    neurons: int
    synapses: int
    updates: int
    numbers: int
    shared: int
    each: int
    at_once: int
    candidate: int
    recorded: int


@dataclass(frozen=True)
class _Part:
    """Bytes that a study takes, the key that decides how many, and what they are for."""

    key: Key
    size: float
    what: str


def demand_problems(study: Study, task: Any, network: NetworkSize | None = None) -> list[Problem]:
    """Return why a study is too large for this machine, or a generation would take years.

    Parameters
    ----------
    task
        The study's, from its catalog.
    network
        What a network of one's own takes; None: it was not built, and nobody knows.
    """
    steps, items = (_count(task, expression, study) for expression in (task.steps, task.items))
    tests = max(study.test.trials, study.test.curve_trials)
    parts = [
        _Part(("task",), items * (task.channels + 2) * PAIR_BYTES, f"{items:,} items of the task"),
        *(_declared(study, task) if network is None else _built(study, network)),
        _Part(
            ("search", "trials"),
            study.search.candidates * study.search.trials * TRIAL_BYTES,
            f"{study.search.candidates:,} candidates in {study.search.trials:,} trials",
        ),
        _Part(("test", "trials"), tests * TRIAL_BYTES, f"tests on {tests:,} trials"),
    ]
    instances = study.search.candidates * study.search.trials
    updates = updated_in_a_step(study, task) if network is None else network.updates
    seconds = _seconds(study, instances * steps * updates)
    return [*_too_large(parts, seconds), *_too_slow(study, steps, instances, seconds)]


def check_demand(study: Study, task: Any, network: NetworkSize | None = None) -> None:
    """Refuse a study that is too large for this machine, see `demand_problems`.

    Raises
    ------
    DeclarationError
        With bytes and seconds.
    """
    for problem in demand_problems(study, task, network):
        raise DeclarationError(problem.key, problem.text.rstrip("."))


def check_trials(where: str, trials: int) -> None:
    """Refuse no trials, and more than memory has room for.

    Raises
    ------
    DeclarationError
        With the number that would fit.
    """
    most = int(min(machine_memory() // TRIAL_BYTES, MOST))
    if not 1 <= trials <= most:
        raise DeclarationError(where, f"must be from 1 to {most:,}, for which memory lasts", trials)


def check_workers(count: int) -> None:
    """Refuse more processes than memory has room for.

    Raises
    ------
    DeclarationError
        With the number that would fit.
    """
    most = max(int(min(machine_memory() // WORKER_BYTES, MOST)), 1)
    if count > most:
        raise DeclarationError(
            "--workers", f"must be at most {most:,}, for which memory lasts", count
        )


def machine_memory() -> float:
    """Return the bytes of this machine's memory, with what it may swap out."""
    try:
        with open("/proc/meminfo") as file:
            lines = dict(line.split(":") for line in file)
        return 1024.0 * sum(int(lines[key].split()[0]) for key in ("MemTotal", "SwapTotal"))
    except (OSError, KeyError, ValueError):
        pass
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return float("inf")


# -- what is refused ----------------------------------------------------------------------------


def _too_large(parts: Iterable[_Part], seconds: float) -> Iterator[Problem]:
    largest, memory = max(parts, key=lambda part: part.size), machine_memory()
    if largest.size > memory:
        yield Problem(
            largest.key,
            f"needs {as_bytes(largest.size)} of memory at the least, for {largest.what}; this"
            f" machine has {as_bytes(memory)}. A generation would take {as_time(seconds)} or more."
            " Take fewer.",
        )


def _too_slow(study: Study, steps: int, instances: int, seconds: float) -> Iterator[Problem]:
    if seconds > LONGEST_GENERATION:
        yield Problem(
            ("task",) if steps > instances else ("search", "trials"),
            f"makes a generation of {instances:,} instances with {steps:,} steps each, which takes"
            f" {as_time(seconds)} or more on this machine. Take fewer.",
        )


def as_bytes(size: float) -> str:
    """Return a number of bytes as text."""
    return f"{size / 1e9:,.0f} GB"


def as_time(seconds: float) -> str:
    """Return a long time as text, in whole seconds, hours or years."""
    years, hours = seconds / LONGEST_GENERATION, seconds / 3600
    if years >= 1:
        return f"{years:,.0f} years"
    return f"{hours:,.0f} hours" if hours >= 1 else f"{seconds:,.0f} seconds"


# -- how much a study has -----------------------------------------------------------------------


def _declared(study: Study, task: Any) -> list[_Part]:
    """Return what a declared circuit and its candidates take."""
    synapses, numbers = _synapses(study, task), _numbers(study, task)
    circuit = max(("hidden", "inhibitory", "gru"), key=lambda key: getattr(study.circuit, key, 0))
    population = _population(study)
    return [
        _Part(("circuit", circuit), synapses * SYNAPSE_BYTES, f"{synapses:,} synapses"),
        _Part(
            ("circuit", circuit) if numbers > population else ("search", "candidates"),
            numbers * population * NUMBER_BYTES,
            f"{population:,} candidates of {numbers:,} coefficients",
        ),
    ]


def _built(study: Study, network: NetworkSize) -> list[_Part]:
    """Return what a network that was built, its instances and its candidates take."""
    population, key = _population(study), ("circuit", "build")
    has = f"{network.neurons:,} neurons and {network.synapses:,} synapses"
    candidate = network.numbers * NUMBER_BYTES + network.candidate
    return [
        _Part(
            key,
            bytes_of_instances(network),
            f"{network.at_once:,} instances of {has} at a time",
        ),
        _Part(
            key if network.numbers > population else ("search", "candidates"),
            population * candidate,
            f"{population:,} candidates of {network.numbers:,} coefficients",
        ),
        _Part(key, network.recorded, f"a recorded trial of {has}"),
    ]


def bytes_of_instances(network: NetworkSize, instances: int | None = None) -> int:
    """Return the bytes of instances that hold their state at once, and of what they share."""
    return network.shared + (instances or network.at_once) * network.each


def _population(study: Study) -> int:
    return max(study.search.candidates, _drawn_rules(study))


def _synapses(study: Study, task: Any) -> int:
    return sum(pairs for _, pairs in _projections(study, task))


def updated_in_a_step(study: Study, task: Any) -> int:
    """Return how many synapses and neurons of a declared circuit are updated in a step."""
    return _synapses(study, task) + _neurons(study)


def _count(task: Any, expression: str, study: Study) -> int:
    """Return what an expression of a task's parameters counts, 0 where it cannot be told."""
    try:
        return max(int(task.number(expression, study.task.parameters)), 0)
    except (ArithmeticError, ValueError, TypeError, NameError):
        return 0


def _neurons(study: Study) -> int:
    return getattr(study.circuit, "hidden", 0) + getattr(study.circuit, "inhibitory", 0)


def _projections(study: Study, task: Any) -> list[tuple[RuleChoice | None, int]]:
    """Return the rule of each projection, None for fixed weights, and how many pairs it has."""
    circuit = study.circuit
    if isinstance(circuit, OwnNetwork):
        return []  # nobody knows before it is built
    if isinstance(circuit, Balanced):
        return _balanced(study, circuit, task)
    return _layered(study, circuit, task)


def _layered(study: Study, circuit: Layered, task: Any) -> list[tuple[RuleChoice | None, int]]:
    into = study.rule if circuit.plastic in ("all", "input") else None
    out = study.rule if circuit.plastic in ("all", "output") else None
    if not circuit.hidden:
        return [(study.rule, task.channels * task.outputs)]
    back = circuit.hidden**2 if circuit.recurrent else 0
    recurrent = study.rule if circuit.plastic != "output" else None
    gated = circuit.gru * (3 * task.channels + 3 * circuit.gru + task.outputs)
    rules = {projection_of(kind): rule for kind, rule in study.rules.items()}
    context, named = task.context if "context_hidden" in rules else 0, rules.get
    return [
        (named("input_hidden", into), (task.channels - context) * circuit.hidden),
        (named("context_hidden", into), context * circuit.hidden),
        (named("hidden_hidden", recurrent), back),
        (named("hidden_output", out), circuit.hidden * task.outputs),
        (None, gated),
    ]


def _balanced(study: Study, circuit: Balanced, task: Any) -> list[tuple[RuleChoice | None, int]]:
    sizes = {
        "input": task.channels,
        "hidden": circuit.hidden,
        "inhibitory": circuit.inhibitory,
        "output": task.outputs,
    }
    return [
        (study.rules.get(kind, study.rule if kind != "EO" else None), sizes[a] * sizes[b])
        for kind, (a, b) in CONNECTIONS.items()
        if circuit.probability.get(kind, 1.0) > 0
    ]


def _numbers(study: Study, task: Any) -> int:
    """Return how many numbers are searched at the least: those of single synapses."""
    tested = [CONDITIONS[name] for name in study.tested if name in CONDITIONS]
    if not any(each.built_as == "plastic" for each in tested):
        return 0
    return sum(
        pairs * sum(map(_is_of_synapses, rule.coefficients.values()))
        for rule, pairs in _projections(study, task)
        if rule is not None
    )


def _is_of_synapses(settings: Mapping[str, object]) -> bool:
    return settings.get("per") == "synapse" and settings.get("frozen", False) is False


def _drawn_rules(study: Study) -> int:
    return study.test.random_rules if "random" in study.conditions else 0


def _seconds(study: Study, updates: int) -> float:
    cores = (os.cpu_count() or 1) if study.device.name == "batch" else 1
    return updates * UPDATE_SECONDS[study.device.name] / cores
