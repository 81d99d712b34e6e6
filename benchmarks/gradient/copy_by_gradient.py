"""The copy network trained by surrogate gradients: what its numbers hold where a search is not
what limits them.

    python benchmarks/gradient/copy_by_gradient.py OUT.csv --cell 8,16 --seeds 1,2,3

Rule, network, task, loss and the 2,560 numbers are those of `studies/pdlf_copy_grid.toml`. They
begin where `random` rules are drawn: `eta` about 1, the others about 0, `D` with a tenth of their
spread. Adam then follows the gradient of the loss, see `copy_network`. A quarter of all sequences
is shown to nobody but the last test. That test, and no other, runs in the compiled network.

Columns of OUT.csv, one row for each test point:

``length, latency, seed, rate, batch``
    What was trained, and how.
``step, sequences, seconds``
    Gradient steps, sequences shown, and CPU seconds of training so far, without compilation and
    tests.
``loss, searched``
    Of sequences that training may show: the mean loss and the fraction of bits recalled.
``held_out``
    The fraction recalled of those that it never shows, in the compiled network; in the last row
    of a training.
``compiled_searched``
    As ``searched``, in the compiled network.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from copy_network import losses_and_scores

from neuromodels.experiment.compiled import Experiment
from neuromodels.seeding import generator, seed_of
from neuromodels.study import Layered, RuleChoice, SearchPlan, Study, TaskChoice, TestPlan
from neuromodels.study.study import DeviceChoice
from neuromodels.tasks.sequence_copy import SEQUENCE_COPY, sequences

SHARE = 0.25
START = {"eta": {"default": 1.0}, "D": {"sigma": 0.004}}
STEEPEST = 1.0
"""Longest gradient, over all numbers together: longer ones are cut to it."""
SHAPES = {"input_hidden": (3, -1), "hidden_output": (-1, 1)}
COLUMNS = ["length", "latency", "seed", "rate", "batch", "step", "sequences", "seconds", "loss"]
COLUMNS += ["searched", "compiled_searched", "held_out"]
Rules = dict[str, dict[str, jax.Array]]


def study_of(length: int, latency: int, hidden: int = 128) -> Study:
    """Return the study whose network is trained."""
    task = {**SEQUENCE_COPY.parameters, "length": length, "latency": latency, "test_share": SHARE}
    return Study(
        name="copy_by_gradient",
        task=TaskChoice("sequence_copy", task),
        rule=RuleChoice("pdlf", {"pdp_side": "post", "normalisation": "p8"}, START),
        circuit=Layered(hidden=hidden),
        search=SearchPlan(),
        test=TestPlan(inputs="held out"),
        device=DeviceChoice(threads=1),
    )


def rules_of(vector: np.ndarray, slices: dict[str, slice]) -> Rules:
    """Return the coefficients of both projections, of a vector that a search could find."""
    rules: Rules = {name: {} for name in SHAPES}
    for label, part in slices.items():
        projection, name = label.split(".")
        rules[projection][name] = jnp.asarray(vector[part].reshape(SHAPES[projection]))
    return rules


def vector_of(rules: Rules, slices: dict[str, slice]) -> np.ndarray:
    """Return coefficients as such a vector."""
    parts = (label.split(".") for label in slices)
    numbers = [np.ravel(rules[projection][name]) for projection, name in parts]
    return np.concatenate(numbers).astype(float)


def mean_loss(rules: Rules, bits: jax.Array, latency: int) -> jax.Array:
    """Return what training makes small."""
    return losses_and_scores(rules, bits, latency)[0].mean()


def adam_step(
    rules: Rules, moments: tuple[Rules, Rules], step: jax.Array, gradient: Rules, rate: float
) -> tuple[Rules, tuple[Rules, Rules]]:
    """Return coefficients and moments after a step (Kingma and Ba 2015, arXiv:1412.6980)."""
    size = jnp.sqrt(sum((part**2).sum() for part in jax.tree.leaves(gradient)))
    gradient = jax.tree.map(lambda g: g / jnp.maximum(1.0, size / STEEPEST), gradient)
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, moments[0], gradient)
    second = jax.tree.map(lambda m, g: 0.999 * m + 0.001 * g**2, moments[1], gradient)
    speed = rate * jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    moved = jax.tree.map(lambda p, m, v: p - speed * m / (jnp.sqrt(v) + 1e-8), rules, first, second)
    return moved, (first, second)


def trainer(shown: np.ndarray, latency: int, batch: int, rate: float, steps: int) -> Callable:
    """Return a function that makes many gradient steps, each on sequences of its own.

    The rate falls in a straight line, to 0 after `steps`.
    """
    bits = jnp.asarray(shown, jnp.float32)

    def one_step(state: tuple, key: jax.Array) -> tuple:
        rules, moments, step = state
        drawn = bits[jax.random.randint(key, (batch,), 0, len(bits))]
        gradient = jax.grad(mean_loss)(rules, drawn, latency)
        now = rate * (1 - step / steps)
        rules, moments = adam_step(rules, moments, step + 1, gradient, now)
        return (rules, moments, step + 1), None

    @jax.jit
    def many_steps(state: tuple, keys: jax.Array) -> tuple:
        return jax.lax.scan(one_step, state, keys)[0]

    return many_steps


def train(options: argparse.Namespace, length: int, latency: int, seed: int) -> Iterator[dict]:
    """Yield the test points of one training."""
    experiment = Experiment(study_of(length, latency))
    table = sequences(length)
    count = SEQUENCE_COPY.inputs({"length": length, "test_share": SHARE}).searched
    begun = {"length": length, "latency": latency, "seed": seed}
    begun |= {"rate": options.rate, "batch": options.batch}
    draw = generator(seed, "gradient", "start").standard_normal(experiment.dimension)
    vector = experiment.centre + experiment.sigma * draw
    rules = jax.tree.map(jnp.float32, rules_of(vector, experiment.slices))
    zeros = jax.tree.map(jnp.zeros_like, rules)
    state: Any = (rules, (zeros, zeros), jnp.zeros((), jnp.float32))
    many_steps = trainer(table[:count], latency, options.batch, options.rate, options.steps)
    judge = jax.jit(partial(losses_and_scores, latency=latency))
    tested = jnp.asarray(_at_most(table[:count], 1024), jnp.float32)
    keys = jax.random.split(jax.random.key(seed_of(seed, "gradient") % 2**31), options.steps)
    jax.block_until_ready(many_steps(state, keys[: options.every]))  # compiled before it is timed
    seconds, done = 0.0, 0
    while True:
        losses, scores = judge(state[0], tested)
        row = begun | {"step": done, "sequences": done * options.batch, "seconds": seconds}
        row |= {"loss": float(losses.mean()), "searched": float(scores.mean())}
        if done >= options.steps or seconds >= options.seconds:
            break
        yield row
        start = process_time()
        state = jax.block_until_ready(many_steps(state, keys[done : done + options.every]))
        seconds, done = seconds + process_time() - start, done + options.every
    yield row | compiled_scores(experiment, vector_of(state[0], experiment.slices), length, count)
    if options.keep:
        place = Path(options.keep) / f"l{length}-d{latency}-seed{seed}.npy"
        np.save(place, vector_of(state[0], experiment.slices))


def compiled_scores(
    experiment: Experiment, vector: np.ndarray, length: int, searched: int
) -> dict[str, float]:
    """Return the fractions recalled in the compiled network, each sequence shown once."""
    known = _at_most(np.arange(searched), 4096)
    others = _at_most(np.arange(searched, len(sequences(length))), 16384)
    names = {"compiled_searched": known, "held_out": others}
    return {name: _score(experiment, vector, shown) for name, shown in names.items()}


def _score(experiment: Experiment, vector: np.ndarray, shown: np.ndarray) -> float:
    streams = np.arange(len(shown), dtype=np.uint64)  # the network has no noise
    return float(experiment.evaluate(vector[None], streams, shown).scores.mean())


def _at_most(rows: np.ndarray, most: int) -> np.ndarray:
    """Return at most so many rows; their order is that of a hash."""
    return rows[:most]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--cell", action="append", required=True, metavar="LENGTH,LATENCY")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--rate", type=float, default=0.003)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--every", type=int, default=250, help="steps between test points")
    parser.add_argument("--seconds", type=float, default=1e9, help="of training, at most")
    parser.add_argument("--keep", default="", help="folder for the coefficients")
    return parser.parse_args()


def main() -> None:
    options = _arguments()
    with open(options.out, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for cell in options.cell:
            length, latency = (int(number) for number in cell.split(","))
            for seed in map(int, options.seeds.split(",")):
                for row in train(options, length, latency, seed):
                    writer.writerow(row)
                    file.flush()
                    print(row, flush=True)


if __name__ == "__main__":
    main()
