"""The PDLF copy network in JAX, with a gradient through its spikes.

The forward pass is that of the compiled network, `tests/benchmarks/test_gradient.py` says how
closely. Only the backward pass is another: a spike is a step, whose slope is 0 or infinite. In
its place stands the slope of a fast sigmoid at both thresholds (Zenke and Ganguli 2018, Neural
Computation 30:1514). The reset passes no gradient.
"""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp

COEFFICIENTS = ("eta", "A", "B", "C", "D")
DECAY = float(jnp.exp(-1.0))
THRESHOLD = 0.1
SMALLEST_NORM = 1e-6
STEEPNESS = 10.0
"""Of the sigmoid: at a distance of one threshold the slope is a quarter."""

Rule = Mapping[str, jax.Array]


@jax.custom_vjp
def ternary_spike(v: jax.Array) -> jax.Array:
    """Return the sign of a potential where it is beyond the threshold, else 0."""
    return jnp.sign(v) * (jnp.abs(v) > THRESHOLD)


def _spike_forward(v: jax.Array) -> tuple[jax.Array, jax.Array]:
    return ternary_spike(v), v


def _spike_backward(v: jax.Array, towards: jax.Array) -> tuple[jax.Array]:
    up, down = (1 + STEEPNESS * jnp.abs(v - side) for side in (THRESHOLD, -THRESHOLD))
    return (towards * (up**-2 + down**-2),)


ternary_spike.defvjp(_spike_forward, _spike_backward)


def losses_and_scores(rules: Mapping[str, Rule], bits: jax.Array, latency: int) -> tuple:
    """Return the loss and the fraction recalled of each sequence.

    Parameters
    ----------
    rules
        Coefficients ``eta, A, B, C, D`` of ``input_hidden``, (3, hidden), and of
        ``hidden_output``, (hidden, 1).
    bits
        Sequences, (n, length), 0 and 1.
    latency
        Steps between the last bit and the first recalled one.

    Returns
    -------
    losses, scores
        (n,) each.
    """
    return jax.vmap(lambda sequence: _trial(rules, sequence, latency))(bits)


def _trial(rules: Mapping[str, Rule], bits: jax.Array, latency: int) -> tuple:
    first, second = rules["input_hidden"], rules["hidden_output"]
    state = _state_at_start(first["A"].shape[1], bits.dtype)

    def step(state: dict, shown: jax.Array) -> tuple[dict, jax.Array]:
        return _step(state, shown, first, second)

    _, answers = jax.lax.scan(step, state, _channels(bits, latency))
    answers = answers[len(bits) + latency :]
    hits = (answers > 0) == (bits > 0.5)
    return ((jax.nn.sigmoid(answers) - bits) ** 2).mean(), hits.mean()


def _state_at_start(hidden: int, dtype: jnp.dtype) -> dict[str, jax.Array]:
    shapes = {"w1": (3, hidden), "w2": (hidden, 1), "v": (hidden,), "trace": (hidden,)}
    return {name: jnp.zeros(shape, dtype) for name, shape in shapes.items()}


def _channels(bits: jax.Array, latency: int) -> jax.Array:
    """Return bit, "present" and "recall" in each step, (steps, 3)."""
    wait, on = jnp.zeros(latency, bits.dtype), jnp.ones_like(bits)
    rows = ([bits, wait, 0 * on], [on, wait, 0 * on], [0 * on, wait, on])
    return jnp.stack([jnp.concatenate(row) for row in rows], axis=1)


def _step(state: dict, shown: jax.Array, first: Rule, second: Rule) -> tuple[dict, jax.Array]:
    w1, w2 = normalised(state["w1"]), normalised(state["w2"])
    current = shown @ w1
    v = current + (state["v"] - current) * DECAY
    spikes = ternary_spike(v)
    answer = spikes @ w2[:, 0]
    trace = state["trace"] * DECAY + spikes * (1 - DECAY)
    after = {
        "w1": w1 + _change(first, shown[:, None], trace[None, :]),
        "w2": w2 + _change(second, trace[:, None], jnp.tanh(answer)),
        "v": jnp.where(spikes != 0, 0.0, v),
        "trace": trace,
    }
    return after, answer


def normalised(w: jax.Array) -> jax.Array:
    """Return weights over their 8-norm; the largest is taken out first, or powers underflow."""
    largest = jnp.maximum(jax.lax.stop_gradient(jnp.abs(w).max()), SMALLEST_NORM)
    parts = ((w / largest) ** 8).sum()
    # weights of 0 stay 0, and the root has no slope there
    norm = largest * jnp.where(parts > 0, parts, 1.0) ** 0.125
    return w / jnp.maximum(norm, SMALLEST_NORM)


def _change(rule: Rule, pre: jax.Array, post: jax.Array) -> jax.Array:
    eta, a, b, c, d = (rule[name] for name in COEFFICIENTS)
    return eta * (a * pre * (post - c) + b * post + d)
