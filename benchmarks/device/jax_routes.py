"""The same two networks in JAX: one copy's step, `scan` over steps, `vmap` over copies, `jit`.

`measure` is that and nothing else. `measure_tuned` is what an expert adds for a CPU: the
copies are dealt to as many JAX devices as there are cores, and each device takes them in
chunks whose state stays in its cache.
"""

import os
from collections.abc import Callable
from time import perf_counter

import jax
import jax.numpy as jnp
import numpy as np
from cases import (
    PDLF_COEFFICIENTS,
    PDLF_LATENCY,
    PDLF_LENGTH,
    PDLF_STEPS,
    RECURRENT,
    Case,
    pdlf_outcome,
    recurrent_outcome,
)
from jax.sharding import NamedSharding, PartitionSpec
from networks import RECURRENT_PROJECTIONS, RECURRENT_SIZES

DECAY_M, DECAY_S, DECAY_TR = (float(np.exp(-1 / tau)) for tau in (20, 5, 20))
DRIVE = 5 / (5 - 20) * (DECAY_S - DECAY_M)  # exact solution of both linear equations
W_MAX = 0.6
CHUNKS = (4, 8, 16)


def measure(case: Case, repeats: int) -> dict:
    """Run `jit(vmap(scan))`; return seconds of a run, of the compilation, and outcome."""
    one_copy, arguments, read = (_recurrent if case.network == RECURRENT else _pdlf)(case)
    return _measured(jax.vmap(one_copy), jax.device_put(arguments), read, repeats)


def measure_tuned(case: Case, repeats: int) -> dict:
    """Run the fastest of several chunk sizes, shared out to all cores.

    Needs XLA_FLAGS=--xla_force_host_platform_device_count=<cores> before JAX starts.
    """
    one_copy, arguments, read = (_recurrent if case.network == RECURRENT else _pdlf)(case)
    cores = min(os.cpu_count() or 1, jax.device_count())
    mesh = jax.make_mesh((cores,), ("core",), axis_types=(jax.sharding.AxisType.Auto,))
    dealt = jax.device_put(arguments, NamedSharding(mesh, PartitionSpec("core")))
    chunks = [size for size in CHUNKS if case.instances % (cores * size) == 0]
    results = [_measured(_in_chunks(one_copy, size, mesh), dealt, read, repeats) for size in chunks]
    return min(results, key=lambda result: result["seconds"])


def _in_chunks(one_copy: Callable, size: int, mesh: jax.sharding.Mesh) -> Callable:
    def on_one_core(*arguments):
        folded = jax.tree.map(lambda x: x.reshape(-1, size, *x.shape[1:]), arguments)
        results = jax.lax.map(lambda chunk: jax.vmap(one_copy)(*chunk), folded)
        return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), results)

    core = PartitionSpec("core")
    return jax.shard_map(on_one_core, mesh=mesh, in_specs=core, out_specs=core, check_vma=False)


def _measured(program: Callable, arguments: tuple, read: Callable, repeats: int) -> dict:
    start = perf_counter()
    compiled = jax.jit(program).lower(*arguments).compile()
    build = perf_counter() - start
    results = jax.block_until_ready(compiled(*arguments))
    seconds = [_seconds(compiled, arguments) for _ in range(repeats)]
    return {"seconds": min(seconds), "build_s": build, "outcome": read(results)}


def _seconds(compiled: Callable, arguments: tuple) -> float:
    start = perf_counter()
    jax.block_until_ready(compiled(*arguments))
    return perf_counter() - start


# -- network 1 --------------------------------------------------------------------


def _recurrent(case: Case) -> tuple[Callable, tuple, Callable]:
    values = case.values()
    weights = {name: values[f"{name}.w"] for name in RECURRENT_PROJECTIONS}
    rules = {name: tuple(values[f"{name}.{x}"] for x in "abc") for name in RECURRENT_PROJECTIONS}
    keys = jax.random.split(jax.random.key(case.seed), case.instances)

    def one_copy(key, w, rule):
        return _recurrent_run(key, w, rule, case)

    def read(results):
        counts, final = results
        return recurrent_outcome(case, counts, final)

    return one_copy, (keys, weights, rules), read


def _silent(size: int) -> dict[str, jax.Array]:
    return {name: jnp.zeros(size) for name in ("v", "I", "tr", "count")}


def _recurrent_run(key: jax.Array, w: dict, rule: dict, case: Case) -> tuple[dict, dict]:
    start = ({name: _silent(size) for name, size in RECURRENT_SIZES.items()}, w)

    def step(state, k):
        groups, w = state
        noise = jax.random.uniform(jax.random.fold_in(key, k), (RECURRENT_SIZES["inputs"],))
        arrived = (noise < case.rate * 1e-3).astype(jnp.float32)
        return _recurrent_step(groups, w, rule, arrived), None

    (groups, w), _ = jax.lax.scan(step, start, jnp.arange(case.steps))
    return {name: group["count"] for name, group in groups.items()}, w


def _recurrent_step(groups: dict, w: dict, rule: dict, arrived: jax.Array) -> tuple[dict, dict]:
    w = {
        name: _learned(w[name], groups[pre]["tr"], groups[post]["tr"], *rule[name])
        for name, (pre, post) in RECURRENT_PROJECTIONS.items()
    }
    groups = {name: _decayed(group) for name, group in groups.items()}
    spikes = {name: (group["v"] > 1).astype(jnp.float32) for name, group in groups.items()}
    spikes["inputs"] = arrived
    for name, (pre, post) in RECURRENT_PROJECTIONS.items():
        arriving = (spikes[pre][:, None] * w[name]).sum(axis=0)
        groups[post] = groups[post] | {"I": groups[post]["I"] + arriving}
    return {name: _after_spikes(groups[name], spikes[name]) for name in groups}, w


def _learned(w, pre, post, a, b, c):
    pre, post = pre[:, None], post[None, :]
    return jnp.clip(w + a * pre * post + b * pre + c * post, -W_MAX, W_MAX)


def _decayed(group: dict) -> dict:
    return group | {
        "v": group["v"] * DECAY_M + group["I"] * DRIVE,
        "I": group["I"] * DECAY_S,
        "tr": group["tr"] * DECAY_TR,
    }


def _after_spikes(group: dict, spikes: jax.Array) -> dict:
    return group | {
        "v": jnp.where(spikes > 0, 0.0, group["v"]),
        "tr": group["tr"] + spikes,
        "count": group["count"] + spikes,
    }


# -- network 2 --------------------------------------------------------------------


def _pdlf(case: Case) -> tuple[Callable, tuple, Callable]:
    values = case.values()
    first, second = (
        {x: values[f"{name}.{x}"] for x in PDLF_COEFFICIENTS}
        for name in ("input_hidden", "hidden_output")
    )
    return _pdlf_run, (values["bits"], first, second), lambda r: pdlf_outcome(*r)


def _pdlf_run(bits: jax.Array, first: dict, second: dict) -> tuple[jax.Array, jax.Array]:
    hidden = second["A"].shape[0]
    state = {
        "w1": jnp.zeros((3, hidden)),
        "w2": jnp.zeros((hidden, 1)),
        "v": jnp.zeros(hidden),
        "tr": jnp.zeros(hidden),
        "loss": jnp.zeros(()),
        "correct": jnp.zeros(()),
    }
    quiet = jnp.zeros(PDLF_LATENCY)
    flag = jnp.ones(PDLF_LENGTH)
    x = jnp.stack(
        [
            jnp.concatenate([bits, quiet, 0 * flag]),
            jnp.concatenate([flag, quiet, 0 * flag]),
            jnp.concatenate([0 * flag, quiet, flag]),
        ],
        axis=1,
    )
    targets = jnp.concatenate([jnp.zeros(PDLF_STEPS - PDLF_LENGTH), bits])
    state, _ = jax.lax.scan(
        lambda s, now: (_pdlf_step(s, *now, first, second), None), state, (x, targets)
    )
    return state["loss"], state["correct"]


def _pdlf_step(s: dict, x: jax.Array, target: jax.Array, first: dict, second: dict) -> dict:
    decay = jnp.exp(jnp.float32(-1))
    w1, w2 = _normalised(s["w1"]), _normalised(s["w2"])
    current = (x[:, None] * w1).sum(axis=0)
    v = current + (s["v"] - current) * decay
    fired = jnp.sign(v) * (jnp.abs(v) > 0.1)
    yo = (fired[:, None] * w2).sum()
    tr = s["tr"] * decay + fired * (1 - decay)
    error = (1 / (1 + jnp.exp(-yo)) - target) ** 2
    hit = (yo > 0) == (target > 0.5)
    return {
        "w1": w1 + _change(first, x[:, None], tr[None, :]),
        "w2": w2 + _change(second, tr[:, None], jnp.tanh(yo)),
        "v": jnp.where(fired != 0, 0.0, v),
        "tr": tr,
        "loss": s["loss"] + x[2] * error / PDLF_LENGTH,
        "correct": s["correct"] + x[2] * hit / PDLF_LENGTH,
    }


def _normalised(w: jax.Array) -> jax.Array:
    fourth = (64 * w) ** 4
    norm = jnp.vdot(fourth, fourth) ** 0.125 / 64  # a dot product is the faster sum here
    return w / jnp.maximum(norm, 1e-6)


def _change(rule: dict, pre: jax.Array, post: jax.Array) -> jax.Array:
    eta, a, b, c, d = (rule[name] for name in PDLF_COEFFICIENTS)
    return eta * (a * pre * (post - c) + b * post + d)
