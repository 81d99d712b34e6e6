"""Random mixtures of clocks: tiny networks that count the steps of everything they hold."""

from dataclasses import dataclass
from random import Random

import numpy as np
from brian2 import (
    Clock,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    second,
)

#: Seconds that people choose, and between which any other number may lie.
STEPS = (1e-5, 2.5e-5, 5e-5, 1e-4, 2e-4, 2.5e-4, 3e-4, 1e-3 / 3, 5e-4, 7e-4, 1e-3, 1.1e-3, 2.5e-3)
SLOW = (1e-2, 1 / 30, 0.1, 1.0, 20.0, 60.0, 100.0, 3600.0, 7200.0)
KINDS = ("regular", "group", "synapses", "pathway", "monitor", "generator", "poisson")


@dataclass(frozen=True)
class Mixture:
    """Clocks, what runs on each, and the lengths (seconds) of the runs.

    Parameters
    ----------
    steps, kinds, explicit
        Of each clock, and whether it is made by hand.
    made
        In which order explicit clocks are made.
    runs
        Their lengths.
    """

    steps: tuple[float, ...]
    kinds: tuple[str, ...]
    explicit: tuple[bool, ...]
    made: tuple[int, ...]
    runs: tuple[float, ...]


def mixture(seed: int, steps: int) -> Mixture:
    """Return a mixture, always the same for a seed, of about `steps` of its fastest clock."""
    random = Random(seed)
    count = random.randint(1, 5)
    fastest = random.choice(STEPS)
    all_steps = [fastest, *(_slower(fastest, random) for _ in range(count - 1))]
    random.shuffle(all_steps)
    most = steps * fastest
    lengths = [most / random.choice((3, 7, 20, 50)) for _ in range(random.randint(1, 4))]
    return Mixture(
        tuple(all_steps),
        tuple(random.choice(KINDS) for _ in all_steps),
        tuple(random.random() < 0.6 for _ in all_steps),
        tuple(random.sample(range(count), count)),
        tuple(_length(length, all_steps, random) for length in lengths),
    )


def _slower(fastest: float, random: Random) -> float:
    kind = random.random()
    if kind < 0.4:
        return max(fastest, random.choice(STEPS))
    if kind < 0.6:
        return random.choice(SLOW)
    if kind < 0.8:
        return fastest * random.randint(1, 60)
    return fastest * 10 ** random.uniform(0, 3)


def _length(length: float, steps: list[float], random: Random) -> float:
    """Round a length to steps of some clock, or leave it odd."""
    step = random.choice(steps)
    whole = max(1, round(length / step)) * step
    return whole if random.random() < 0.6 and whole < 5 * length else length


def objects(mixed: Mixture) -> tuple[list, list[str]]:
    """Return the objects of a mixture, and the addresses of what they count."""
    clocks: dict[int, Clock] = {}
    for k in mixed.made:
        if mixed.explicit[k]:
            clocks[k] = Clock(mixed.steps[k] * second)
    timing = {"dt": max(mixed.steps) * second, "namespace": {}}
    journal = NeuronGroup(1, "trace : 1\nentries : 1", name="journal", **timing)
    made, counts = [journal], ["journal.trace", "journal.entries"]
    for k, kind in enumerate(mixed.kinds):
        timing = {"clock": clocks[k]} if k in clocks else {"dt": mixed.steps[k] * second}
        name = f"{'zyxwv'[k]}_{kind}"
        # What runs when, in one number: any other order gives another one.
        journal.run_regularly(
            f"entries += 1\ntrace = (31*trace + {k + 1}) % 1000003", name=f"entry_{k}", **timing
        )
        parts, address = MAKERS[kind](name, timing)
        made += parts
        counts.append(address)
    return made, counts


def _regular(name: str, timing: dict) -> tuple[list, str]:
    group = NeuronGroup(1, "n : 1", name=name, namespace={}, **timing)
    group.run_regularly("n += 1", name=f"{name}_part", **timing)
    return [group], f"{name}.n"


def _group(name: str, timing: dict) -> tuple[list, str]:
    model = {"threshold": "True", "reset": "n += 1", "namespace": {}}
    return [NeuronGroup(1, "n : 1", name=name, **model, **timing)], f"{name}.n"


def _synapses(name: str, timing: dict) -> tuple[list, str]:
    group = NeuronGroup(1, "total : 1", name=f"{name}_ends", namespace={}, **timing)
    synapses = Synapses(group, group, "n : 1", name=name, namespace={}, **timing)
    synapses.connect()
    synapses.run_regularly("n += 1", name=f"{name}_part", **timing)
    return [group, synapses], f"{name}.n"


def _pathway(name: str, timing: dict) -> tuple[list, str]:
    group = NeuronGroup(1, "", threshold="True", name=f"{name}_source", namespace={}, **timing)
    synapses = Synapses(group, group, "n : 1", on_pre="n += 1", name=name, namespace={}, **timing)
    synapses.connect()
    synapses.delay = 2 * group.clock.dt
    return [group, synapses], f"{name}.n"


def _monitor(name: str, timing: dict) -> tuple[list, str]:
    group = NeuronGroup(1, "n : 1", name=f"{name}_seen", namespace={}, **timing)
    return [group, StateMonitor(group, "n", record=0, name=name, **timing)], f"{name}.N"


def _generator(name: str, timing: dict) -> tuple[list, str]:
    step = timing["clock"].dt if "clock" in timing else timing["dt"]
    source = SpikeGeneratorGroup(1, [0], [0] * ms, period=step, name=name, **timing)
    return [source, SpikeMonitor(source, name=f"{name}_spikes")], f"{name}_spikes.N"


def _poisson(name: str, timing: dict) -> tuple[list, str]:
    source = PoissonGroup(1, "2/dt", name=name, namespace={}, **timing)
    return [source, SpikeMonitor(source, name=f"{name}_spikes")], f"{name}_spikes.N"


MAKERS = {
    "regular": _regular,
    "group": _group,
    "synapses": _synapses,
    "pathway": _pathway,
    "monitor": _monitor,
    "generator": _generator,
    "poisson": _poisson,
}


def counted(network: Network, counts: list[str]) -> dict[str, float]:
    """Return what a network has counted, by address."""
    found = {}
    for address in counts:
        group, _, name = address.partition(".")
        found[address] = float(np.sum(network[group].variables[name].get_value()))
    return found
