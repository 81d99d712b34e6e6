"""One trial with monitors: signals, traces, weights, and the body where there is one."""

from __future__ import annotations

import numpy as np

from neuromodels import tasks
from neuromodels.experiment.batches import batch_of, values_of
from neuromodels.experiment.motion import Motion, OpenWorld, Terms, is_embodied
from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import Assembly
from neuromodels.simulation.network.builder import circuit_of, network_of
from neuromodels.simulation.network.circuit import Circuit
from neuromodels.study.study import Study
from neuromodels.tasks.bodies import open_world


def trial_of(study: Study, condition: str, vector: np.ndarray, stream: int) -> dict:
    """Return the arrays of one trial, see `recording_of` and `embodied_recording`."""
    record = embodied_recording if is_embodied(study) else recording_of
    return record(study, condition, vector, stream)


def recording_of(
    study: Study, condition: str, vector: np.ndarray, stream: int
) -> dict[str, np.ndarray]:
    """Run one trial with monitors and return their samples.

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
    circuit, assembly, batch = _begin_trial(study, condition, vector, stream)
    batch.run(assembly.duration)
    drawn = {address: np.asarray(batch[address])[0] for address in assembly.initial}
    first = next(iter(drawn.values()))
    body = ["items"] if study.task_out_of(tasks.CATALOG).acts else []
    return {"items": first, **drawn, **_samples(batch, circuit, body)}


def embodied_recording(
    study: Study,
    condition: str,
    vector: np.ndarray,
    stream: int,
    open_world: OpenWorld = open_world,
) -> dict[str, np.ndarray]:
    """Run one trial with monitors and a body, and return the samples.

    Returns
    -------
    dict of ndarray
        As `recording_of`, up to the trial's end; of the body, at its own steps, ``"items.goal"``,
        ``"items.state"`` (positions and velocities, steps) and ``"items.reward"`` (1, steps).
    """
    circuit, assembly, batch = _begin_trial(study, condition, vector, stream)
    terms = Terms.of(study, condition, assembly)
    world = open_world(terms.body, 1)
    motion = Motion(terms, batch, world, world.begin(batch.streams))
    states: list[np.ndarray] = []
    gained = [0.0]
    while motion.running.size and len(states) < terms.steps:
        motion.step()
        states.append(motion.states[0].copy())
        gained.append(motion.gained[0])
    return {
        "items": np.asarray(batch[assembly.items[0]])[0],
        "items.goal": motion.goals,
        "items.state": np.array(states).T,
        "items.reward": np.diff(gained)[None],
        **_samples(batch, circuit),
    }


def _begin_trial(
    study: Study, condition: str, vector: np.ndarray, stream: int
) -> tuple[Circuit, Assembly, Batch]:
    """Return a condition's circuit, its network with monitors, and the batch of the one trial."""
    circuit = circuit_of(study, condition)
    assembly = network_of(study, condition, circuit, with_monitors=True)
    batch = batch_of(assembly, study)
    batch.streams = np.array([stream], dtype=np.uint64)
    for address, values in values_of(circuit, assembly, vector).items():
        batch[address] = values[0]
    return circuit, assembly, batch


def _samples(batch: Batch, circuit: Circuit, more: list[str] | None = None) -> dict:
    """Return the samples of all populations and projections, and their times."""
    names = [population.name for population in circuit.populations]
    names += [projection.name for projection in circuit.projections]
    arrays: dict[str, np.ndarray] = {}
    for name in [*names, *(more or [])]:
        samples = batch.samples(f"watch_{name}")
        arrays["t"] = np.asarray(samples.pop("t"))
        arrays |= {f"{name}.{variable}": np.asarray(x) for variable, x in samples.items()}
    return arrays
